"""What is counted beside a page: once for all who ask, kept while it is fresh, told anew after it failed."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from support.background import Background
from tests.cli.playing import Clock

MINUTE = timedelta(minutes=1)


def test_whoever_asks_meanwhile_waits_for_the_same_count() -> None:
    background: Background[int] = Background()
    go_on, counted = threading.Event(), []

    def count() -> int:
        assert go_on.wait(30)
        counted.append(1)
        return len(counted)

    assert background.ask("a", count, Clock(), MINUTE, 0) is None
    assert background.ask("a", count, Clock(), MINUTE, 0) is None
    go_on.set()
    assert background.ask("a", count, Clock(), MINUTE, 30) == 1
    assert background.ask("a", count, Clock(), MINUTE, 30) == 1
    assert background.ask("b", count, Clock(), MINUTE, 30) == 2


def test_what_is_not_fresh_is_shown_until_it_is_counted_anew() -> None:
    clock, go_on = Clock(), threading.Event()
    background: Background[int] = Background()

    def count() -> int:
        assert go_on.wait(30)
        return 2

    assert background.ask("a", lambda: 1, clock, MINUTE, 30) == 1
    clock.forward(minutes=2)
    assert background.ask("a", count, clock, MINUTE, 0) == 1
    go_on.set()
    assert background.ask("a", count, clock, MINUTE, 30) == 2


def test_what_took_long_is_kept_for_twenty_times_as_long() -> None:
    clock, counted = Clock(), []
    background: Background[int] = Background()

    def count() -> int:
        clock.forward(minutes=1)
        counted.append(1)
        return len(counted)

    assert background.ask("a", count, clock, MINUTE, 30) == 1
    clock.forward(minutes=18)
    assert background.ask("a", count, clock, MINUTE, 30) == 1
    clock.forward(minutes=1)
    assert background.ask("a", count, clock, MINUTE, 30) == 2


def test_a_count_that_failed_is_told_once_and_made_again() -> None:
    background: Background[int] = Background()

    def fail() -> int:
        raise OSError("away")

    with pytest.raises(OSError, match="away"):
        background.ask("a", fail, Clock(), MINUTE, 30)
    assert background.ask("a", lambda: 1, Clock(), MINUTE, 30) == 1
    assert background.ask("a", fail, Clock(), MINUTE, 30) == 1


def test_no_more_than_a_few_counts_are_kept() -> None:
    background: Background[int] = Background()
    for number in range(20):
        background.ask(number, lambda number=number: number, Clock(), MINUTE, 30)  # type: ignore[misc]
    assert background.ask(0, lambda: 7, Clock(), MINUTE, 30) == 7
    assert background.ask(19, lambda: 7, Clock(), MINUTE, 30) == 19
