"""Moments and dates as they come in fields, and the clock that conditions measure them by."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from rules.calendar import WorkingCalendar

_RUSSIAN: Final = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:,?\s+(\d{1,2}:\d{2}(?::\d{2})?))?")


@dataclass(frozen=True, slots=True)
class Span:
    """What a field says about when: a moment (`begin` is `end`), or a whole day on the client's clocks."""

    begin: datetime
    end: datetime

    def before(self, other: Span) -> bool:
        """Whether it is over when the other begins; a day ends as the next one begins."""
        return self.end <= other.begin and self.begin < other.begin


@dataclass(frozen=True, slots=True)
class Clock:
    """The moment of an evaluation on the client's clocks, and the client's working time."""

    now: datetime
    calendar: WorkingCalendar

    @property
    def at(self) -> Span:
        return Span(self.now, self.now)

    @property
    def zone(self) -> ZoneInfo:
        return self.calendar.timezone


def span(value: object, zone: ZoneInfo) -> Span | None:
    """When a value is: a moment, a date, or a text that spells one (`2026-12-05`, `05.12.2026 14:30`); else None.

    What names no zone is meant on the clocks of `zone`.
    """
    if isinstance(value, str):
        value = _spelt(value)
    if isinstance(value, datetime):
        moment = (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)
        return Span(moment, moment)
    if isinstance(value, date):
        begin, end = (datetime.combine(day, time(), zone) for day in (value, value + timedelta(days=1)))
        return Span(begin.astimezone(UTC), end.astimezone(UTC))
    return None


def _spelt(text: str) -> date | datetime | None:
    text = text.strip()
    try:
        if found := _RUSSIAN.fullmatch(text):
            day = date(int(found[3]), int(found[2]), int(found[1]))
            return datetime.combine(day, time.fromisoformat(found[4].zfill(5))) if found[4] else day
        if not text[:4].isdigit() or "-" not in text:
            return None
        return date.fromisoformat(text) if len(text) <= 10 else datetime.fromisoformat(text)
    except ValueError:
        return None
