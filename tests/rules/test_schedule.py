"""Ticks by the clock: each moment once, none missed, whatever the clocks do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rules.calendar import WorkingCalendar
from rules.schedule import Schedule
from rules.schema import Rule
from rules.ticks import Ticks

MOSCOW = ZoneInfo("Europe/Moscow")
ZONES = [
    ZoneInfo(name)
    for name in ("Europe/Moscow", "Europe/Berlin", "America/New_York", "Asia/Beirut", "Australia/Lord_Howe", "UTC")
]
FIRST_HALF_PAST_TWO = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # in Berlin, where an hour later it is so again
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def calendar(zone: ZoneInfo = MOSCOW, *, holidays: str | None = None) -> WorkingCalendar:
    return WorkingCalendar(zone, "пн-пт 09:00-18:00", holidays=holidays)


def by_clock(**keys: Any) -> Rule:
    return Rule.model_validate({"name": "По часам", "do": [{"notify": {"to": "rop", "text": "x"}}], **keys})


def schedule(**keys: Any) -> Schedule:
    found = by_clock(**keys).schedule
    assert found is not None
    return found


def ticks(plan: Schedule, first: str, days: int, zone: ZoneInfo = MOSCOW, holidays: str | None = None) -> list[str]:
    """The ticks of so many days on the client's clocks."""
    when, begin = calendar(zone, holidays=holidays), date.fromisoformat(first)
    found = [tick for n in range(days) for tick in plan.on_day(begin + n * DAY, when)]
    return [when.local(tick).strftime("%d %H:%M") for tick in found]


@pytest.mark.parametrize(
    ("keys", "first", "days", "expected"),
    [
        ({"at": "09:00"}, "2026-03-02", 2, ["02 09:00", "03 09:00"]),
        ({"at": ["17:30", "9:00"]}, "2026-03-02", 1, ["02 09:00", "02 17:30"]),
        ({"every": "8h"}, "2026-03-02", 1, ["02 00:00", "02 08:00", "02 16:00"]),
        ({"every": "7h"}, "2026-03-02", 1, ["02 00:00", "02 07:00", "02 14:00", "02 21:00"]),
        ({"every": "7d"}, "2026-03-01", 14, ["02 00:00", "09 00:00"]),
        ({"every": "12h", "days": ["вт"]}, "2026-03-02", 7, ["03 00:00", "03 12:00"]),
        ({"at": "09:00", "days": ["пн", "ср"]}, "2026-03-02", 7, ["02 09:00", "04 09:00"]),
        ({"at": "09:00", "days": "working"}, "2026-03-06", 5, ["06 09:00", "10 09:00"]),
        ({"at": "09:00", "days": [1, 15]}, "2026-03-01", 31, ["01 09:00", "15 09:00"]),
        ({"at": "09:00", "days": [31]}, "2026-02-01", 59, ["31 09:00"]),
        ({"at": "09:00", "days": ["1 working"]}, "2026-03-01", 31, ["02 09:00"]),
        ({"at": "09:00", "days": ["1 working", "2 working"]}, "2026-01-01", 31, ["12 09:00", "13 09:00"]),
        ({"at": "09:00", "days": "last"}, "2026-02-01", 59, ["28 09:00", "31 09:00"]),
        ({"at": "09:00", "days": "last working"}, "2026-02-01", 59, ["27 09:00", "31 09:00"]),
    ],
)
def test_a_schedule_by_hand(keys: dict[str, Any], first: str, days: int, expected: list[str]) -> None:
    assert ticks(schedule(**keys), first, days, holidays="RU") == expected


def test_an_hour_that_the_clocks_jump_over_comes_as_they_have_jumped_and_a_double_one_once() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert ticks(schedule(at="02:30"), "2026-03-29", 1, berlin) == ["29 03:30"]
    assert ticks(schedule(at=["02:30", "03:30"]), "2026-03-29", 1, berlin) == ["29 03:30"]
    assert schedule(at="02:30").on_day(date(2026, 10, 25), calendar(berlin)) == [
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    ]
    assert len(ticks(schedule(every="1h"), "2026-03-29", 1, berlin)) == 23
    assert len(ticks(schedule(every="1h"), "2026-10-25", 1, berlin)) == 25


EACH_MINUTE = schedule(every="1m")
PLANS = st.sampled_from(
    [EACH_MINUTE]
    + [schedule(every=every) for every in ("15m", "1h", "5h", "24h", "1d", "2d", "7d")]
    + [
        schedule(at=["00:00", "02:30", "23:59"]),
        schedule(at="12:00", days="working"),
        schedule(at="02:15", days=["last", 1, "вс"]),
        schedule(at="00:30", days=["2 working", "last working"]),
    ]
)
NEAR_CHANGES = st.sampled_from(
    [
        datetime(2026, month, day, tzinfo=UTC)
        for month, day in ((1, 1), (3, 8), (3, 29), (4, 5), (10, 4), (10, 25), (11, 1), (12, 31))
    ]
)


