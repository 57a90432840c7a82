"""Stretches of time by their names, on the client's clocks: `today`, `last_week`, …"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Final

PERIODS: Final = ("today", "yesterday", "week", "last_week", "month", "last_month")
"""`week` and `month` go from their Monday or first day to now, `last_…` are whole."""


def stretch(period: str, now: datetime) -> tuple[datetime, datetime]:
    """Begin and end of a period as aware UTC; `now` is a moment on the client's clocks. Raises KeyError."""
    today = datetime.combine(now.date(), time(), now.tzinfo)
    monday = today - timedelta(days=today.weekday())
    first = today.replace(day=1)
    begin, end = {
        "today": (today, now),
        "yesterday": (today - timedelta(days=1), today),
        "week": (monday, now),
        "last_week": (monday - timedelta(days=7), monday),
        "month": (first, now),
        "last_month": ((first - timedelta(days=1)).replace(day=1), first),
    }[period]
    return begin.astimezone(UTC), end.astimezone(UTC)
