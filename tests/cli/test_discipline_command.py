"""Who broke which guard, how often."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cli.discipline import By, Wanted, report
from provodka.journal import Journal, NewViolation, PlanRecord
from tests.cli.playing import Clock, House, Seen

LAZY, HASTY = "Лид без задачи", "Успех без оплаты"


def broke(house: House, person: str, *guards: str) -> str:
    """An event that broke these guards; its id."""
    house.clock.forward(minutes=30)
    event = house.event(str(house.clock()))
    stored = next(one for one in house.journal.claim_events(100) if one.event.id == event.id)
    rows = tuple(NewViolation(guard, "правило", person, "17", house.clock()) for guard in guards)
    house.journal.write_plans([PlanRecord(stored.seq, stored.seq, "event", "{}", violations=rows)])
    return event.id


@pytest.fixture
def week(house: House, clock: Clock) -> Wanted:
    return Wanted(clock() - timedelta(days=7))


def test_nothing_was_broken(journal: Journal, seen: Seen, week: Wanted) -> None:
    assert report(journal, week, seen.view()) == 0
    seen.has("0 violations since 2026-02-23 12:00:00 (times are Europe/Moscow)")
    assert "person" not in seen.text


def test_by_person_with_the_worst_first(journal: Journal, house: House, seen: Seen, week: Wanted) -> None:
    broke(house, "ivan", LAZY)
    broke(house, "anna", LAZY, HASTY)
    broke(house, "anna", LAZY)
    broke(house, "", HASTY)
    assert report(journal, week, seen.view()) == 0
    seen.has("5 violations since", "person", "times", "last", "guards")
    seen.has("anna", "3", "2026-03-02 13:30:00", f"{LAZY} 2, {HASTY} 1")
    seen.has("anna", "ivan", "1", "2026-03-02 12:30:00", f"{LAZY} 1")
    seen.has("nobody", "1", f"{HASTY} 1")


@pytest.mark.shows("S2-04")
def test_by_guard(journal: Journal, house: House, seen: Seen, week: Wanted) -> None:
    broke(house, "ivan", LAZY)
    broke(house, "anna", LAZY, HASTY)
    report(journal, Wanted(week.since, By.GUARD), seen.view())
    seen.has("guard", "people", LAZY, "2", "anna 1, ivan 1", HASTY, "1", "anna 1")


def test_of_one_person_or_guard_with_each_event(journal: Journal, house: House, seen: Seen, week: Wanted) -> None:
    broke(house, "ivan", LAZY)
    first = broke(house, "anna", LAZY, HASTY)
    report(journal, Wanted(week.since, person="anna", guard=HASTY, each=True), seen.view())
    seen.has("1 violation since", "anna", "1", f"{HASTY} 1", "2026-03-02 13:00:00", HASTY, "anna", "17", first)
    assert LAZY not in seen.text


def test_a_login_is_masked_unless_opened(journal: Journal, house: House, seen: Seen, week: Wanted) -> None:
    broke(house, "maria@example.test", LAZY)
    report(journal, week, seen.view())
    assert "maria@example.test" not in seen.text
    opened = Seen()
    report(journal, week, opened.view(opened=True))
    opened.has("maria@example.test", f"{LAZY} 1")


def test_json_has_all_of_it(journal: Journal, house: House, seen: Seen, week: Wanted) -> None:
    event = broke(house, "anna", LAZY)
    report(journal, Wanted(week.since, each=True), seen.view(as_json=True))
    at = "2026-03-02T09:30:00Z"
    assert seen.json == {
        "since": "2026-02-23T09:00:00Z",
        "until": at,
        "by": "person",
        "total": 1,
        "lines": [{"name": "anna", "times": 1, "last_at": at, "of": {LAZY: 1}}],
        "violations": [{"at": at, "guard": LAZY, "person": "anna", "rule": "правило", "lead": "17", "event": event}],
    }
