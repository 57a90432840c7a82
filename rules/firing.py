"""When a rule with `date` fires for a card: the day that its field names, shifted, at a time of day."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from rules.calendar import WorkingCalendar
from rules.durations import Duration, parse_duration
from rules.moments import span

DAY: Final = timedelta(days=1)
USUAL: Final = time(9)
_HELP: Final = "write 1d, -30d, 1d working, or hours: -2h"


@dataclass(frozen=True, slots=True)
class Shift:
    """So much later; earlier where `back`."""

    text: str = ""
    by: Duration = field(default_factory=lambda: Duration(""))
    back: bool = False

    def day(self, day: date, calendar: WorkingCalendar) -> date:
        """The day that is so many days away; counted in working days, it is always one of those."""
        step = -DAY if self.back else DAY
        if not self.by.working:
            return day + step * self.by.days
        for _ in range(self.by.days):
            day += step
            while not calendar.is_working_day(day):
                day += step
        return day

    @property
    def rest(self) -> timedelta:
        """What is left of it besides the days."""
        return timedelta(seconds=-self.by.seconds if self.back else self.by.seconds)


@dataclass(frozen=True, slots=True)
class Firing:
    """The `date` of a rule: the path of the field, the shift, and the time of day if the rule says one."""

    path: str
    shift: Shift
    clock: time | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(self.path.split("."))

    def moment(self, value: object, calendar: WorkingCalendar) -> datetime | None:
        """When the rule fires for a card with this value, as aware UTC; None for what is no date."""
        found = span(value, calendar.timezone)
        if found is None:
            return None
        local = calendar.local(found.begin)
        clock = self.clock or (local.time() if found.begin == found.end else USUAL)
        day = self.shift.day(local.date(), calendar)
        return datetime.combine(day, clock, calendar.timezone).astimezone(UTC) + self.shift.rest


def parse_shift(value: object) -> Shift:
    """Read a shift; raises ValueError with the cure."""
    if isinstance(value, Shift):
        return value
    text = str(value).strip()
    try:
        by = parse_duration(text.removeprefix("-").strip())
    except ValueError:
        raise ValueError(f"«{value}» is no shift: {_HELP}") from None
    if by.clock is not None or (by.working and by.seconds):
        raise ValueError(f"«{value}» is no shift of whole days: {_HELP}; the time of day is `at`")
    return Shift(text, by, back=text.startswith("-"))


def _read(value: Any) -> Shift:  # noqa: ANN401 -- whatever YAML gave
    return parse_shift(value)


ShiftText = Annotated[
    Shift,
    BeforeValidator(_read),
    PlainSerializer(lambda shift: shift.text, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["1d", "-30d", "1d working", "-2h"]}),
]
"""A shift as a field of a settings model."""
