"""What limits and ages leave of a field's values, for comparing one condition with another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from rules.conditions import Compare
from rules.durations import Duration
from rules.limits import MEASURES

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers, or moments on the client's clocks. An end of None is open; `without_…` leaves out the end itself."""

    kind: type[Any]
    low: Any = None
    high: Any = None
    without_low: bool = False
    without_high: bool = False
    whole_days: bool = True

    def apart(self, other: Range) -> bool:
        """Whether no value lies in both."""
        return self.kind is other.kind and (self._ends_before(other) or other._ends_before(self))

    def within(self, other: Range) -> bool:
        """Whether every value of this range lies in the other, whole days taken for moments too."""
        if self.kind is not other.kind or not (self.whole_days and other.whole_days):
            return False
        low = other.low is None or (
            self.low is not None
            and (self.low > other.low or (self.low == other.low and other.without_low <= self.without_low))
        )
        high = other.high is None or (
            self.high is not None
            and (self.high < other.high or (self.high == other.high and other.without_high <= self.without_high))
        )
        return low and high

    def _ends_before(self, other: Range) -> bool:
        if self.high is None or other.low is None:
            return False
        touching = self.high == other.low and (self.without_high or other.without_low)
        return bool(self.high < other.low or touching)


def range_of(leaf: Compare) -> Range | None:
    """The range of `above`, `below` and `between`; None for everything else, and for times of day."""
    name, wanted = leaf.operator.name, leaf.wanted
    if name not in ("above", "below", "between"):
        return None
    limit = wanted[0] if name == "between" else wanted
    if isinstance(limit, time):
        return None
    if isinstance(limit, Decimal):
        return _numbers(name, wanted)
    return _moments(name, wanted)


def _numbers(name: str, wanted: Any) -> Range:  # noqa: ANN401 -- a number or two
    if name == "between":
        return Range(Decimal, *wanted)
    if name == "above":
        return Range(Decimal, low=wanted, without_low=True)
    return Range(Decimal, high=wanted, without_high=True)


def _moments(name: str, wanted: Any) -> Range:  # noqa: ANN401 -- a date or a moment, or two
    if name == "between":
        first, last = wanted
        low, high = _begin(first), _end(last)
        return Range(date, low, high, without_high=not isinstance(last, datetime), whole_days=_days(first, last))
    if name == "above":
        return Range(date, low=_end(wanted), without_low=isinstance(wanted, datetime), whole_days=_days(wanted))
    return Range(date, high=_begin(wanted), without_high=True, whole_days=_days(wanted))


def _begin(limit: date) -> datetime:
    return limit.replace(tzinfo=None) if isinstance(limit, datetime) else datetime.combine(limit, time())


def _end(limit: date) -> datetime:
    return _begin(limit) if isinstance(limit, datetime) else datetime.combine(limit + _DAY, time())


def _days(*limits: date) -> bool:
    return not any(isinstance(limit, datetime) for limit in limits)


def unmeasurable(leaf: Compare, kind: type[Any]) -> str:
    """What a field of this kind is, where the condition measures something else; empty where it fits or may fit."""
    if leaf.operator not in MEASURES or kind not in (datetime, Decimal, int):
        return ""
    limit = leaf.wanted[0] if isinstance(leaf.wanted, tuple) else leaf.wanted
    is_number = isinstance(limit, Decimal)
    if kind is datetime:
        return "a date" if is_number else ""
    return "" if is_number else "a number"


def ages_apart(one: Compare, other: Compare) -> bool:
    """Whether one says older than what the other allows."""
    if one.operator.name != "older_than":
        return False
    if other.operator.name == "in_next":
        return True
    old, young = _seconds(one.wanted), _seconds(other.wanted)
    return other.operator.name in ("in_last", "within") and old is not None and young is not None and old >= young


def age_within(one: Compare, other: Compare) -> bool:
    """Whether a value of this age has that age too, by the same operator."""
    if one.operator.name != other.operator.name:
        return False
    first, second = _seconds(one.wanted), _seconds(other.wanted)
    if first is None or second is None:
        return False
    return first >= second if one.operator.name == "older_than" else first <= second


def _seconds(wanted: object) -> int | None:
    """The length of a stretch of time; None where it is working time, or no stretch at all."""
    if not isinstance(wanted, Duration) or wanted.working:
        return None
    return wanted.days * 86_400 + wanted.seconds
