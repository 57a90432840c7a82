"""Stretches of time by their names, on the client's clocks: `today`, `last_week`, …"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Final

PERIODS: Final = ("today", "yesterday", "week", "last_week", "month", "last_month")
"""`week` and `month` go from their Monday or first day to now, `last_…` are whole."""

_DAY: Final = timedelta(days=1)


def stretch(period: str, now: datetime) -> tuple[datetime, datetime]:
    """Begin and end of a period as aware UTC; `now` is a moment on the client's clocks. Raises KeyError."""
    return _utc(_local(period, now))


def stretch_before(period: str, now: datetime) -> tuple[datetime, datetime]:
    """The period before it: of one that goes to now, up to the same hour (and day) of the day, week or month before."""
    begin, end = _local(period, now)
    match period:
        case "today" | "yesterday":
            return _utc((begin - _DAY, end - _DAY))
        case "week" | "last_week":
            return _utc((begin - 7 * _DAY, end - 7 * _DAY))
    first = (begin - _DAY).replace(day=1)
    return _utc((first, min(first + (end - begin), begin) if period == "month" else begin))


def _local(period: str, now: datetime) -> tuple[datetime, datetime]:
    today = datetime.combine(now.date(), time(), now.tzinfo)
    monday = today - today.weekday() * _DAY
    first = today.replace(day=1)
    return {
        "today": (today, now),
        "yesterday": (today - _DAY, today),
        "week": (monday, now),
        "last_week": (monday - 7 * _DAY, monday),
        "month": (first, now),
        "last_month": ((first - _DAY).replace(day=1), first),
    }[period]


def _utc(local: tuple[datetime, datetime]) -> tuple[datetime, datetime]:
    begin, end = local
    return begin.astimezone(UTC), end.astimezone(UTC)
