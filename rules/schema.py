"""The part of the config that is about rules, as strict models. Names are checked against each other in `check`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from provodka.payloads import CHECKED, EventType
from provodka.settings import Strict
from rules.durations import Duration, DurationText, parse_duration
from rules.firing import Firing, Shift, ShiftText
from rules.guard import GuardText
from rules.hours import parse_hours
from rules.names import BY_CLOCK, NEVER_SEEN
from rules.schedule import At, Days, Every, Schedule, interval
from rules.team import Staff

__all__ = ["EVENT_TYPES", "Calendar", "Rule", "RuleTest", "Staff"]

EVENT_TYPES: Final = tuple(kind.value for kind in EventType if kind not in NEVER_SEEN | BY_CLOCK)
"""What a rule may start on."""


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _event_type(value: object) -> object:
    """Unknown types stay texts, to be reported by `check` together with all other mistakes of their rule."""
    return EventType(value) if isinstance(value, str) and value in EVENT_TYPES else value


def _steps(value: object) -> object:
    """`- log_call` is short for `- log_call: {}`."""
    if not isinstance(value, list):
        return value
    return [{step: {}} if isinstance(step, str) else step for step in value]


_Types = {"type": "string", "enum": list(EVENT_TYPES)}
EventTypes = Annotated[
    tuple[Annotated[EventType | str, BeforeValidator(_event_type)], ...],
    BeforeValidator(_as_list),
    Field(min_length=1),
    WithJsonSchema({"anyOf": [_Types, {"type": "array", "items": _Types, "minItems": 1}]}),
]
Channels = Annotated[tuple[str, ...], BeforeValidator(_as_list, json_schema_input_type=str | list[str])]
When = Annotated[Any, WithJsonSchema({"anyOf": [{"type": "object"}, {"type": "string"}]})]


def _one_action_a_step(steps: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
    for i, step in enumerate(steps):
        if len(step) != 1:
            raise ValueError(f"step {i + 1} must name one action, it names {', '.join(step) or 'none'}")
    return steps


Shown = Annotated[
    tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+-[0-9]+$")], ...],
    BeforeValidator(_as_list, json_schema_input_type=str | list[str]),
]
Steps = Annotated[
    tuple[dict[str, Any], ...],
    BeforeValidator(_steps, json_schema_input_type=list[str | dict[str, Any]]),
    Field(min_length=1),
    AfterValidator(_one_action_a_step),
]


def steps_of(steps: Sequence[Mapping[str, Any]]) -> list[tuple[str, Any]]:
    """Steps as (name of the action, its parameters as written)."""
    return [(name, {} if params is None else params) for step in steps for name, params in step.items()]


_EVER: Final = Duration("ever", days=36500)


def _once(value: object) -> Duration:
    return _EVER if value in (_EVER, _EVER.text) else parse_duration(value)


OnceText = Annotated[
    Duration,
    BeforeValidator(_once),
    PlainSerializer(lambda duration: duration.text, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["7d", "1d working", "ever"]}),
]


class Throttle(Strict):
    """At most so many matches of a rule in any such time."""

    most: int = Field(ge=1)
    per: DurationText


class Rung(Strict):
    """One rung of a ladder: what to do when the rule's conditions still hold so long after the event."""

    after: DurationText
    do: Steps


class BrakeSettings(Strict):
    """How many cards a rule may touch `within` that time before it stops itself; `new_leads` of what is new."""

    cards: int | None = Field(default=None, ge=1)
    new_leads: int | None = Field(default=None, ge=1)
    within: DurationText | None = None

    @field_validator("within")
    @classmethod
    def _on_the_clock(cls, span: Duration | None) -> Duration | None:
        if span is not None and (span.working or span.clock or not (span.days or span.seconds)):
            raise ValueError(f"«{span.text}»: the brake counts plain time, write 10m or 1h")
        return span


BrakeSetting = BrakeSettings | Literal["off"]


_TRIGGERS: Final = ("on", "every", "at", "date")
_ONLY_WITH: Final = {"channel": ("on",), "days": ("every", "at"), "each": ("every", "at"), "shift": ("date",)}
"""Keys that belong to some triggers only."""

_DATES_LOOKED_AT: Final = parse_duration("5m")
"""How often the dates of cards are looked at where the rule names no hour: they may have one of their own."""


