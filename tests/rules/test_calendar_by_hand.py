"""Hard cases of working time, each worked out by hand with a paper calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from rules.calendar import WorkingCalendar
from rules.durations import parse_duration

LUNCH: Final = "пн-чт 09:00-13:00, 14:00-18:00; пт 09:00-16:45"


def calendar(zone: str, hours: str, *, russian: bool = False, off: str = "", on: str = "") -> WorkingCalendar:
    days_off, working_days = ([date.fromisoformat(day) for day in days.split()] for days in (off, on))
    holidays = "RU" if russian else None
    return WorkingCalendar(ZoneInfo(zone), hours, holidays=holidays, days_off=days_off, working_days=working_days)


CALENDARS: Final = {
    "office": calendar("Europe/Moscow", "пн-пт 09:00-18:00", russian=True),
    "lunch": calendar("Europe/Moscow", LUNCH, russian=True),
    "shop": calendar("Europe/Moscow", "пн-сб 10:00-20:00, вс 11:00-17:00", russian=True),
    "night": calendar("Europe/Moscow", "пн-пт 00:00-06:00, 22:00-24:00"),
    "always": calendar("Europe/Moscow", "пн-вс 00:00-24:00"),
    "own": calendar(
        "Europe/Moscow", "пн-пт 09:00-18:00", russian=True, off="2026-03-03 2026-03-04", on="2026-03-07 2026-03-09"
    ),
    "own saturdays": calendar("Europe/Moscow", "пн-пт 09:00-18:00, сб 10:00-14:00", on="2026-03-14 2026-03-15"),
    "east": calendar("Asia/Vladivostok", "пн-пт 09:00-18:00", russian=True),
    "berlin": calendar("Europe/Berlin", "пн-пт 09:00-18:00"),
    "berlin nights": calendar("Europe/Berlin", "пн-вс 00:00-06:00"),
    "new york": calendar("America/New_York", "пн-вс 00:00-24:00"),
}

# which calendar, start and end on its clocks, and what lies between
TABLE: Final = """
office         | 2026-03-02 09:00 | 1m working       | 2026-03-02 09:01
office         | 2026-03-02 08:59 | 1m working       | 2026-03-02 09:01
office         | 2026-03-02 17:59 | 1m working       | 2026-03-02 18:00
office         | 2026-03-02 18:00 | 1m working       | 2026-03-03 09:01
office         | 2026-03-02 09:00 | 9h working       | 2026-03-02 18:00
office         | 2026-03-02 09:00 | 9h 1m working    | 2026-03-03 09:01
office         | 2026-03-06 17:30 | 1h working       | 2026-03-10 09:30
office         | 2026-03-07 00:00 | 15m working      | 2026-03-10 09:15
office         | 2026-03-08 23:59 | 15m working      | 2026-03-10 09:15
office         | 2026-02-20 17:45 | 30m working      | 2026-02-24 09:15
office         | 2026-04-30 17:50 | 15m working      | 2026-05-04 09:05
office         | 2026-05-08 17:50 | 15m working      | 2026-05-12 09:05
office         | 2026-06-11 17:50 | 15m working      | 2026-06-15 09:05
office         | 2026-11-03 17:50 | 15m working      | 2026-11-05 09:05
office         | 2025-12-30 17:50 | 15m working      | 2026-01-12 09:05
office         | 2025-12-31 12:00 | 1h working       | 2026-01-12 10:00
office         | 2025-10-31 17:50 | 1h working       | 2025-11-01 09:50
office         | 2025-11-01 17:50 | 15m working      | 2025-11-05 09:05
office         | 2025-05-07 17:50 | 15m working      | 2025-05-12 09:05
office         | 2025-04-30 17:50 | 15m working      | 2025-05-05 09:05
office         | 2025-06-11 17:50 | 15m working      | 2025-06-16 09:05
office         | 2024-04-26 17:50 | 15m working      | 2024-04-27 09:05
office         | 2024-04-27 17:50 | 15m working      | 2024-05-02 09:05
office         | 2024-12-27 17:50 | 15m working      | 2024-12-28 09:05
office         | 2024-12-28 17:50 | 15m working      | 2025-01-09 09:05
office         | 2024-02-29 12:00 | 1d working       | 2024-03-01 12:00
office         | 2026-03-06 12:00 | 1d working       | 2026-03-10 12:00
office         | 2026-03-06 12:00 | 1d               | 2026-03-07 12:00
office         | 2026-03-02 12:00 | 5d working       | 2026-03-10 12:00
office         | 2026-03-02 18:00 | 1d working       | 2026-03-04 09:00
office         | 2026-03-02 07:00 | 1d working       | 2026-03-03 09:00
office         | 2026-03-02 12:00 | 1d 2h working    | 2026-03-03 14:00
office         | 2026-03-02 17:00 | 1d 2h working    | 2026-03-04 10:00
office         | 2026-12-30 12:00 | 1d working       | 2027-01-11 12:00
office         | 2026-03-02 12:00 | 18:00            | 2026-03-02 18:00
office         | 2026-03-02 18:00 | 18:00            | 2026-03-03 18:00
office         | 2026-03-06 18:01 | 18:00            | 2026-03-10 18:00
office         | 2026-03-07 12:00 | 23:59            | 2026-03-10 23:59
office         | 2026-03-02 00:00 | 0:00             | 2026-03-03 00:00
office         | 2026-02-28 12:00 | 24h              | 2026-03-01 12:00
lunch          | 2026-03-02 12:55 | 10m working      | 2026-03-02 14:05
lunch          | 2026-03-02 13:30 | 10m working      | 2026-03-02 14:10
lunch          | 2026-03-02 12:45 | 15m working      | 2026-03-02 13:00
lunch          | 2026-03-05 17:55 | 10m working      | 2026-03-06 09:05
lunch          | 2026-03-06 16:40 | 10m working      | 2026-03-10 09:05
lunch          | 2026-03-05 17:30 | 1d working       | 2026-03-06 16:45
lunch          | 2026-03-05 13:00 | 1d working       | 2026-03-06 14:00
lunch          | 2025-10-31 16:45 | 10m working      | 2025-11-01 09:10
lunch          | 2025-11-01 13:05 | 10m working      | 2025-11-01 14:10
shop           | 2026-03-07 19:50 | 20m working      | 2026-03-10 10:10
shop           | 2026-02-22 16:50 | 20m working      | 2026-02-24 10:10
shop           | 2026-03-01 16:50 | 20m working      | 2026-03-02 10:10
shop           | 2025-11-01 19:50 | 20m working      | 2025-11-02 11:10
night          | 2026-03-02 23:55 | 10m working      | 2026-03-03 00:05
night          | 2026-03-02 23:00 | 1h working       | 2026-03-03 00:00
night          | 2026-03-03 05:55 | 10m working      | 2026-03-03 22:05
night          | 2026-03-06 23:55 | 10m working      | 2026-03-09 00:05
night          | 2026-03-07 00:00 | 1m working       | 2026-03-09 00:01
always         | 2026-01-01 23:30 | 2d 1h working    | 2026-01-04 00:30
always         | 2024-02-28 23:59 | 2m working       | 2024-02-29 00:01
own            | 2026-03-02 17:50 | 15m working      | 2026-03-05 09:05
own            | 2026-03-06 17:50 | 15m working      | 2026-03-07 09:05
own            | 2026-03-07 17:50 | 15m working      | 2026-03-09 09:05
own            | 2026-03-03 12:00 | 12:00            | 2026-03-05 12:00
own            | 2026-03-02 12:00 | 2d working       | 2026-03-06 12:00
own saturdays  | 2026-03-14 13:50 | 15m working      | 2026-03-15 09:05
own saturdays  | 2026-03-15 17:50 | 15m working      | 2026-03-16 09:05
east           | 2026-03-06 17:50 | 15m working      | 2026-03-10 09:05
east           | 2026-03-03 00:30 | 15m working      | 2026-03-03 09:15
berlin         | 2026-03-27 17:30 | 1h working       | 2026-03-30 09:30
berlin         | 2026-10-23 17:30 | 1h working       | 2026-10-26 09:30
berlin         | 2026-03-28 12:00 | 24h              | 2026-03-29 13:00
berlin         | 2026-10-24 12:00 | 24h              | 2026-10-25 11:00
berlin         | 2026-03-27 12:00 | 1d working       | 2026-03-30 12:00
berlin nights  | 2026-03-29 00:00 | 4h working       | 2026-03-29 05:00
berlin nights  | 2026-03-29 00:00 | 6h working       | 2026-03-30 01:00
berlin nights  | 2026-10-25 00:00 | 6h working       | 2026-10-25 05:00
berlin nights  | 2026-10-25 00:00 | 7h working       | 2026-10-25 06:00
new york       | 2026-03-07 12:00 | 1d working       | 2026-03-08 12:00
new york       | 2026-03-07 12:00 | 24h working      | 2026-03-08 13:00
new york       | 2026-10-31 12:00 | 24h working      | 2026-11-01 11:00
"""
CASES: Final = [tuple(cell.strip() for cell in line.split("|")) for line in TABLE.strip().splitlines()]


def test_the_table_is_long_enough() -> None:
    assert len(CASES) >= 60
    assert {case[0] for case in CASES} == set(CALENDARS)


@pytest.mark.parametrize(("name", "start", "duration", "end"), CASES)
def test_a_hard_case_ends_where_a_person_would_say(name: str, start: str, duration: str, end: str) -> None:
    where = CALENDARS[name]
    begin, expected = (datetime.fromisoformat(text).replace(tzinfo=where.timezone) for text in (start, end))
    assert where.local(where.add(parse_duration(duration), begin.astimezone(UTC))) == expected


@pytest.mark.parametrize(
    ("name", "at", "works"),
    [
        ("office", "2026-03-02 09:00", True),
        ("office", "2026-03-02 08:59", False),
        ("office", "2026-03-02 18:00", False),
        ("office", "2025-11-01 12:00", True),  # a Saturday that the state made a working day
        ("office", "2025-11-03 12:00", False),  # the Monday that was given for it
        ("office", "2026-05-11 12:00", False),  # for Victory Day on a Saturday
        ("office", "2026-12-31 12:00", False),
        ("shop", "2026-05-09 12:00", False),  # a holiday is one for a shop that works on Saturdays, too
        ("shop", "2026-05-10 12:00", True),
        ("night", "2026-03-02 23:59", True),
        ("night", "2026-03-03 00:00", True),
        ("night", "2026-03-07 00:00", False),
        ("own", "2026-03-03 12:00", False),
        ("own", "2026-03-09 12:00", True),
        ("own saturdays", "2026-03-14 12:00", True),
        ("own saturdays", "2026-03-14 14:00", False),
        ("own saturdays", "2026-03-15 17:59", True),  # a Sunday has the hours of Monday
        ("berlin nights", "2026-03-29 03:00", True),
    ],
)
def test_a_moment_is_working_time_as_a_person_would_say(name: str, at: str, works: bool) -> None:
    where = CALENDARS[name]
    assert where.is_working(datetime.fromisoformat(at).replace(tzinfo=where.timezone).astimezone(UTC)) is works
