"""`time:` in a condition: what the moment of the evaluation is like for the client."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final, Protocol

from provodka.wording import did_you_mean
from rules.durations import parse_time
from rules.faults import RuleError
from rules.hours import WEEK
from rules.limits import in_stretch
from rules.moments import Clock
from rules.text import fold

TIME: Final = "time"
_STRETCH: Final = re.compile(r"between (\S+) and (\S+)")


class Days(Protocol):
    """What the kinds of time need of a calendar."""

    def is_working(self, moment: datetime, /) -> bool: ...

    def is_working_day(self, day: date, /) -> bool: ...


class Moment(Protocol):
    """What the kinds of time look at: a `Clock`, or a moment that is tried."""

    @property
    def now(self) -> datetime: ...

    @property
    def calendar(self) -> Days: ...


@dataclass(frozen=True, slots=True)
class TimeKind:
    """One kind of time, as the config names it. Besides midnight it may begin and end only at its `edges`."""

    name: str
    holds: Callable[[Moment], bool]
    edges: tuple[time, ...] = ()


def _working(clock: Moment) -> bool:
    return clock.calendar.is_working(clock.now)


def _working_day(clock: Moment) -> bool:
    return clock.calendar.is_working_day(clock.now.date())


def _weekday(clock: Moment) -> bool:
    return clock.now.weekday() < 5


KINDS: Final[Mapping[str, Callable[[Moment], bool]]] = {
    "working": _working,
    "outside working": lambda clock: not _working(clock),
    "working day": _working_day,
    "day off": lambda clock: not _working_day(clock),
    "weekday": _weekday,
    "weekend": lambda clock: not _weekday(clock),
}
"""By the words of the config. A weekday is Monday to Friday whatever the holidays; a working day has working hours."""


def read_times(value: object) -> tuple[TimeKind, ...]:
    """The kinds of time that a text or a list of texts names; raises RuleError."""
    values = value if isinstance(value, list | tuple) else [value]
    if not values:
        raise RuleError("an empty list can never be met")
    return tuple(_read(one) for one in values)


def shown(clock: Clock) -> str:
    """The moment for a trace: `вс 2026-03-01 21:30, outside working`."""
    kind = "working" if _working(clock) else "outside working"
    return f"{WEEK[clock.now.weekday()]} {clock.now:%Y-%m-%d %H:%M}, {kind}"


def _read(value: object) -> TimeKind:
    words = fold(str(value))
    if words in KINDS:
        return TimeKind(words, KINDS[words])
    if words in WEEK:
        return TimeKind(words, lambda clock: WEEK[clock.now.weekday()] == words)
    found = _STRETCH.fullmatch(words)
    begin, end = (parse_time(found[1]), parse_time(found[2])) if found else (None, None)
    if begin is None or end is None:
        hint = did_you_mean(words, (*KINDS, "between 18:00 and 09:00", *WEEK))
        raise RuleError(f"«{value}» is no kind of time ({hint})")
    return TimeKind(words, lambda clock: in_stretch(clock.now.time(), begin, end), (begin, end))
