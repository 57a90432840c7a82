"""Whether several conditions on the time can hold at one moment: one moment of each kind in a week is tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import product
from typing import Final

from rules.conditions import Time

_WEEK: Final = [date(2024, 1, 1) + timedelta(days=n) for n in range(7)]


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
    edges = {time(), *(edge for condition, _ in times for kind in condition.kinds for edge in kind.edges)}
    for day, edge, days in product(_WEEK, edges, _KINDS):
        tried = _Tried(datetime.combine(day, edge), days)
        if all(any(kind.holds(tried) for kind in one.kinds) is positive for one, positive in times):
            return True
    return False
