"""The machine's clock may be moved back: by hand, by a wrong time zone set right, by a battery that died."""

from __future__ import annotations

from provodka.journal import Journal
from tests.journal.conftest import Clock


def test_a_clock_that_was_moved_back_does_not_freeze_an_account(journal: Journal, clock: Clock) -> None:
    for _ in range(7):
        assert journal.store.reserve("crm", 6.5, 7) == 0
    clock.forward(minutes=-30)
    assert journal.store.reserve("crm", 6.5, 7) == 0


def test_places_that_many_callers_wait_for_are_not_taken_for_those_of_another_clock(
    journal: Journal, clock: Clock
) -> None:
    waits = [journal.store.reserve("slow", 0.5, 1) for _ in range(20)]
    assert waits == [2.0 * n for n in range(20)]


def test_a_lock_of_a_clock_that_was_moved_back_is_free(journal: Journal, clock: Clock) -> None:
    assert journal.store.keep_lock("scheduler", "dead", 20)
    clock.forward(hours=-3)
    assert journal.store.keep_lock("scheduler", "living", 20)


def test_a_hold_of_a_clock_that_was_moved_back_is_over(journal: Journal, clock: Clock) -> None:
    journal.store.hold("crm", 900, "blocked")
    clock.forward(days=-2)
    assert journal.store.reserve("crm", 6.5, 7) == 0
