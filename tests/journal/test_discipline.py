"""What guards have found is kept with the plan, once for each event, and counted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from provodka.event import Event
from provodka.journal import Journal, NewViolation, PlanRecord, discipline
from provodka.journal.discipline import Tally
from tests.journal.conftest import Clock

LAZY, HASTY = "Лид без задачи", "Успех без оплаты"


class Watch:
    """Events with violations, one an hour."""

    def __init__(self, journal: Journal, form: Callable[..., Event], clock: Clock) -> None:
        self._journal = journal
        self._form = form
        self._clock = clock
        self._number = 0

    def saw(self, *broken: tuple[str, str]) -> datetime:
        """An event that broke these guards, each by somebody."""
        self._clock.forward(hours=1)
        self._number += 1
        self._journal.accept([self._form(str(self._number))])
        (stored,) = self._journal.claim_events(1)
        self.write(stored.seq, "event", *broken)
        return self._clock()

    def write(self, seq: int, cause: str, *broken: tuple[str, str]) -> None:
        rows = tuple(NewViolation(guard, "правило", person, "17", self._clock()) for guard, person in broken)
        self._journal.write_plans([PlanRecord(seq, seq, cause, "{}", violations=rows)])


@pytest.mark.shows("S2-04")
def test_violations_are_counted_by_person_and_guard(journal: Journal, form: Callable[..., Event], clock: Clock) -> None:
    watch = Watch(journal, form, clock)
    start = clock()
    watch.saw((LAZY, "anna"))
    last = watch.saw((LAZY, "anna"), (HASTY, "anna"))
    other = watch.saw((LAZY, "ivan"))
    watch.saw()
    assert journal.read(lambda c: discipline.tallies(c, start)) == [
        Tally("anna", LAZY, 2, last),
        Tally("anna", HASTY, 1, last),
        Tally("ivan", LAZY, 1, other),
    ]
    assert journal.read(lambda c: discipline.tallies(c, other)) == [Tally("ivan", LAZY, 1, other)]
    assert journal.read(lambda c: discipline.tallies(c, start, person="ivan", guard=HASTY)) == []
    assert journal.read(lambda c: discipline.tallies(c, start, guard=HASTY)) == [Tally("anna", HASTY, 1, last)]


def test_the_same_event_is_counted_once_however_often_it_is_planned(
    journal: Journal, form: Callable[..., Event], clock: Clock
) -> None:
    watch = Watch(journal, form, clock)
    first = watch.saw((LAZY, "anna"))
    clock.forward(days=1)
    watch.write(1, "replay", (LAZY, "ivan"), (HASTY, "ivan"))
    found = journal.read(lambda c: discipline.listed(c, first))
    assert [(one.guard, one.person, one.at) for one in found] == [(HASTY, "ivan", clock()), (LAZY, "anna", first)]


def test_each_is_listed_with_its_event_the_newest_first(
    journal: Journal, form: Callable[..., Event], clock: Clock
) -> None:
    watch = Watch(journal, form, clock)
    watch.saw((LAZY, "anna"))
    second = watch.saw((LAZY, ""))
    found = journal.read(lambda c: discipline.listed(c, second - timedelta(days=1)))
    ids = {stored.event.id for stored in journal.events([1, 2]).values()}
    assert {one.event for one in found} == ids
    assert [(one.person, one.lead, one.rule) for one in found] == [("", "17", "правило"), ("anna", "17", "правило")]
    assert len(journal.read(lambda c: discipline.listed(c, second - timedelta(days=1), limit=1))) == 1


def test_a_plan_whose_event_was_taken_over_counts_nothing(
    journal: Journal, form: Callable[..., Event], clock: Clock, open_journal: Callable[[], Journal]
) -> None:
    journal.accept([form("1")])
    (stored,) = journal.claim_events(1)
    other = open_journal()
    late = PlanRecord(stored.seq, stored.seq, "event", "{}", violations=(NewViolation(LAZY, "а", "anna", "", clock()),))
    other.write_plans([late])
    assert journal.read(lambda c: discipline.tallies(c, clock())) == []
