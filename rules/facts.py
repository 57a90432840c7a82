"""The names that a rule may use, and the facts among them that have to be fetched from outside.

Outside facts are fetched when a condition or text first asks, once per evaluation, and recorded, so that the same
plan can be computed again from the record alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar

from pydantic import TypeAdapter

from provodka.event import Event
from provodka.payloads import PAYLOADS, CompanyRef, ContactRef, EventType, LeadRef, Person, TaskRef, lead_of
from rules.calendar import WorkingCalendar
from rules.faults import NotOnRecordError
from rules.moments import Clock
from rules.team import Team

CONTACT: Final = "person.contact"
LEAD: Final = "lead"

Card = LeadRef | ContactRef | CompanyRef | TaskRef
C = TypeVar("C", bound=LeadRef | ContactRef | CompanyRef | TaskRef)


@dataclass(frozen=True, slots=True)
class KnownContact:
    """The CRM's card of a known person."""

    id: str
    name: str = ""


_CONTACT: Final[TypeAdapter[KnownContact | None]] = TypeAdapter(KnownContact | None)
_LEAD: Final[TypeAdapter[LeadRef | None]] = TypeAdapter(LeadRef | None)
_FIELDS: Final = {cls: tuple(f.name for f in dataclasses.fields(cls)) for cls in set(PAYLOADS.values())}


class Facts(Protocol):
    """What a rule may ask of the outside about one event. A `ConnectorError` passes through the evaluation."""

    def contact(self) -> KnownContact | None:
        """The card of the event's person, or None when nobody knows them."""

    def lead(self) -> LeadRef | None:
        """The lead as it is now: the event's own where it is about one, else the person's newest open one."""


@dataclass(frozen=True, slots=True)
class StaticFacts:
    """Facts that are given, not fetched."""

    known: KnownContact | None = None
    current: LeadRef | None = None

    def contact(self) -> KnownContact | None:
        return self.known

    def lead(self) -> LeadRef | None:
        return self.current


class RecordedFacts:
    """Facts out of an earlier trace: `PlanTrace.facts`. What was not asked then is a NotOnRecordError now."""

    def __init__(self, record: Mapping[str, Any]) -> None:
        self._record = record

    def contact(self) -> KnownContact | None:
        return _CONTACT.validate_python(self._get(CONTACT))

    def lead(self) -> LeadRef | None:
        return _LEAD.validate_python(self._get(LEAD))

    def _get(self, name: str) -> Any:  # noqa: ANN401 -- JSON
        if name not in self._record:
            raise NotOnRecordError(name)
        return self._record[name]


class FactsOnce:
    """Asks the source once for each fact and keeps what it said, as JSON values, in `record`."""

    __slots__ = ("_contact", "_lead", "_source", "record")

    def __init__(self, source: Facts) -> None:
        self._source = source
        self.record: dict[str, Any] = {}
        self._contact: KnownContact | None = None
        self._lead: LeadRef | None = None

    def contact(self) -> KnownContact | None:
        if CONTACT not in self.record:
            self._contact = self._source.contact()
            self.record[CONTACT] = _CONTACT.dump_python(self._contact, mode="json")
        return self._contact

    def lead(self) -> LeadRef | None:
        if LEAD not in self.record:
            self._lead = self._source.lead()
            self.record[LEAD] = _LEAD.dump_python(self._lead, mode="json")
        return self._lead


class PersonView:
    """`person` as rules see it: what the event says, and whether the CRM knows them."""

    __slots__ = ("_facts", "_person")

    def __init__(self, person: Person, facts: FactsOnce) -> None:
        self._person = person
        self._facts = facts

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- a field of Person
        return getattr(self._person, name)

    @property
    def known(self) -> bool:
        return self._facts.contact() is not None

    @property
    def contact(self) -> KnownContact | None:
        return self._facts.contact()


class LazyLead:
    """`lead` where it has to be fetched: nothing is asked before a rule reads a field of it."""

    __slots__ = ("_facts", "_team")

    def __init__(self, facts: FactsOnce, team: Team) -> None:
        self._facts = facts
        self._team = team

    def now(self) -> LeadRef | None:
        lead = self._facts.lead()
        return None if lead is None else with_key(lead, self._team)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- a field of LeadRef
        lead = self.now()
        if lead is None or name.startswith("_"):
            raise AttributeError(name)
        return getattr(lead, name)

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
    lead_is_outside: bool
    clock: Clock
    answers: dict[int, Any] = field(default_factory=dict)  # of conditions that other rules have too

    def read(self, parts: tuple[str, ...]) -> Any:  # noqa: ANN401 -- the value of any field
        """The value at a path; None where the path ends early (no order, no such form field, no lead)."""
        value = self.names.get(parts[0])
        for at, part in enumerate(parts):
            if at and isinstance(value, dict):
                return value.get(".".join(parts[at:]))
            if at:
                value = getattr(value, part, None)
        return value.now() if isinstance(value, LazyLead) else value

    def asks_outside(self, parts: tuple[str, ...]) -> bool:
        """Whether reading this path needs a call, for this event."""
        return self.lead_is_outside if parts[0] == LEAD else may_ask(parts)


def may_ask(parts: tuple[str, ...]) -> bool:
    """Whether reading this path needs a call for some events; for the others it never does."""
    return parts[0] == LEAD or parts[:2] in (("person", "known"), ("person", "contact"))


@dataclass(frozen=True, slots=True)
class House:
    """What the names need that is the same for every event: the client, its staff and its clocks."""

    client: str
    team: Team
    calendar: WorkingCalendar

    def scope(self, event: Event, facts: Facts, now: datetime, *, resumed: bool) -> Scope:
        """The names for this event. A lead's own event shows its snapshot; after a wait the lead is read anew."""
        once = FactsOnce(facts)
        names: dict[str, Any] = {name: getattr(event.payload, name) for name in _FIELDS[type(event.payload)]}
        names = {name: with_key(of, self.team) if isinstance(of, Card) else of for name, of in names.items()}
        outside = resumed or lead_of(event.payload) is None
        names["lead"] = LazyLead(once, self.team) if outside else names["lead"]
        names["person"] = PersonView(event.person, once)
        names["event"] = EventView(event.type, event.channel, self.calendar.local(event.occurred_at))
        clock = Clock(self.calendar.local(now), self.calendar)
        names["now"] = clock.now
        names["client"] = self.client
        return Scope(names, once, outside, clock)


def with_key(card: C, team: Team) -> C:
    """The card with the staff key instead of the CRM's login of its responsible."""
    key = team.key(card.responsible)
    return card if key == card.responsible else dataclasses.replace(card, responsible=key)
