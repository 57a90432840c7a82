"""Five hundred moments and durations, each against the calendar that counts minute by minute."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from rules.calendar import WorkingCalendar
from rules.durations import Duration, parse_duration
from tests.rules.simple_calendar import (
    RUSSIAN_DAYS_OFF,
    RUSSIAN_SATURDAYS_WORKED,
    RUSSIAN_WEEKEND_HOLIDAYS,
    Simple,
)

OFFICE = (((9, 18),),) * 5 + ((),) * 2
LUNCH = (((9, 13), (14, 18)),) * 4 + (((9, 16.75),), (), ())
SHOP = (((10, 20),),) * 6 + (((11, 17),),)
NIGHT = (((0, 6), (22, 24)),) * 5 + ((),) * 2
ALWAYS = (((0, 24),),) * 7
WEEKS: Final = {
    OFFICE: "пн-пт 09:00-18:00",
    LUNCH: "пн-чт 09:00-13:00, 14:00-18:00; пт 09:00-16:45",
    SHOP: "пн-сб 10:00-20:00, вс 11:00-17:00",
    NIGHT: "пн-пт 00:00-06:00, 22:00-24:00",
    ALWAYS: "пн-вс 00:00-24:00",
}
OWN_OFF: Final = frozenset({date(2025, 3, 5), date(2025, 10, 31), date(2026, 3, 3), date(2026, 6, 11)})
OWN_ON: Final = frozenset({date(2025, 3, 9), date(2025, 5, 2), date(2026, 3, 7), date(2026, 3, 9), date(2026, 6, 13)})
CALENDARS: Final = (
    Simple("Europe/Moscow", OFFICE, russian=True),
    Simple("Europe/Moscow", LUNCH, russian=True, off=OWN_OFF, on=OWN_ON),
    Simple("Europe/Moscow", SHOP, russian=True),
    Simple("Europe/Moscow", NIGHT),
    Simple("Europe/Moscow", ALWAYS),
    Simple("Europe/Kaliningrad", OFFICE, russian=True, on=OWN_ON),
    Simple("Asia/Vladivostok", LUNCH, russian=True),
    Simple("Asia/Kamchatka", OFFICE, russian=True, off=OWN_OFF),
    Simple("Europe/Berlin", OFFICE),
    Simple("America/New_York", SHOP, off=OWN_OFF),
    Simple("Asia/Kolkata", LUNCH),
)
# where something happens: around holidays, moved days, changes of the clocks, turns of the year
TURNING_POINTS: Final = (
    *sorted(RUSSIAN_DAYS_OFF | RUSSIAN_WEEKEND_HOLIDAYS | RUSSIAN_SATURDAYS_WORKED | OWN_OFF | OWN_ON),
    *(date(2025, 3, 30), date(2025, 10, 26), date(2026, 3, 29), date(2026, 10, 25)),  # Berlin
    *(date(2025, 3, 9), date(2025, 11, 2), date(2026, 3, 8), date(2026, 11, 1)),  # New York
    *(date(2024, 2, 29), date(2024, 12, 31), date(2025, 2, 28)),
)
CLOCKS: Final = (time(0), time(9), time(12, 30), time(18), time(23, 59))


def real(simple: Simple) -> WorkingCalendar:
    holidays = "RU" if simple.russian else None
    return WorkingCalendar(
        ZoneInfo(simple.zone), WEEKS[simple.week], holidays=holidays, days_off=simple.off, working_days=simple.on
    )


def moments(seed: int) -> tuple[Simple, datetime, random.Random]:
    """One of the calendars and a moment near a turning point, often on the edge of an hour or a day."""
    dice = random.Random(seed)
    simple = CALENDARS[seed % len(CALENDARS)]
    day = dice.choice(TURNING_POINTS) + timedelta(days=dice.randint(-3, 2))
    minute = dice.choice((0, 1, 539, 540, 1079, 1080, 1081, 1320, 1439, dice.randrange(1440)))
    local = datetime.combine(day, time(minute // 60, minute % 60), ZoneInfo(simple.zone))
    return simple, local.astimezone(UTC), dice


@pytest.mark.parametrize("seed", range(100))
def test_each_minute_of_a_day_is_working_time_as_in_the_simple_calendar(seed: int) -> None:
    simple, start, _ = moments(seed)
    calendar = real(simple)
    for minute in range(0, 1440, 7):
        moment = start + timedelta(minutes=minute)
        assert calendar.is_working(moment) is simple.works(moment), moment


@pytest.mark.parametrize("seed", range(100, 300))
def test_working_minutes_end_when_the_simple_calendar_has_counted_them(seed: int) -> None:
    simple, start, dice = moments(seed)
    minutes = dice.choice((1, 15, 60, 539, 540, 541, dice.randint(1, 1500)))
    duration = Duration("x", seconds=minutes * 60, working=True)
    assert real(simple).add(duration, start) == simple.after_minutes(start, minutes)


@pytest.mark.parametrize("seed", range(300, 400))
def test_working_days_lead_to_the_same_moment_as_in_the_simple_calendar(seed: int) -> None:
    simple, start, dice = moments(seed)
    days, minutes = dice.randint(1, 6), dice.choice((0, 0, 30, 600))
    duration = Duration("x", days=days, seconds=minutes * 60, working=True)
    expected = simple.after_minutes(simple.after_days(start, days), minutes)
    assert real(simple).add(duration, start) == expected


@pytest.mark.parametrize("seed", range(400, 500))
def test_a_time_of_day_comes_next_as_in_the_simple_calendar(seed: int) -> None:
    simple, start, dice = moments(seed)
    clock = dice.choice(CLOCKS)
    assert real(simple).add(Duration("x", clock=clock), start) == simple.at(start, clock)


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_every_day_of_three_years_is_a_day_off_by_the_decree_or_not(year: int) -> None:
    simple = CALENDARS[0]
    calendar = real(simple)
    day = date(year, 1, 1)
    while day.year == year:
        assert calendar.is_working_day(day) is bool(simple.pieces(day)), day
        day += timedelta(days=1)


def test_durations_of_the_config_are_those_that_were_tried() -> None:
    assert parse_duration("2d 15m working") == Duration("2d 15m working", 2, 900, working=True)
