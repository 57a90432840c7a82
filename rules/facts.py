"""The names that a rule may use, and the facts among them that have to be fetched from outside.

Outside facts are fetched when a condition or text first asks, once per evaluation, and recorded, so that the same
plan can be computed again from the record alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Protocol, TypeVar

from provodka.crm import StaffTask
from provodka.event import Event
from provodka.mail_thread import mail_of
from provodka.payloads import (
    PAYLOADS,
    CallEvent,
    Change,
    CompanyRef,
    ContactRef,
    EventType,
    LeadRef,
    PaymentEvent,
    Person,
    TaskRef,
    Utm,
)
from rules.actions.chain import CHAIN_LINK, ChainLink
from rules.calendar import WorkingCalendar
from rules.fact import CONTACT, FACTS, GROUPS, LEAD, ROOTS, THREAD, ResponsibleFact
from rules.fact import KnownContact as KnownContact
from rules.faults import NotOnRecordError
from rules.figures import Answer, Figures
from rules.moments import Clock
from rules.team import Team
from rules.told import ToldBefore, told_of_record

CHAIN: Final = "task.chain"
TRACKING: Final = "call.tracking"

Card = LeadRef | ContactRef | CompanyRef | TaskRef
C = TypeVar("C", bound=LeadRef | ContactRef | CompanyRef | TaskRef)

_FIELDS: Final = {cls: tuple(f.name for f in dataclasses.fields(cls)) for cls in set(PAYLOADS.values())}
_PARTS: Final = {tuple(name.split(".")): name for name in FACTS}
_CALLS: Final = frozenset({"person.known", *(fact.name for fact in FACTS.values() if fact.is_part)})


class Facts(Protocol):
    """What a rule may ask of the outside about one event. A `ConnectorError` passes through the evaluation."""

    def fetch(self, name: str) -> Any:  # noqa: ANN401 -- of the type that FACTS names
        """The value of a fact; its `empty` where nothing is known."""

    def chain(self) -> ChainLink | None:
        """Of a completed task: that we made it, with what is to follow it. None for any other."""

    def told(self) -> ToldBefore | None:
        """Of a call, a form or a letter: the first event that told of the same one before. None for any other."""


@dataclass(frozen=True, slots=True)
class StaticFacts:
    """Facts that are given, not fetched: the person's card, the lead, and `others` by name."""

    known: KnownContact | None = None
    current: LeadRef | None = None
    others: Mapping[str, Any] = field(default_factory=dict)
    link: ChainLink | None = None
    before: ToldBefore | None = None

    def fetch(self, name: str) -> Any:  # noqa: ANN401
        if name == CONTACT:
            return self.known
        return self.current if name == LEAD else self.others.get(name, FACTS[name].empty)

    def chain(self) -> ChainLink | None:
        return self.link

    def told(self) -> ToldBefore | None:
        return self.before


class RecordedFacts:
    """Facts out of an earlier trace: `PlanTrace.facts`. What was not asked then is a NotOnRecordError now."""

    def __init__(self, record: Mapping[str, Any]) -> None:
        self._record = record

    def chain(self) -> ChainLink | None:
        return CHAIN_LINK.validate_python(self._record.get(CHAIN))

    def told(self) -> ToldBefore | None:
        return told_of_record(self._record)

    def fetch(self, name: str) -> Any:  # noqa: ANN401
        if name not in self._record and name in (TRACKING, THREAD):
            return FACTS[name].empty  # asked beside others, and put down where there was something
        if name not in self._record:
            raise NotOnRecordError(name)
        return FACTS[name].adapter.validate_python(self._record[name])


class FactsOnce:
    """Asks the source once for each fact and keeps what it said, as JSON values, in `record`.

    Rules see staff keys where the CRM says logins.
    """

    __slots__ = ("_of_letter", "_seen", "_source", "_team", "record")

    def __init__(self, source: Facts, team: Team, *, of_letter: bool = False) -> None:
        self._of_letter = of_letter
        self._source = source
        self._team = team
        self._seen: dict[str, Any] = {}
        self.record: dict[str, Any] = {}

    def get(self, name: str) -> Any:  # noqa: ANN401
        """The value of a fact as rules see it."""
        if name not in self._seen:
            try:
                value = self._source.fetch(name)
            except AttributeError as error:  # it would pass for a name that is not there
                raise RuntimeError(f"the fact {name} cannot be fetched: {error}") from error
            self.record[name] = FACTS[name].adapter.dump_python(value, mode="json")
            self._seen[name] = with_keys(value, self._team)
            if name == LEAD and self._of_letter:
                self._why_this_lead()
        return self._seen[name]

    def _why_this_lead(self) -> None:
        """The reason is put down with the lead of a letter, whether a rule reads it or not: for `explain`."""
        if self.get(THREAD) == FACTS[THREAD].empty:
            self.record.pop(THREAD, None)

    def tracking(self) -> Utm:
        """What call tracking has told of a call. It is asked for whether a rule reads it or not, so that a rule which
        reads the source of a call can be judged for calls of the past, too."""
        value: Utm = self.get(TRACKING)
        if value == Utm():
            self.record.pop(TRACKING, None)
        return value

    def chain(self) -> ChainLink | None:
        link = self._source.chain()
        if link is not None:
            self.record[CHAIN] = CHAIN_LINK.dump_python(link, mode="json")
        return link

    def told(self) -> ToldBefore | None:
        before = self._source.told()
        if before is not None:
            self.record[before.name] = before.dump()
        return before


class View:
    """A name whose parts are facts of their own, each fetched when it is first read; the others are its `own` value's.

    A group of facts has no value of its own.
    """

    __slots__ = ("_facts", "_name", "_own")

    def __init__(self, facts: FactsOnce, name: str, own: object = None) -> None:
        self._facts = facts
        self._name = name
        self._own = own

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- a part of the value, or a fact
        fact = _PARTS.get((self._name, name))
        return getattr(self._own, name) if fact is None else self._facts.get(fact)


