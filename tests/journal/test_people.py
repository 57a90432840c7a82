"""People by their names, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.event import listen

from provodka.event import Event
from provodka.journal import Journal, naming, people
from provodka.journal.schema import events
from provodka.payloads import Person
from tests.journal.conftest import steps_of, undo_after

Form = Callable[..., Event]


def named(journal: Journal, name: str) -> list[int]:
    return sorted(journal.read(lambda c: naming.lanes_named(c, name, 20)))


def comes(journal: Journal, form: Form, number: str, name: str, phone: str) -> int:
    """Somebody's form, taken up for planning; returns its lane."""
    event = form(number)
    journal.accept([replace(event, person=Person(name, (phone,)))])
    (stored,) = journal.claim_events(10)
    assert stored.lane is not None
    return stored.lane


@pytest.mark.parametrize("wanted", ["Семён Дёмин", "демин", "сем дем", "ДЁМ", "Дёмин, Семен"])
def test_a_name_is_found_by_the_beginnings_of_its_words(journal: Journal, form: Form, wanted: str) -> None:
    lane = comes(journal, form, "1", "Семён Дёмин", "+79160001122")
    comes(journal, form, "2", "Иван Петров", "+79160001133")
    assert named(journal, wanted) == [lane]


@pytest.mark.parametrize("wanted", ["ёмин", "Семён Петров", "%", "_ем", ""])
def test_what_no_word_begins_with_finds_nobody(journal: Journal, form: Form, wanted: str) -> None:
    comes(journal, form, "1", "Семён Дёмин", "+79160001122")
    assert named(journal, wanted) == []


def test_who_comes_again_is_one_person(journal: Journal, form: Form) -> None:
    lanes = {comes(journal, form, str(n), "Мария", "+79160001122") for n in range(3)}
    assert named(journal, "мария") == sorted(lanes)
    assert len(lanes) == 1


def test_two_who_turn_out_to_be_one_are_found_as_one_by_either_name(journal: Journal, form: Form) -> None:
    first = comes(journal, form, "1", "Мария", "+79160001122")
    comes(journal, form, "2", "Маша", "+79160001133")
    journal.accept([replace(form("3"), person=Person("М", ("+79160001122", "+79160001133")))])
    journal.claim_events(10)
    assert named(journal, "маша") == named(journal, "мария") == [first]
    (newest,) = journal.read(lambda c: people.newest_of(c, [first]))
    assert newest.event.event.external_id == "3"


def test_whoever_calls_after_a_form_keeps_the_name_of_the_form(journal: Journal, form: Form) -> None:
    lane = comes(journal, form, "1", "Мария", "+79160001122")
    journal.accept([replace(form("2"), person=Person("Мария Иванова", ("+79160001122",), ("maria@example.test",)))])
    journal.accept([replace(form("3"), person=Person(phones=("+79160001122", "+79160001133")))])
    journal.claim_events(10)
    (newest,) = journal.read(lambda c: people.newest_of(c, [lane]))
    assert newest.event.event.external_id == "3"
    assert newest.person == Person("Мария Иванова", ("+79160001122", "+79160001133"), ("maria@example.test",))
    nameless = comes(journal, form, "4", "", "+79160001144")
    assert journal.read(lambda c: people.newest_of(c, [nameless]))[0].person == Person(phones=("+79160001144",))


def test_a_page_and_a_name_are_looked_for_in_no_other_lane(journal: Journal, form: Form) -> None:
    lane = comes(journal, form, "1", "", "+79160001144")
    comes(journal, form, "2", "Мария", "+79160001122")
    names = ", ".join(column.name for column in events.c if column.name not in ("seq", "id", "external_id"))
    others = f"SELECT id || '{{0}}', external_id || '{{0}}', {names} FROM events"
    double = f"INSERT INTO events (id, external_id, {names}) {others}"

    def plan(connection: Connection) -> str:
        for number in range(8):
            connection.exec_driver_sql(double.format(number))
        connection.exec_driver_sql("ANALYZE")
        asked: list[tuple[str, Any]] = []
        listen(connection, "before_cursor_execute", lambda _c, _u, sql, values, *_: asked.append((sql, values)))
        people.newest_of(connection, [lane])
        assert len(asked) == 2
        explain = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
        return str([connection.exec_driver_sql(f"{explain} {sql}", values).all() for sql, values in list(asked)])

    assert "Backward" not in (found := journal.write(plan)), found
    assert "SCAN" not in found


def test_the_names_are_found_by_their_index(journal: Journal, form: Form) -> None:
    comes(journal, form, "1", "Семён Дёмин", "+79160001122")
    steps = steps_of(journal, lambda c: naming.lanes_named(c, "сем дем", 20), "named", 1)
    assert [step for step in steps if step.startswith("SCAN")] == []


def test_a_journal_of_before_knows_the_names_of_its_events(open_journal: Callable[[], Journal], form: Form) -> None:
    before = open_journal()
    lane = comes(before, form, "1", "Семён Дёмин", "+79160001122")
    undo_after(before, "0004")
    before.close()
    assert named(open_journal(), "демин") == [lane]
