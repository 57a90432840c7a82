"""Moments as options of commands: `30d` and `2h` before now, or a date and time on the client's clocks."""

from __future__ import annotations

from datetime import datetime, timedelta

from rules.calendar import WorkingCalendar
from rules.durations import parse_duration
from rules.faults import RuleError
from rules.given import moment


def ago(text: str, now: datetime, calendar: WorkingCalendar) -> datetime:
    """The moment that is meant; raises ValueError with the cure."""
    try:
        span = parse_duration(text)
    except ValueError:
        span = None
    if span is not None and not span.working and span.clock is None:
        return now - timedelta(days=span.days, seconds=span.seconds)
    try:
        return moment(text, calendar.timezone)
    except RuleError as error:
        raise ValueError(f"«{text}» is no moment: write 30d, 12h, 2026-03-02 or '2026-03-02 12:00'") from error
