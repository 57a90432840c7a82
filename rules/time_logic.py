"""Whether several conditions on the time can hold at one moment: all kinds of moments of a week are tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from rules.conditions import Time

_MONDAY: Final = datetime(2024, 1, 1)  # noqa: DTZ001 -- on nobody's clocks
_STEP: Final = timedelta(minutes=1)
_MINUTES: Final = 7 * 24 * 60


@dataclass(frozen=True, slots=True)
class _Days:
    """A calendar that says the same of every moment."""

    working: bool
    working_day: bool

    def is_working(self, _: datetime) -> bool:
        return self.working

    def is_working_day(self, _: date) -> bool:
        return self.working_day


@dataclass(frozen=True, slots=True)
class _Tried:
    now: datetime
    calendar: _Days


_KINDS: Final = (_Days(True, True), _Days(False, True), _Days(False, False))


def times_can_meet(times: Sequence[tuple[Time, bool]]) -> bool:
    """Whether there is a moment at which each of these holds, or does not, as it must."""
    for minute in range(_MINUTES):
        now = _MONDAY + minute * _STEP
        for days in _KINDS:
            tried = _Tried(now, days)
            if all(any(kind.holds(tried) for kind in time.kinds) is positive for time, positive in times):
                return True
    return False
