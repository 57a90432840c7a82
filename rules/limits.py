"""The operators that measure: numbers and dates against limits, moments against now."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final

from rules.durations import Duration, parse_duration, parse_time
from rules.faults import RuleError
from rules.moments import Clock, Span, span
from rules.operator import Operator
from rules.text import number

Limit = Decimal | date | datetime | time
_HELP: Final = "a number, a date such as 2026-12-05, or a time of day in quotes: '18:00'"


def read_limit(value: object) -> Limit:
    """A limit as the config writes it; raises RuleError."""
    if isinstance(value, date):
        return value
    if (amount := number(value)) is not None:
        return amount
    clock = parse_time(value) if isinstance(value, str) else None
    if clock is not None:
        return clock
    try:
        return date.fromisoformat(str(value).strip())
    except ValueError:
        raise RuleError(f"{value!r} is not a number: write {_HELP}") from None


def in_stretch(moment: time, begin: time, end: time) -> bool:
    """Whether a time of day lies between two others, over midnight where the second is the earlier one."""
    return begin <= moment < end if begin <= end else moment >= begin or moment < end


def _pair(value: object) -> tuple[Limit, Limit]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise RuleError("between takes two limits: [100, 500]")
    first, last = map(read_limit, value)
    if _kind(first) is not _kind(last):
        raise RuleError(f"{value[0]!r} and {value[1]!r} cannot be compared with each other")
    if not isinstance(first, time) and _order(first) > _order(last):
        raise RuleError(f"nothing lies between {value[0]} and {value[1]}: put the smaller one first")
    return first, last


def _kind(limit: Limit) -> type[Any]:
    return date if isinstance(limit, date) else type(limit)


def _order(limit: Limit) -> Any:  # noqa: ANN401 -- numbers or dates, which order among themselves
    return limit.date() if isinstance(limit, datetime) else limit


def _actual(value: object, limit: Limit, clock: Clock) -> Any:  # noqa: ANN401 -- a number, a span or a time of day
    """The value in the form that this limit can be compared with, or None."""
    if isinstance(limit, Decimal):
        return number(value)
    found = span(value, clock.zone)
    if found is None or not isinstance(limit, time):
        return found
    return clock.calendar.local(found.begin).time() if found.begin == found.end else None


def _compared(actual: object, limit: Limit, clock: Clock, *, above: bool) -> bool:
    value = _actual(actual, limit, clock)
    if value is None:
        return False
    if isinstance(value, Span):
        bound = span(limit, clock.zone)
        return bound is not None and (bound.before(value) if above else value.before(bound))
    return bool(value > limit if above else value < limit)


def _above(actual: object, limit: Limit, clock: Clock) -> bool:
    return _compared(actual, limit, clock, above=True)


def _below(actual: object, limit: Limit, clock: Clock) -> bool:
    return _compared(actual, limit, clock, above=False)


def _between(actual: object, limits: tuple[Limit, Limit], clock: Clock) -> bool:
    first, last = limits
    if isinstance(first, time) and isinstance(last, time):
        value = _actual(actual, first, clock)
        return value is not None and in_stretch(value, first, last)
    known = _actual(actual, first, clock) is not None
    return known and not _below(actual, first, clock) and not _above(actual, last, clock)


def _cannot_compare(actual: object, wanted: Limit | tuple[Limit, Limit], clock: Clock) -> str:
    limit = wanted[0] if isinstance(wanted, tuple) else wanted
    if actual is None or _actual(actual, limit, clock) is not None:
        return ""
    return "not a number" if isinstance(limit, Decimal) else "not a time" if isinstance(limit, time) else "not a date"


def _stretch(value: object) -> Duration:
    try:
        duration = parse_duration(value)
    except ValueError as error:
        raise RuleError(str(error)) from None
    if duration.clock is not None:
        raise RuleError(f"«{value}» is a time of day, not a stretch of time: write 3d, 2h or 15m working")
    return duration


def _in_next(actual: object, stretch: Duration, clock: Clock) -> bool:
    found = span(actual, clock.zone)
    if found is None or found.before(clock.at):
        return False
    return found.begin <= clock.calendar.add(stretch, clock.now)


def _in_last(actual: object, stretch: Duration, clock: Clock) -> bool:
    found = span(actual, clock.zone)
    return found is not None and not clock.at.before(found) and not _older_than(actual, stretch, clock)


def _within(actual: object, stretch: Duration, clock: Clock) -> bool:
    return _in_last(actual, stretch, clock) or _in_next(actual, stretch, clock)


def _older_than(actual: object, stretch: Duration, clock: Clock) -> bool:
    found = span(actual, clock.zone)
    if found is None or not found.before(clock.at):
        return False
    return clock.calendar.add(stretch, found.end) < clock.now


def _no_moment(actual: object, _: Duration, clock: Clock) -> str:
    if actual is not None and span(actual, clock.zone) is None:
        return "not a date"
    return f"now it is {clock.now.isoformat(timespec='minutes')}"


MEASURES: Final = (
    Operator("above", read_limit, _above, _cannot_compare),
    Operator("below", read_limit, _below, _cannot_compare),
    Operator("between", _pair, _between, _cannot_compare),
    Operator("within", _stretch, _within, _no_moment),
    Operator("in_last", _stretch, _in_last, _no_moment),
    Operator("in_next", _stretch, _in_next, _no_moment),
    Operator("older_than", _stretch, _older_than, _no_moment),
)