@settings(max_examples=150, deadline=None)
@given(PLANS, st.sampled_from(ZONES), NEAR_CHANGES, st.integers(-2 * 86400, 2 * 86400))
@example(EACH_MINUTE, ZoneInfo("Europe/Berlin"), datetime(2026, 3, 29, tzinfo=UTC), 50 * 60)
@example(EACH_MINUTE, ZoneInfo("Europe/Berlin"), datetime(2026, 10, 25, tzinfo=UTC), 50 * 60)
@example(EACH_MINUTE, ZoneInfo("Europe/Moscow"), datetime(2026, 12, 31, tzinfo=UTC), 20 * 3600 + 50 * 60)
def test_going_from_tick_to_tick_meets_each_tick_of_the_days_once(
    plan: Schedule, zone: ZoneInfo, near: datetime, seconds: int
) -> None:
    when, begin = calendar(zone), near + timedelta(seconds=seconds)
    end = begin + (HOUR / 3 if plan is EACH_MINUTE else DAY)  # a day of minutes takes long
    walked, at = [], begin
    while (tick := plan.after(at, when)) is not None and tick <= end:
        assert tick > at
        walked.append(tick)
        at = tick
    days = [when.local(begin).date() + n * DAY for n in range(-1, 4)]
    assert walked == sorted({tick for day in days for tick in plan.on_day(day, when) if begin < tick <= end})


@settings(max_examples=100, deadline=None)
@given(PLANS, st.sampled_from(ZONES), NEAR_CHANGES, st.lists(st.integers(1, 7200), min_size=1, max_size=40))
def test_looking_at_any_moments_makes_no_tick_twice_and_none_too_late(
    plan: Schedule, zone: ZoneInfo, near: datetime, pauses: list[int]
) -> None:
    rule = by_clock(every="1h").model_copy(update={"every": plan.every, "at": plan.clocks, "days": plan.days})
    clock, now = Ticks([rule], calendar(zone)), near - HOUR
    assert clock.begin(now, lambda _: None).events == []
    begin, made = now, []
    for pause in pauses:
        now += timedelta(seconds=pause)
        coming = clock.next()
        due = clock.due(now)
        assert bool(due.events) is (coming is not None and coming <= now)
        made += [event.occurred_at for event in due.events]
    assert len(made) == len(set(made))
    all_of_them = [tick for n in range(-2, 4) for tick in plan.on_day((near + n * DAY).date(), calendar(zone))]
    assert set(made) <= {tick for tick in all_of_them if begin < tick <= now}


def marks(rule: Rule, at: datetime) -> dict[str, str]:
    """The cursors of a clock that began at this moment."""
    return Ticks([rule], calendar()).begin(at, lambda _: None).cursors


@pytest.mark.parametrize(
    ("keys", "down_since", "up_at", "missed"),
    [
        ({"at": "09:00"}, "08:00", "09:30", ["09:00"]),
        ({"at": "09:00"}, "08:00", "08:59", []),
        ({"at": "09:00"}, "09:00", "12:00", []),
        ({"every": "1h"}, "06:30", "09:59", ["09:00"]),
        ({"every": "30m"}, "06:30", "09:59", ["09:30"]),
    ],
)
def test_the_newest_tick_that_was_missed_is_made_up_for(
    keys: dict[str, Any], down_since: str, up_at: str, missed: list[str]
) -> None:
    rule = by_clock(**keys)
    down, up = (datetime.fromisoformat(f"2026-03-02 {clock}").replace(tzinfo=MOSCOW) for clock in (down_since, up_at))
    due = Ticks([rule], calendar()).begin(up.astimezone(UTC), marks(rule, down.astimezone(UTC)).get)
    assert [event.occurred_at.astimezone(MOSCOW).strftime("%H:%M") for event in due.events] == missed


def test_what_was_missed_longer_than_a_day_ago_or_by_another_schedule_is_not_made_up_for() -> None:
    monday = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
    rule = by_clock(at="09:00", days=["пн"])
    assert Ticks([rule], calendar()).begin(monday + 2 * DAY, marks(rule, monday).get).events == []
    assert Ticks([by_clock(at="08:30")], calendar()).begin(monday + HOUR, marks(rule, monday).get).events == []


def test_after_the_clock_was_put_back_the_ticks_come_at_their_times_again() -> None:
    clock = Ticks([by_clock(at="09:00")], calendar())
    now = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
    clock.begin(now + 30 * DAY, lambda _: None)
    assert clock.due(now).events == []
    assert clock.next() == now + HOUR


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"every": "30s"}, "between a minute and a day"),
        ({"every": "1d 6h"}, "no interval of the clock"),
        ({"every": "1h working"}, "no interval of the clock"),
        ({"at": 540}, "in quotes"),
        ({"at": "25:00"}, "no time of day"),
        ({"at": "09:00", "days": ["пон"]}, "is no day"),
        ({"at": "09:00", "days": [32]}, "is no day"),
        ({"at": "09:00", "days": ["wrking"]}, 'did you mean "working"'),
        ({"at": "09:00", "every": "1h"}, "every and at"),
        ({}, "here is none"),
        ({"on": "call.missed", "days": "working"}, "days goes with every or at, not with on"),
        ({"every": "1h", "channel": "site"}, "channel goes with on, not with every"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(keys: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        by_clock(**keys)
