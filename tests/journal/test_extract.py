"""A part of the journal is read in portions: each by an index, each on a snapshot of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from provodka.event import Event
from provodka.journal import Journal, extract
from provodka.journal.extract import Scope
from provodka.payloads import Person
from tests.journal.conftest import Clock, steps_of

MARIA = Person(name="Мария Иванова", phones=("+79160001122",))
PETR = Person(name="Пётр Сидоров", phones=("+79260003344",))


def filled(journal: Journal, form: Callable[..., Event], clock: Clock) -> None:
    for number in range(6):
        journal.accept([replace(form(f"e{number}"), person=(MARIA, PETR)[number % 2])])
        clock.forward(hours=1)
    journal.claim_events(100)


def test_days_are_read_in_portions_until_the_last_that_was_there(
    journal: Journal, form: Callable[..., Event], clock: Clock
) -> None:
    begin = clock()
    filled(journal, form, clock)
    scope = Scope(None, begin + timedelta(hours=1), begin + timedelta(hours=5))
    assert journal.read(lambda c: extract.count(c, scope)) == 4
    first, last = journal.read(lambda c: extract.numbers(c, scope)) or (0, 0)
    journal.accept([form("later")])
    portions, after = [], first - 1
    while found := journal.read(lambda c, after=after: extract.portion(c, scope, after, last, 3)):
        portions.append([one.event.external_id for one in found])
        after = found[-1].seq
    assert portions == [["e1", "e2", "e3"], ["e4"]]


def test_a_person_has_their_own_events_and_every_name_they_were_called_by(
    journal: Journal, form: Callable[..., Event], clock: Clock
) -> None:
    filled(journal, form, clock)
    journal.accept([replace(form("married"), person=Person(name="Мария Петрова", phones=MARIA.phones))])
    (married,) = journal.claim_events(100)
    assert married.lane is not None
    journal.accept([replace(form("waits"), person=MARIA)])
    scope = Scope(married.lane)
    found = journal.read(lambda c: extract.portion(c, scope, 0, 10**9, 100))
    assert [one.event.external_id for one in found] == ["e0", "e2", "e4", "married"]
    waiting = journal.read(lambda c: extract.waiting(c, married.lane or 0))
    assert [one.event.external_id for one in waiting] == ["waits"]
    names = journal.read(lambda c: extract.names_of(c, [married.lane or 0]))
    assert names == {married.lane: {"Мария Иванова", "Мария Петрова"}}


def test_a_journal_without_such_events_has_no_numbers(journal: Journal, clock: Clock) -> None:
    assert journal.read(lambda c: extract.numbers(c, Scope(None, clock()))) is None


def test_every_portion_is_found_by_an_index_and_sorts_nothing(
    journal: Journal, form: Callable[..., Event], clock: Clock
) -> None:
    begin = clock()
    filled(journal, form, clock)
    by = {Scope(1): "events_lane", Scope(None, begin, clock()): "PRIMARY KEY", Scope(1, begin, clock()): "events_lane"}
    for scope, index in by.items():
        for step in steps_of(journal, lambda c, s=scope: extract.portion(c, s, 0, 100, 10), "events", 1):
            assert step.startswith("SEARCH"), f"{scope}: {step}"
            assert index in step
        for work in (extract.count, extract.numbers):
            for step in steps_of(journal, lambda c, s=scope, w=work: w(c, s), "events", 1):
                assert step.startswith("SEARCH"), f"{scope}: {step}"
