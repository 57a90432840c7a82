"""What needs a person, and the ledger of the day, on both databases: counted right, by an index."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from provodka.event import Event
from provodka.journal import DeadReason, Journal, mending
from support import needs
from support.today import ledger, today
from tests.cli.playing import House
from tests.journal.conftest import Clock, steps_of

Form = Callable[..., Event]


def planted(journal: Journal, clock: Clock) -> House:
    house = House(journal, clock)  # type: ignore[arg-type]
    house.event("fails")
    journal.fail_event(journal.claim_events(1)[0].seq, "RuleError: 17")
    for number, reason in enumerate((DeadReason.REJECTED, DeadReason.REJECTED, DeadReason.OUTCOME_UNKNOWN)):
        house.planned(str(number))
        house.dead(reason, f"нет этапа {number} [400]")
    return house


def test_causes_are_grouped_by_their_words_without_numbers(journal: Journal, clock: Clock) -> None:
    planted(journal, clock)
    found = needs.needs(journal)
    assert [(group.count, group.reason) for group in found.dead.groups] == [(2, "rejected")]
    assert [(group.count, group.reason) for group in found.unknown.groups] == [(1, "outcome_unknown")]
    assert [group.error for group in found.failed.groups] == ["RuleError: 17"]
    assert needs.needs(journal, most=1).dead.total == 2, "counted whole, though not all are looked at"


def test_an_event_that_is_planned_again_is_in_the_inbox_once(journal: Journal, clock: Clock) -> None:
    planted(journal, clock)
    (group,) = needs.needs(journal).failed.groups
    assert journal.write(lambda c: mending.plan_again(c, group.ids)) == 1
    assert journal.write(lambda c: mending.plan_again(c, group.ids)) == 0
    assert [stored.seq for stored in journal.claim_events(5)] == list(group.ids)


def test_the_ledger_counts_the_day_alone(journal: Journal, clock: Clock) -> None:
    house = planted(journal, clock)
    clock.forward(days=1)
    house.planned("today")
    midnight = clock() - timedelta(hours=1)
    found = today(journal, midnight)
    assert (found.ledger.events, found.ledger.actions) == ({"planned": 1}, {"ready": 1, "waiting": 1})
    assert (found.dead, found.failed, found.well) == (3, 1, False)
    assert journal.read(lambda c: ledger(c, midnight, 1)).cut


def test_nothing_walks_through_the_past(journal: Journal, clock: Clock) -> None:
    planted(journal, clock)
    for table in ("events", "actions"):
        steps = steps_of(journal, lambda c: (needs.dead(c, unknown=False), needs.failed(c)), table, 1)
        assert [step for step in steps if step in {f"SCAN {table}", f"SEARCH {table}"}] == []
