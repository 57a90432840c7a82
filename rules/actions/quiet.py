"""Hours in which clients are left alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Final

from pydantic import AfterValidator

from provodka.operation import Postponed
from rules.actions.base import Outside
from rules.calendar import WorkingCalendar
from rules.durations import parse_time
from rules.limits import in_stretch

_DAY: Final = timedelta(days=1)
_QUIET: Final = "write it as 21:00-09:00"


def _readable(text: str) -> str:
    begin, _, end = text.partition("-")
    if text and (parse_time(begin) is None or parse_time(end) is None):
        raise ValueError(f"«{text}» are no hours: {_QUIET}")
    return text


Quiet = Annotated[str, AfterValidator(_readable)]
"""`21:00-09:00`, or nothing."""


def postponed(quiet: str, outside: Outside) -> Postponed | None:
    """Until the end of the quiet hours, where it is in them now."""
    until = _until(quiet, outside.now, outside.calendar)
    return None if until is None else Postponed(until, f"the quiet hours {quiet}")


def _until(quiet: str, now: datetime, calendar: WorkingCalendar) -> datetime | None:
    begin, end = map(parse_time, quiet.split("-")) if quiet else (None, None)
    local = calendar.local(now)
    if begin is None or end is None or not in_stretch(local.time(), begin, end):
        return None
    day = local.date() if local.time() < end else local.date() + _DAY
    return datetime.combine(day, end, calendar.timezone).astimezone(now.tzinfo)