class Rule(Strict):
    """When an event of type `on` comes (from `channel`, if named) and `when` holds, do these steps in order.

    Instead of `on`, the clock: `every` so often, or `at` times of day, on the `days` that are named, else on all; then
    `each` asks for every open card of a kind, or (`person`) for everyone of the staff, instead of one tick. Or the
    `date` of a field of a card (`lead.fields.…`), shifted by `shift`, `at` a time of day.
    With `wait` the conditions are read when the time is over; with `escalate` anew at each rung, all of which count
    from the same moment. `unless`: not any more when such an event about the same lead or person came meanwhile.
    `once_within`: not again for the same lead, or person, in that time; `throttle`: not oftener than that for anybody.
    `stop`: no later rule sees the event if this one matched. `urgent`: its steps overtake whatever else waits for the
    CRM. `brake` differs from the config's where it says so. `guard`: a match is a
    violation, which is counted; then there need be nothing to do.
    """

    name: str = Field(min_length=1)
    on: EventTypes = ()
    every: Every = None
    at: At = ()
    days: Days = ()
    each: Literal["lead", "task", "contact", "company", "person"] | None = None
    date: str = ""
    shift: ShiftText | None = None
    channel: Channels = ()
    when: When = None
    wait: DurationText | None = None
    unless: EventTypes = ()
    do: Steps = ()
    escalate: Annotated[tuple[Rung, ...], Field(min_length=1)] = ()
    once_within: OnceText | None = None
    throttle: Throttle | None = None
    guard: GuardText | None = None
    stop: bool = False
    urgent: bool = False
    brake: BrakeSetting | None = None

    _interval = field_validator("every")(interval)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        triggers = [key for key in _TRIGGERS if getattr(self, key) and not (key == "at" and self.date)]
        if len(triggers) != 1:
            told = " and ".join(triggers) if triggers else "none"
            raise ValueError(f"a rule starts in one way, on, every, at or date: here is {told}")
        for key, others in _ONLY_WITH.items():
            if getattr(self, key) and not set(triggers) & set(others):
                raise ValueError(f"{key} goes with {' or '.join(others)}, not with {triggers[0]}")
        if self.date and len(self.at) > 1:
            raise ValueError("a date has one time of day: write one at")
        if self.do and self.escalate:
            raise ValueError("write do, or escalate with a do of its own at each rung: one of both")
        if not self.do and not self.escalate and self.guard is None and not self.stop:
            raise ValueError("a rule needs do or escalate (one of both), or guard: what is to be counted, or stop")
        if self.escalate and self.wait is not None:
            raise ValueError("the rungs of escalate wait by themselves: write the time as their after, without wait")
        if self.unless and not self.waits:
            raise ValueError("unless drops what waits: it goes with wait or escalate")
        return self

    @property
    def schedule(self) -> Schedule | None:
        """When it comes due by the clock, if it does."""
        if self.date and not self.at:
            return Schedule(_DATES_LOOKED_AT, ())
        return Schedule(self.every, self.at, self.days) if self.every or self.at else None

    @property
    def kind(self) -> str:
        """The kind of card that it asks for each of; empty where it asks for none."""
        return "" if self.asks_staff else self.each or self.date.partition(".")[0]

    @property
    def asks_staff(self) -> bool:
        """Whether it asks for each of the staff."""
        return self.each == "person"

    @property
    def firing(self) -> Firing | None:
        """When it fires for a card, where that is a matter of a date of the card."""
        clock = self.at[0] if self.at else None
        return Firing(self.date, self.shift or Shift(), clock) if self.date else None

    @property
    def waits(self) -> bool:
        """Whether its conditions are read later than its event."""
        return self.wait is not None or bool(self.escalate)

    @property
    def triggers(self) -> tuple[EventType, ...]:
        """The event types that it starts on."""
        if self.heard or self.schedule is None:
            return self.heard
        if self.asks_staff:
            return (EventType.STAFF_CHECKED,)
        return (CHECKED.get(self.kind, EventType.CLOCK_TICK),)

    @property
    def heard(self) -> tuple[EventType, ...]:
        """The event types of `on` that exist: events that other rules see as well."""
        return tuple(kind for kind in self.on if isinstance(kind, EventType))

    @property
    def steps(self) -> list[tuple[str, Any]]:
        """The steps of `do`; those of a ladder are its rungs'."""
        return steps_of(self.do)

    @property
    def droppers(self) -> tuple[EventType, ...]:
        """The event types of `unless` that exist."""
        return tuple(kind for kind in self.unless if isinstance(kind, EventType))


class Calendar(Strict):
    """Working time. `days_off` and `working_days` are the client's own exceptions and win over the state's."""

    hours: str
    holidays: Literal["RU"] | None = None
    days_off: tuple[date, ...] = ()
    working_days: tuple[date, ...] = ()

    @field_validator("hours")
    @classmethod
    def _readable(cls, text: str) -> str:
        parse_hours(text)
        return text


class RuleTest(Strict):
    """What the rules must make of an event: `given` is its type, channel, person and payload fields.

    `at` is a moment on the client's clocks; `facts` what the outside would answer (`person.known`, `lead`).
    `shows` are the numbers of the client's requirements that it shows (`S4-01`).
    """

    name: str = Field(min_length=1)
    shows: Shown = ()
    given: dict[str, Any]
    at: datetime | str | None = None
    facts: dict[str, Any] = Field(default_factory=dict)
    expect: Literal["no_actions"] | dict[str, Any]