class PersonView(View):
    """`person` as rules see it: what the event says, and what is known of them."""

    __slots__ = ()

    def __init__(self, person: Person, facts: FactsOnce) -> None:
        super().__init__(facts, "person", person)

    @property
    def known(self) -> bool:
        return self._facts.get(CONTACT) is not None


def utm_of(event: CallEvent, tracked: Utm) -> Utm:
    """`utm` of a call: what the exchange tells, which is often no more than the name of the line; then what call
    tracking has told of the same call, if it has."""
    knows_little = event.utm in (Utm(), Utm(source=event.call.line_name))
    return tracked if knows_little and tracked != Utm() else event.utm


class Lazy:
    """A name that has to be fetched: nothing is asked before a rule reads a part of it."""

    __slots__ = ("_facts", "_name")

    def __init__(self, facts: FactsOnce, name: str) -> None:
        self._facts = facts
        self._name = name

    def now(self) -> Any:  # noqa: ANN401
        return self._facts.get(self._name)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- a part of the fact, or a fact of its own
        if (part := _PARTS.get((self._name, name))) is not None:
            return self._facts.get(part)
        value = self.now()
        if value is None or name.startswith("_"):
            raise AttributeError(name)
        if isinstance(value, Mapping):
            if name not in value:
                raise AttributeError(name)
            return value[name]
        return getattr(value, name)

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 -- `pages['запись']`
        value = self.now()
        if not isinstance(value, Mapping):
            raise TypeError(f"{self._name} has no items")  # Jinja looks for a part then
        return value[name]

    def __bool__(self) -> bool:
        return self.now() is not None


@dataclass(frozen=True, slots=True)
class EventView:
    """`event` as rules see it; times on the client's clocks."""

    type: EventType
    channel: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Scope:
    """Everything that a rule may name, for one event at one moment."""

    names: Mapping[str, Any]
    facts: FactsOnce
    clock: Clock
    outside: frozenset[str] = frozenset()  # the names that need a call for this event
    answers: dict[int, Any] = field(default_factory=dict)  # of conditions that other rules have too

    def read(self, parts: tuple[str, ...]) -> Any:  # noqa: ANN401 -- the value of any field
        """The value at a path; None where the path ends early (no order, no such form field, no lead)."""
        value = self.names.get(parts[0])
        for at, part in enumerate(parts):
            if at and isinstance(value, dict):
                return value.get(".".join(parts[at:]))
            if at:
                value = getattr(value, part, None)
        return value.now() if isinstance(value, Lazy) else value


def calls_of(parts: tuple[str, ...]) -> frozenset[str]:
    """The names in a path that need a call; those of the event's own cards do not, see `Scope.outside`."""
    return frozenset({parts[0]}.intersection(ROOTS) | {".".join(parts[:2])}.intersection(_CALLS))


@dataclass(frozen=True, slots=True)
class House:
    """What the names need that is the same for every event: the client, its staff, its clocks and its plans."""

    client: str
    team: Team
    calendar: WorkingCalendar
    plans: Mapping[str, Decimal] = field(default_factory=dict)

    def scope(self, event: Event, facts: Facts, now: datetime, *, resumed: bool) -> Scope:
        """The names for this event. A card's own event shows its snapshot; after a wait the card is read anew."""
        once = FactsOnce(facts, self.team, of_letter=mail_of(event.payload) is not None)
        own = {name: with_keys(getattr(event.payload, name), self.team) for name in _FIELDS[type(event.payload)]}
        lazy = {name: Lazy(once, name) for name in ROOTS if resumed or own.get(name) is None}
        names: dict[str, Any] = {**own, **lazy}
        names |= {name: View(once, name) for name, kinds in GROUPS.items() if event.type in kinds}
        if "who" in own:
            names["who"] = View(once, "who", own["who"])
        if isinstance(event.payload, CallEvent):
            names["call"] = View(once, "call", own["call"])
            names["utm"] = utm_of(event.payload, once.tracking())
        if isinstance(event.payload, PaymentEvent):
            names["payment"] = View(once, "payment", own["payment"])
        names["person"] = PersonView(event.person, once)
        names["event"] = EventView(event.type, event.channel, self.calendar.local(event.occurred_at))
        clock = Clock(self.calendar.local(now), self.calendar)
        names["now"] = clock.now
        names["client"] = self.client
        names["plans"] = self.plans
        return Scope(names, once, clock, _CALLS.union(lazy))


V = TypeVar("V")


def with_keys(value: V, team: Team) -> V:
    """A value with staff keys instead of the CRM's logins of those who are responsible, or made the change."""
    if isinstance(value, tuple):
        return tuple(with_keys(one, team) for one in value)  # type: ignore[return-value]
    if (inner := _HOLDING.get(type(value))) is not None:
        return dataclasses.replace(value, **{inner: with_keys(getattr(value, inner), team)})  # type: ignore[type-var]
    member = _STAFF.get(type(value))
    if member is None:
        return value
    login = getattr(value, member)
    key = team.key(login)
    return value if key == login else dataclasses.replace(value, **{member: key})  # type: ignore[type-var]


_STAFF: Final[dict[type[Any], str]] = {
    LeadRef: "responsible",
    ContactRef: "responsible",
    CompanyRef: "responsible",
    TaskRef: "responsible",
    ResponsibleFact: "key",
    Change: "by",
}

_HOLDING: Final[dict[type[Any], str]] = {StaffTask: "lead", Figures: "answer", Answer: "waiting"}
"""The member of these values that holds such ones."""
