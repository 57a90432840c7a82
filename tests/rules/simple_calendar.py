"""Working time worked out in the simplest way there is: minute by minute, from tables written by hand.

It shares nothing with `rules.calendar`: no parser of hours, no library of holidays.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def _days(text: str) -> frozenset[date]:
    return frozenset(map(date.fromisoformat, text.split()))


# Days off that are no Saturday or Sunday, and Saturdays that are worked, by the yearly decrees.
RUSSIAN_DAYS_OFF = _days(
    """
    2024-01-01 2024-01-02 2024-01-03 2024-01-04 2024-01-05 2024-01-08 2024-02-23 2024-03-08 2024-04-29 2024-04-30
    2024-05-01 2024-05-09 2024-05-10 2024-06-12 2024-11-04 2024-12-30 2024-12-31 2025-01-01 2025-01-02 2025-01-03
    2025-01-06 2025-01-07 2025-01-08 2025-05-01 2025-05-02 2025-05-08 2025-05-09 2025-06-12 2025-06-13 2025-11-03
    2025-11-04 2025-12-31 2026-01-01 2026-01-02 2026-01-05 2026-01-06 2026-01-07 2026-01-08 2026-01-09 2026-02-23
    2026-03-09 2026-05-01 2026-05-11 2026-06-12 2026-11-04 2026-12-31 2027-01-01 2027-01-04 2027-01-05 2027-01-06
    2027-01-07 2027-01-08
    """
)
# Holidays that fall on a Saturday or Sunday: for those who work on weekends they are days off as well.
RUSSIAN_WEEKEND_HOLIDAYS = _days(
    """
    2024-01-06 2024-01-07 2025-01-04 2025-01-05 2025-02-23 2025-03-08 2026-01-03 2026-01-04 2026-03-08 2026-05-09
    2027-01-02 2027-01-03
    """
)
RUSSIAN_SATURDAYS_WORKED = _days(
    """
    2024-04-27 2024-11-02 2024-12-28 2025-11-01
    """
)


@dataclass(frozen=True)
class Simple:
    """`week` is seven lists of (from, to) in hours, fractions allowed; what a day off of the week has is empty."""

    zone: str
    week: tuple[tuple[tuple[float, float], ...], ...]
    russian: bool = False
    off: frozenset[date] = frozenset()
    on: frozenset[date] = frozenset()

    def pieces(self, day: date) -> tuple[tuple[float, float], ...]:
        usual = next(pieces for pieces in self.week if pieces)
        week = self.week[day.weekday()]
        if day in self.on:
            return week or usual
        if day in self.off:
            return ()
        if self.russian and day in RUSSIAN_DAYS_OFF | RUSSIAN_WEEKEND_HOLIDAYS:
            return ()
        if self.russian and day in RUSSIAN_SATURDAYS_WORKED:
            return week or usual
        return week

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(ZoneInfo(self.zone))

    def works(self, moment: datetime) -> bool:
        """Whether the minute that begins then is worked."""
        local = self.local(moment)
        hour = local.hour + local.minute / 60
        return any(begin <= hour < end for begin, end in self.pieces(local.date()))

    def after_minutes(self, start: datetime, minutes: int) -> datetime:
        """When so many worked minutes are over; with none, `start` itself."""
        moment = start
        while minutes:
            if not self.pieces(self.local(moment).date()):
                moment = self._midnight_after(moment)
                continue
            minutes -= self.works(moment)
            moment += MINUTE
        return moment

    def after_days(self, start: datetime, days: int) -> datetime:
        """The same time of day so many working days later, or the nearest working time of that day."""
        moment = start
        while not self.works(moment):
            moment += MINUTE
        local = self.local(moment)
        day = local.date()
        while days:
            day += DAY
            days -= bool(self.pieces(day))
        wanted = datetime.combine(day, local.time(), ZoneInfo(self.zone)).astimezone(UTC)
        if self.works(wanted) or self.works(wanted - MINUTE):
            return wanted
        later = wanted
        while self.local(later).date() == day:
            if self.works(later):
                return later
            later += MINUTE
        while not self.works(wanted - MINUTE):
            wanted -= MINUTE
        return wanted

    def at(self, start: datetime, clock: time) -> datetime:
        """The next moment of a working day at which the client's clocks show this."""
        moment = start + MINUTE
        while True:
            local = self.local(moment)
            if not self.pieces(local.date()):
                moment = self._midnight_after(moment)
            elif local.time() == clock:
                return moment
            else:
                moment += MINUTE

    def _midnight_after(self, moment: datetime) -> datetime:
        day = self.local(moment).date() + DAY
        return datetime.combine(day, time(), ZoneInfo(self.zone)).astimezone(UTC)
