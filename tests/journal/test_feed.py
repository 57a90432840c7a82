"""What an open feed tells: each event once, whenever it becomes visible, and whatever becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, insert, select

from provodka.event import Event
from provodka.journal import Journal, inbox, lately
from provodka.journal.movement import Movement
from provodka.journal.schema import events
from support.feed import FAR, Cursor, Wanted, gaps, page
from support.following import Following, Watch
from tests.journal.conftest import Clock, steps_of


@dataclass
class Reader:
    """Somebody with an open feed; every look is allowed at once. `told` are numbers, in the order of the telling."""

    journal: Journal
    wanted: Wanted = field(default_factory=Wanted)
    told: list[int] = field(default_factory=list)
    moved: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ticks = 0.0
        self.watch = Watch(self.journal, self.tick)
        self.following = self.opened(page(self.journal, self.wanted).cursor)

    def tick(self) -> float:
        self.ticks += 10
        return self.ticks

    def opened(self, cursor: Cursor | None) -> Following:
        return Following(self.watch, self.wanted, cursor)

    def look(self) -> list[int]:
        """The numbers that are told now."""
        news = self.following.news()
        added = [line.seq for line in news.added] if news else []
        self.told += added
        self.moved += [line.seq for line in news.changed] if news else []
        return added

    def cut(self) -> None:
        """The stream is cut; the browser goes on from the last that it was told."""
        stood = str(self.following.cursor)
        self.following.close()
        self.following = self.opened(Cursor.parse(stood))


@pytest.fixture
def reader(journal: Journal) -> Iterator[Reader]:
    one = Reader(journal)
    yield one
    one.following.close()


def put(journal: Journal, event: Event, number: int) -> None:
    """As another transaction would that was given this number before."""
    journal.write(lambda c: c.execute(insert(events), [{**inbox.event_row(event), "seq": number}]))


def test_an_event_is_told_once_and_then_what_becomes_of_it(
    reader: Reader, journal: Journal, form: Callable[..., Event]
) -> None:
    assert reader.look() == []
    journal.accept([form("1"), form("2")])
    assert reader.look() == [1, 2]
    assert reader.look() == []
    journal.fail_event(journal.claim_events(1)[0].seq, "RuleError: нет поля")
    assert (reader.look(), reader.moved) == ([], [1])


@pytest.mark.parametrize("is_cut", [False, True])
def test_an_event_that_becomes_visible_late_is_told_too(
    reader: Reader, journal: Journal, form: Callable[..., Event], *, is_cut: bool
) -> None:
    """On PostgreSQL numbers are given out at once, and seen when their transactions end."""
    journal.accept([form("1")])
    reader.look()

    def meanwhile() -> None:
        assert reader.look() == [3]
        if is_cut:
            reader.cut()
        assert reader.look() == []

    if journal.database.is_sqlite:
        put(journal, form("4"), 3)
        meanwhile()
        put(journal, form("3"), 2)
    else:
        with journal.database.reading.begin() as slow:
            slow.execute(insert(events), [inbox.event_row(form("3"))])
            journal.accept([form("4")])
            meanwhile()
    assert reader.look() == [2]
    reader.cut()
    assert reader.look() == []


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(["come", "skip", "fill", "look", "look", "cut"]), min_size=4, max_size=25))
def test_whatever_comes_late_and_wherever_the_stream_is_cut_each_is_told_exactly_once(
    steps: list[str], journal: Journal, form: Callable[..., Event]
) -> None:
    number = journal.read(lambda c: c.execute(select(func.max(events.c.seq))).scalar()) or 0
    first, skipped, came = number, list[int](), list[int]()
    reader = Reader(journal)
    for step in [*steps, "look"]:
        match step:
            case "come" | "skip":
                number += 1
                if step == "skip":
                    skipped.append(number)
                else:
                    put(journal, form(f"n{number}"), number)
                    came.append(number)
            case "fill" if skipped:
                put(journal, form(f"n{skipped[0]}"), skipped[0])
                came.append(skipped.pop(0))
            case "look":
                reader.look()
            case "cut":
                reader.cut()
    reader.following.close()
    put(journal, form(f"n{number + 1}"), number + 1)  # so that no number is given twice
    assert sorted(one for one in reader.told if one > first) == sorted(came)


def test_who_was_away_for_long_gets_the_newest_that_are_wanted(
    reader: Reader, journal: Journal, form: Callable[..., Event]
) -> None:
    reader.look()
    journal.accept([form(str(n)) for n in range(1, 1200)])
    assert reader.look() == list(range(1100, 1200))


def test_an_event_that_comes_to_match_later_is_told_then(journal: Journal, form: Callable[..., Event]) -> None:
    reader = Reader(journal, Wanted(outcome="needs_person"))
    reader.look()
    journal.accept([form("1")])
    assert reader.look() == []
    journal.fail_event(journal.claim_events(1)[0].seq, "RuleError: нет поля")
    assert reader.look() == [1]
    reader.following.close()


def test_nothing_is_read_while_nothing_is_written(
    reader: Reader, journal: Journal, open_journal: Callable[[], Journal], form: Callable[..., Event], monkeypatch: Any
) -> None:
    reader.look()
    reads: list[object] = []
    real = journal.read
    monkeypatch.setattr(journal, "read", lambda work: reads.append(work) or real(work))
    for _ in range(3):
        reader.look()
    assert reads == []
    open_journal().accept([form("1")])  # another process
    assert reader.look() == [1]


def test_a_mark_changes_with_every_commit_and_only_then(journal: Journal, form: Callable[..., Event]) -> None:
    movement = Movement(journal.database)
    marks = [movement.mark(), movement.mark()]
    assert marks[0] == marks[1]
    for number in "12":
        journal.accept([form(number)])
        marks.append(movement.mark())
    movement.close()
    assert len(set(marks)) == 3


def test_a_page_looks_through_so_many_events_and_the_next_goes_on(journal: Journal, form: Callable[..., Event]) -> None:
    put(journal, form("old", channel="phone"), 1)
    put(journal, form("new"), FAR + 100)
    first = page(journal, Wanted(channel="phone"))
    assert (first.lines, first.earlier) == ((), 101)
    second = page(journal, Wanted(channel="phone"), before=first.earlier)
    assert ([line.seq for line in second.lines], second.earlier) == ([1], None)


def test_a_cursor_is_read_as_it_was_written_and_nothing_else_is(clock: Clock) -> None:
    cursor = Cursor(41, clock(), (7, 40))
    assert Cursor.parse(str(cursor)) == cursor
    assert Cursor.parse(str(replace(cursor, holes=()))) == replace(cursor, holes=())
    for text in ("", "41", "41-", "x-1-", "41-1-2-3", "-1-1-", "1" * 30 + "-1-", "41-1-" + "1." * 5000, "4²-1-"):
        assert Cursor.parse(text) is None, text
    assert gaps([3, 7, 6]) == (4, 5)
    assert len(gaps([1, 10**9])) == 500


def test_no_look_reads_more_than_it_has_to(journal: Journal) -> None:
    def asked(connection: Any) -> None:
        lately.after(connection, 5, 100)
        lately.before(connection, 100, 1, 50)
        lately.numbered(connection, [1, 2])
        lately.channels(connection)

    for step in [
        *steps_of(journal, asked, "events", 4),
        *steps_of(journal, lambda c: lately.actions_of(c, [1]), "actions", 1),
    ]:
        assert step.startswith("SEARCH") or "USING COVERING INDEX" in step or step == "SCAN events", step
