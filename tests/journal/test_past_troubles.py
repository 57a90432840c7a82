"""Troubles that are over: each time of each, how often they come, and how long they are remembered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from provodka.journal import Journal, Trouble, troubles
from tests.journal.conftest import Clock, undo_after


def past(journal: Journal, most: int = 10) -> list[Trouble]:
    return journal.read(lambda c: troubles.past(c, most))


def trouble(journal: Journal, clock: Clock, name: str, minutes: float) -> None:
    journal.trouble(name, f"{name} is away", "Ждать")
    clock.forward(minutes=minutes)
    journal.trouble(name, f"{name} is still away", "Ждать")
    journal.well(name)


def test_each_time_of_a_trouble_is_remembered_the_last_first(journal: Journal, clock: Clock) -> None:
    begun = clock()
    trouble(journal, clock, "mail", 5)
    clock.forward(hours=1)
    trouble(journal, clock, "mail", 2)
    trouble(journal, clock, "crm", 1)
    told = [(one.name, one.cause, one.times, (one.ended_at or begun) - one.since) for one in past(journal)]
    assert told == [
        ("crm", "crm is still away", 2, timedelta(minutes=1)),
        ("mail", "mail is still away", 2, timedelta(minutes=2)),
        ("mail", "mail is still away", 2, timedelta(minutes=5)),
    ]
    assert past(journal)[2].since == begun
    assert past(journal, 1) == past(journal)[:1]


def test_it_is_counted_how_often_a_trouble_has_come(journal: Journal, clock: Clock) -> None:
    for _ in range(3):
        trouble(journal, clock, "mail", 1)
        clock.forward(days=12)
    journal.trouble("mail", "away", "Ждать")
    trouble(journal, clock, "crm", 1)
    since = clock() - timedelta(days=30)
    assert journal.read(lambda c: troubles.times_since(c, ["mail", "site"], since)) == {"mail": 2}


def test_what_is_long_over_is_forgotten(journal: Journal, clock: Clock) -> None:
    trouble(journal, clock, "mail", 1)
    trouble(journal, clock, "crm", 1)
    clock.forward(days=91)
    trouble(journal, clock, "mail", 2)
    assert [one.name for one in past(journal)] == ["mail"]


def test_a_trouble_that_ends_in_the_moment_in_which_it_began_is_one(journal: Journal) -> None:
    for _ in range(2):
        journal.trouble("mail", "away", "Ждать")
        journal.well("mail")
    assert len(past(journal)) == 1


def test_a_journal_of_before_knows_the_last_time_of_each(open_journal: Callable[[], Journal], clock: Clock) -> None:
    before = open_journal()
    trouble(before, clock, "mail", 5)
    before.trouble("crm", "away", "Ждать")
    was = past(before)
    undo_after(before, "0007")
    before.close()
    assert past(open_journal()) == was
