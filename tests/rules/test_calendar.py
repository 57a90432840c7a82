"""Working time: hours, holidays with their moved days, durations."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.calendar import WorkingCalendar
from rules.durations import Duration, parse_duration
from rules.hours import Piece, parse_hours

MOSCOW = ZoneInfo("Europe/Moscow")
USUAL = WorkingCalendar(MOSCOW, "пн-пт 09:00-18:00", holidays="RU")
SHIFTS = WorkingCalendar(MOSCOW, "пн-чт 09:00-13:00, 14:00-18:00; пт 09:00-16:45; сб 10:00-15:00", holidays="RU")
BERLIN = WorkingCalendar(ZoneInfo("Europe/Berlin"), "пн-вс 01:00-04:00, 22:00-24:00")


def moscow(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=MOSCOW).astimezone(UTC)


@pytest.mark.parametrize(
    ("start", "duration", "end"),
    [
        ("2026-03-02 12:00", "15m working", "2026-03-02 12:15"),
        ("2026-03-02 17:50", "15m working", "2026-03-03 09:05"),
        ("2026-03-02 17:45", "15m working", "2026-03-02 18:00"),
        ("2026-03-02 03:00", "15m working", "2026-03-02 09:15"),
        ("2026-02-28 12:00", "1h 30m working", "2026-03-02 10:30"),  # a Saturday
        ("2025-12-30 17:55", "15m working", "2026-01-12 09:10"),  # the New Year's holidays
        ("2025-10-31 17:55", "15m working", "2025-11-01 09:10"),  # a Saturday that the state made a working day
        ("2026-03-06 12:00", "1d working", "2026-03-10 12:00"),  # over the Women's Day, moved to Monday
        ("2026-03-02 20:00", "1d working", "2026-03-04 09:00"),
        ("2026-03-02 18:00", "1d working", "2026-03-04 09:00"),
        ("2026-03-02 12:00", "2d", "2026-03-04 12:00"),
        ("2026-03-02 23:50", "15m", "2026-03-03 00:05"),
        ("2026-03-02 12:00", "18:00", "2026-03-02 18:00"),
        ("2026-03-02 18:00", "18:00", "2026-03-03 18:00"),
        ("2026-03-06 19:00", "10:00", "2026-03-10 10:00"),
    ],
)
def test_a_duration_leads_to_the_moment_that_people_expect(start: str, duration: str, end: str) -> None:
    assert USUAL.add(parse_duration(duration), moscow(start)) == moscow(end)


def test_a_working_day_later_keeps_to_the_hours_of_that_day() -> None:
    friday = SHIFTS.add(parse_duration("1d working"), moscow("2026-03-05 17:30"))
    assert friday == moscow("2026-03-06 16:45")
    lunch = WorkingCalendar(MOSCOW, "пн 09:00-18:00; вт 09:00-13:00, 14:00-18:00")
    assert lunch.add(parse_duration("1d working"), moscow("2026-03-02 13:20")) == moscow("2026-03-03 14:00")


def test_working_time_that_the_clock_jumps_over_does_not_exist() -> None:
    night = WorkingCalendar(ZoneInfo("Europe/Berlin"), "вс 02:30-03:15; пн 09:00-10:00")
    jump = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)  # a Sunday: 02:00 becomes 03:00
    assert night.add(parse_duration("15m working"), jump) == datetime(2026, 3, 30, 7, 15, tzinfo=UTC)
    assert night.add(parse_duration("10:00"), jump - timedelta(days=1)) == datetime(2026, 3, 30, 8, 0, tzinfo=UTC)


def test_the_last_moment_of_a_day_is_not_working_time_and_the_first_is() -> None:
    assert USUAL.is_working(moscow("2026-03-02 09:00"))
    assert not USUAL.is_working(moscow("2026-03-02 18:00"))
    assert not USUAL.is_working(moscow("2026-03-09 12:00"))  # a Monday off for the Women's Day on Sunday


def test_the_days_off_of_a_year_are_those_of_the_whole_library() -> None:
    russia = holidays.country_holidays("RU", years=2026)
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]
    free = {day for day in days if day.weekday() < 5 and day in russia}
    assert {day for day in days if day.weekday() < 5 and not USUAL.is_working_day(day)} == free
    assert {day for day in days if day.weekday() > 4 and USUAL.is_working_day(day)} == set(russia.weekend_workdays)


def test_the_clients_own_exceptions_win_over_the_states() -> None:
    own = WorkingCalendar(
        MOSCOW,
        "пн-пт 09:00-18:00",
        holidays="RU",
        days_off=[date(2026, 3, 3)],
        working_days=[date(2026, 3, 8)],
    )
    assert not own.is_working(moscow("2026-03-03 12:00"))
    assert own.is_working(moscow("2026-03-08 12:00"))


def test_without_hours_all_time_is_working_time() -> None:
    always = WorkingCalendar.around_the_clock(MOSCOW)
    assert always.add(parse_duration("2d working"), moscow("2026-01-01 23:30")) == moscow("2026-01-03 23:30")


@pytest.mark.parametrize(
    ("text", "day", "pieces"),
    [
        ("пн-пт 09:00-18:00", 4, [(540, 1080)]),
        ("пн-пт 09:00-18:00", 5, []),
        ("Пн, Ср 10:00-19:00; сб–вт 8:00-9:00", 0, [(480, 540), (600, 1140)]),
        ("пн-чт 09:00-13:00, 14:00-18:00; пт 09:00-16:45", 3, [(540, 780), (840, 1080)]),
        ("пн-чт 09:00-13:00, 14:00-18:00; пт 09:00-16:45", 4, [(540, 1005)]),
        ("понедельник 09:00-12:00, пн 11:00-18:00", 0, [(540, 1080)]),
        ("пн-вс 00:00-24:00", 6, [(0, 1440)]),
    ],
)
def test_hours_are_read_as_people_write_them(text: str, day: int, pieces: list[tuple[int, int]]) -> None:
    assert parse_hours(text)[day] == tuple(Piece(*piece) for piece in pieces)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "пн-пт",
        "09:00-18:00",
        "mon 09:00-18:00",
        "пн 18:00-09:00",
        "пн 09:00-25:00",
        "пн 9-18",
        "пн 09:00-10:00, вт",
    ],
)
def test_hours_that_cannot_be_meant_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"hours|day|must end"):
        parse_hours(text)


@pytest.mark.parametrize(
    "text", ["", "15", "m", "15 minutes", "1w", "working", "25:00", "-5m", "15m 18:00", "400d", 15, None]
)
def test_a_duration_that_cannot_be_meant_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"duration|year"):
        parse_duration(text)


def test_a_duration_is_read_with_all_its_pieces() -> None:
    assert parse_duration("1d 2h 30m 5s working") == Duration("1d 2h 30m 5s working", 1, 9005, working=True)


MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2026, 12, 1)).map(lambda moment: moment.replace(tzinfo=UTC))
CALENDARS = st.sampled_from([USUAL, SHIFTS, BERLIN])
WORKING = st.builds(
    Duration, st.just("x"), days=st.integers(0, 12), seconds=st.integers(1, 80_000), working=st.just(True)
)


@given(CALENDARS, WORKING, MOMENTS, st.timedeltas(timedelta(0), timedelta(days=9)))
def test_who_starts_later_is_never_due_earlier(
    calendar: WorkingCalendar, duration: Duration, start: datetime, gap: timedelta
) -> None:
    assert calendar.add(duration, start) <= calendar.add(duration, start + gap)


@given(CALENDARS, WORKING, MOMENTS, st.integers(0, 200_000))
def test_more_working_time_never_ends_earlier(
    calendar: WorkingCalendar, duration: Duration, start: datetime, more: int
) -> None:
    longer = Duration("y", days=duration.days, seconds=duration.seconds + more, working=True)
    assert calendar.add(duration, start) <= calendar.add(longer, start)


@given(CALENDARS, WORKING, MOMENTS)
def test_working_time_ends_inside_working_time_and_in_the_future(
    calendar: WorkingCalendar, duration: Duration, start: datetime
) -> None:
    end = calendar.add(duration, start)
    assert end > start
    assert calendar.is_working(end - timedelta(microseconds=1))


@given(CALENDARS, st.integers(1, 20_000), MOMENTS)
@settings(max_examples=30)
def test_working_seconds_count_exactly_the_working_time_between(
    calendar: WorkingCalendar, seconds: int, start: datetime
) -> None:
    start = start.replace(second=0, microsecond=0)
    minutes = 1 + seconds // 60
    end = calendar.add(Duration("z", seconds=minutes * 60, working=True), start)
    worked, moment = 0, start
    while moment < end:
        worked += calendar.is_working(moment)
        moment += timedelta(minutes=1)
    assert worked == minutes
