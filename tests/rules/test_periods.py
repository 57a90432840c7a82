"""Periods by their names, and the period before each."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from rules.periods import PERIODS, stretch, stretch_before

MOSCOW, BERLIN = ZoneInfo("Europe/Moscow"), ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 31, 12, 30, tzinfo=MOSCOW)  # a Tuesday


def told(found: tuple[datetime, datetime], zone: ZoneInfo = MOSCOW) -> list[str]:
    return [f"{moment.astimezone(zone):%d.%m %H:%M}" for moment in found]


@pytest.mark.parametrize(
    ("period", "now", "before"),
    [
        ("today", ["31.03 00:00", "31.03 12:30"], ["30.03 00:00", "30.03 12:30"]),
        ("yesterday", ["30.03 00:00", "31.03 00:00"], ["29.03 00:00", "30.03 00:00"]),
        ("week", ["30.03 00:00", "31.03 12:30"], ["23.03 00:00", "24.03 12:30"]),
        ("last_week", ["23.03 00:00", "30.03 00:00"], ["16.03 00:00", "23.03 00:00"]),
        ("month", ["01.03 00:00", "31.03 12:30"], ["01.02 00:00", "01.03 00:00"]),  # February has no 31st
        ("last_month", ["01.02 00:00", "01.03 00:00"], ["01.01 00:00", "01.02 00:00"]),
    ],
)
def test_the_period_before_ends_at_the_same_hour(period: str, now: list[str], before: list[str]) -> None:
    assert told(stretch(period, NOW)) == now
    assert told(stretch_before(period, NOW)) == before


def test_every_period_has_one_before_it() -> None:
    for period in PERIODS:
        assert stretch_before(period, NOW)[1] <= stretch(period, NOW)[1]


def test_the_same_hour_is_the_clock_s_where_it_was_changed_between() -> None:
    now = datetime(2026, 3, 29, 12, 0, tzinfo=BERLIN)  # the night before, 2 o'clock became 3
    assert told(stretch_before("today", now), BERLIN) == ["28.03 00:00", "28.03 12:00"]
    assert told(stretch_before("week", now), BERLIN) == ["16.03 00:00", "22.03 12:00"]
