"""When a rule comes due by the clock: `every`, `at` and `days`, on the client's clocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from provodka.wording import did_you_mean
from rules.calendar import WorkingCalendar
from rules.durations import Duration, DurationText, parse_time
from rules.hours import WEEK

DAY: Final = timedelta(days=1)
_FARTHEST: Final = 800  # days without a tick after which there will be none
_WORKING: Final = "working"
_LAST: Final = "last"
_DAYS_HELP: Final = "write working, or a list of пн…вс, 1…31, last, 1 working, last working"
_EVERY_HELP: Final = "write 15m, 2h, 1d or 7d"


@dataclass(frozen=True, slots=True)
class Day:
    """Some days of the calendar: of the week (0 is Monday), of the month (-1 is the last), only `working` ones."""

    text: str
    weekday: int | None = None
    number: int | None = None
    working: bool = False

    def holds(self, day: date, calendar: WorkingCalendar) -> bool:
        """Whether it is such a day. With `working`, `number` counts the working days of the month."""
        if self.weekday is not None:
            return day.weekday() == self.weekday
        if self.working and not calendar.is_working_day(day):
            return False
        if self.number is None:
            return True
        step = DAY if self.number < 0 else -DAY
        if not self.working:
            return (day + DAY).month != day.month if self.number < 0 else day.day == self.number
        place, other = 1, day + step
        while other.month == day.month:
            place += calendar.is_working_day(other)
            other += step
        return place == abs(self.number)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Ticks of a day: at these times of day, or so often from its midnight on; only on the days that hold.

    Every stretch of less than a day begins anew at midnight, so that a day of 23 or 25 hours shifts no other. A time of
    day that the clocks jump over comes as they have jumped; one that comes twice counts the first time.
    """

    every: Duration | None
    clocks: tuple[time, ...]
    days: tuple[Day, ...] = ()

    @property
    def text(self) -> str:
        """What it says, in one line: another schedule has another text."""
        times = [f"{clock:%H:%M}" for clock in self.clocks] if self.every is None else [f"every {self.every.text}"]
        return " ".join([*times, *(day.text for day in self.days)])

    @property
    def period(self) -> timedelta:
        """How old a tick may be to be made up for."""
        return min(_length(self.every), DAY) if self.every is not None else DAY

    def on_day(self, day: date, calendar: WorkingCalendar) -> list[datetime]:
        """The ticks of a day on the client's clocks, as aware UTC, in order, each once."""
        if self.days and not any(one.holds(day, calendar) for one in self.days):
            return []
        if self.every is None:
            return sorted({_moment(day, clock, calendar) for clock in self.clocks})
        begin, end = _moment(day, time(), calendar), _moment(day + DAY, time(), calendar)
        if self.every.days:
            return [begin] if (day.toordinal() - 1) % self.every.days == 0 else []
        return list(_steps(begin, end, _length(self.every)))

    def after(self, moment: datetime, calendar: WorkingCalendar) -> datetime | None:
        """The first tick later than the moment; None where there is none in two years."""
        day = calendar.local(moment).date() - DAY
        for _ in range(_FARTHEST):
            if found := [tick for tick in self.on_day(day, calendar) if tick > moment]:
                return found[0]
            day += DAY
        return None

    def newest(self, moment: datetime, calendar: WorkingCalendar) -> datetime | None:
        """The last tick up to the moment, if it is young enough to be made up for."""
        first = calendar.local(moment).date() - DAY
        ticks = [tick for n in range(3) for tick in self.on_day(first + n * DAY, calendar) if tick <= moment]
        return ticks[-1] if ticks and moment - ticks[-1] < self.period else None


def _length(every: Duration) -> timedelta:
    return timedelta(days=every.days, seconds=every.seconds)


def _moment(day: date, clock: time, calendar: WorkingCalendar) -> datetime:
    return datetime.combine(day, clock, calendar.timezone).astimezone(UTC)


def _steps(begin: datetime, end: datetime, length: timedelta) -> Iterator[datetime]:
    while begin < end:
        yield begin
        begin += length


def interval(duration: Duration | None) -> Duration | None:
    """Refuses a duration that `every` cannot be."""
    if duration is not None:
        if duration.working or duration.clock is not None or bool(duration.days) is bool(duration.seconds):
            raise ValueError(f"«{duration.text}» is no interval of the clock: {_EVERY_HELP}")
        if not duration.days and not 60 <= duration.seconds <= 86400:
            raise ValueError(f"«{duration.text}» is not between a minute and a day: {_EVERY_HELP}")
    return duration


def _clock(value: object) -> time:
    found = value if isinstance(value, time) else parse_time(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"{value!r} is no time of day: write it in quotes: '09:00'")
    return found


def _day(value: object) -> Day:
    if isinstance(value, Day):
        return value
    text = str(value).strip().lower()
    if text in WEEK:
        return Day(text, weekday=WEEK.index(text))
    if text == _WORKING:
        return Day(text, working=True)
    amount = text.removesuffix(_WORKING).strip()
    working = amount != text
    number = -1 if amount == _LAST else int(amount) if amount.isascii() and amount.isdigit() else 0
    if isinstance(value, bool) or not (number == -1 or 1 <= number <= (23 if working else 31)):
        hint = did_you_mean(text, (*WEEK, _WORKING, _LAST))
        raise ValueError(f"«{value}» is no day: {hint or _DAYS_HELP}")
    return Day(text, number=number, working=working)


def _listed(value: object) -> object:
    return value if isinstance(value, list | tuple) else [value]


_TIME = {"type": "string", "pattern": "^([01]?\\d|2[0-3]):[0-5]\\d$", "examples": ["09:00"]}
_SOME_DAY = {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 31}, {"type": "string"}]}

Every = Annotated[DurationText | None, Field(), WithJsonSchema({"type": "string", "examples": ["15m", "1h", "1d"]})]
At = Annotated[
    tuple[Annotated[time, BeforeValidator(_clock), PlainSerializer(lambda clock: f"{clock:%H:%M}")], ...],
    BeforeValidator(_listed),
    Field(min_length=1),
    WithJsonSchema({"anyOf": [_TIME, {"type": "array", "items": _TIME, "minItems": 1}]}),
]
Days = Annotated[
    tuple[Annotated[Day, BeforeValidator(_day), PlainSerializer(lambda day: day.text)], ...],
    BeforeValidator(_listed),
    Field(min_length=1),
    WithJsonSchema({"anyOf": [_SOME_DAY, {"type": "array", "items": _SOME_DAY, "minItems": 1}]}),
]
