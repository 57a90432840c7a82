"""The client's working time: hours of the week, public holidays with their moved days, own exceptions."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from rules.durations import Duration
from rules.hours import Hours, Piece, parse_hours

_DAY: Final = timedelta(days=1)
Interval = tuple[datetime, datetime]


class Holidays(Protocol):
    """Public holidays of a country, as the `holidays` library gives them."""

    @property
    def weekend_workdays(self) -> Collection[date]: ...

    def __contains__(self, day: object) -> bool: ...


class WorkingCalendar:
    """Working time of one client. Moments go in and come out as aware UTC.

    A Saturday or Sunday that the state made a working day (the library knows the yearly decrees) and a day of
    `working_days` have the hours of the first working day of the week, where the week gives them none.
    """

    def __init__(
        self,
        timezone: ZoneInfo,
        hours: str,
        *,
        holidays: str | None = None,
        days_off: Collection[date] = (),
        working_days: Collection[date] = (),
    ) -> None:
        self.timezone = timezone
        self._hours: Hours = parse_hours(hours)
        self._usual = next(day for day in self._hours if day)
        self._off = frozenset(days_off)
        self._on = frozenset(working_days)
        self._country = _Country(holidays) if holidays else None
        self._days: dict[date, tuple[Interval, ...]] = {}
        self._others: dict[str, WorkingCalendar] = {}

    @classmethod
    def around_the_clock(cls, timezone: ZoneInfo) -> WorkingCalendar:
        """For a config that names no hours: all time is working time."""
        return cls(timezone, "пн-вс 00:00-24:00")

    def with_hours(self, hours: str) -> WorkingCalendar:
        """The calendar of somebody with other hours of the week and the same days off; made once."""
        known = self._others.get(hours)
        if known is None:
            known = self._others[hours] = self._like_this(hours)
        return known

    def local(self, moment: datetime) -> datetime:
        """The same moment on the client's clocks."""
        return moment.astimezone(self.timezone)

    def is_working(self, moment: datetime) -> bool:
        """Whether it is working time; the last moment of a stretch does not belong to it."""
        return any(begin <= moment < end for begin, end in self._on_day(self.local(moment).date()))

    def is_working_day(self, day: date) -> bool:
        """Whether the day has working hours."""
        return bool(self._on_day(day))

    def add(self, duration: Duration, start: datetime) -> datetime:
        """The moment that is so much later.

        Working days lead to the same time of day, or to the nearest working time of that day. A time of day means
        today if it is still ahead and today is a working day, else the next working day.
        """
        if duration.clock is not None:
            return self._next_at(duration.clock, start)
        if not duration.working:
            return (start + timedelta(days=duration.days, seconds=duration.seconds)).astimezone(UTC)
        begin = next(self._intervals(start))[0]
        moment = self._days_later(max(begin, start), duration.days) if duration.days else max(begin, start)
        return self._spend(moment, timedelta(seconds=duration.seconds)).astimezone(UTC)

    def _like_this(self, hours: str) -> WorkingCalendar:
        other = WorkingCalendar(self.timezone, hours, days_off=self._off, working_days=self._on)
        other._country = self._country
        return other

    def _spend(self, moment: datetime, left: timedelta) -> datetime:
        if not left:
            return moment
        for begin, end in self._intervals(moment):
            room = end - max(begin, moment)
            if left <= room:
                return max(begin, moment) + left
            left -= room
        raise AssertionError("working time never ends")

    def _days_later(self, moment: datetime, days: int) -> datetime:
        local = self.local(moment)
        day = local.date()
        for _ in range(days):
            day = self._working_day_from(day + _DAY)
        wanted = datetime.combine(day, local.time(), self.timezone).astimezone(UTC)
        pieces = self._on_day(day)
        ahead = next(((begin, end) for begin, end in pieces if wanted <= end), None)
        return max(wanted, ahead[0]) if ahead else pieces[-1][1]

    def _next_at(self, clock: time, start: datetime) -> datetime:
        day = self._working_day_from(self.local(start).date())
        wanted = datetime.combine(day, clock, self.timezone).astimezone(UTC)
        if wanted <= start:
            day = self._working_day_from(day + _DAY)
            wanted = datetime.combine(day, clock, self.timezone).astimezone(UTC)
        return wanted

    def _working_day_from(self, day: date) -> date:
        while not self.is_working_day(day):
            day += _DAY
        return day

    def _intervals(self, moment: datetime) -> Iterator[Interval]:
        """The stretches of working time that end after the moment, without end."""
        day = self.local(moment).date()
        while True:
            yield from (piece for piece in self._on_day(day) if piece[1] > moment)
            day += _DAY

    def _on_day(self, day: date) -> tuple[Interval, ...]:
        known = self._days.get(day)
        if known is None:
            moments = (self._moments(day, piece) for piece in self._pieces(day))
            known = tuple((begin, end) for begin, end in moments if begin < end)  # the clock may jump over a piece
            self._days[day] = known
        return known

    def _pieces(self, day: date) -> tuple[Piece, ...]:
        week = self._hours[day.weekday()]
        if day in self._on:
            return week or self._usual
        if day in self._off:
            return ()
        off = self._country.off(day) if self._country is not None else None
        if off is None:
            return week
        return () if off else week or self._usual

    def _moments(self, day: date, piece: Piece) -> Interval:
        midnight = datetime.combine(day, time(), self.timezone)
        begin, end = (midnight + timedelta(minutes=m) for m in (piece.begin, piece.end))
        return begin.astimezone(UTC), end.astimezone(UTC)


class _Country:
    """The days of a country. The library is read at the first question: most commands have none."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()  # the library works out a year when it is first asked, and is not thread-safe

    def off(self, day: date) -> bool | None:
        """Whether the state gave the day off, or made it a working day; None where it says nothing of it."""
        with self._lock:
            if day in self._days:
                return True
            return False if day in self._days.weekend_workdays else None

    @cached_property
    def _days(self) -> Holidays:
        """Out of the country's own file: by its package one gets all 250, which are 8 MB of memory and 0.1 s."""
        import holidays
        from holidays.registry import COUNTRIES

        file, known_as = next((file, names) for file, names in COUNTRIES.items() if self._name in names)
        place = Path(holidays.__file__).parent / "countries" / f"{file}.py"
        spec = spec_from_file_location(f"holidays_of_{file}", place)
        assert spec is not None  # noqa: S101 -- a file has one
        assert spec.loader is not None  # noqa: S101
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        days: Holidays = getattr(module, known_as[0])()
        return days
