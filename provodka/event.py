"""An event: an immutable fact that something happened outside."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import TypeAdapter

from provodka.payloads import (
    PAYLOADS,
    EventType,
    InvoiceEvent,
    Payload,
    Person,
    StaffChecked,
    TaskEvent,
    card_of,
    lead_of,
)
from provodka.talks import talk_of

_ADAPTERS: Final[dict[type[Any], TypeAdapter[Any]]] = {}


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    """Built when first needed: all of them together would cost a tenth of the start-up time and of the memory."""
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


_PERSON: Final = TypeAdapter(Person)


def new_event_id(now: datetime) -> str:
    """A fresh id that sorts by time: 12 hex digits of milliseconds, 12 random ones."""
    return f"{int(now.timestamp() * 1000):012x}{secrets.token_hex(6)}"


@dataclass(frozen=True, slots=True)
class Event:
    """One fact. `(channel, external_id)` is what makes it the same delivery when it comes twice.

    `raw` is the body as received, for support. Times are aware UTC.
    """

    id: str
    type: EventType
    channel: str
    external_id: str
    occurred_at: datetime
    received_at: datetime
    person: Person
    payload: Payload
    raw: bytes = b""

    def __post_init__(self) -> None:
        for name in ("occurred_at", "received_at"):
            moment: datetime = getattr(self, name)
            if moment.tzinfo is None:
                raise ValueError(f"{name} of event {self.id} has no time zone")
        if not isinstance(self.payload, PAYLOADS[self.type]):
            expected, given = PAYLOADS[self.type].__name__, type(self.payload).__name__
            raise TypeError(f"an event {self.type} carries {expected}, not {given}")

    @property
    def identities(self) -> tuple[str, ...]:
        """What joins this event to a lane: the person's, the ids of the cards that it is about, or the staff key."""
        payload = self.payload
        if (lead := lead_of(payload)) is not None:
            return (*self.person.identities, f"lead:{lead.id}", *(f"contact:{c}" for c in lead.contacts))
        if isinstance(payload, StaffChecked):
            cards = [("staff", payload.who.key)]
        elif isinstance(payload, InvoiceEvent):
            cards = [("lead", payload.invoice.lead)]
        elif isinstance(payload, TaskEvent):
            cards = [("contact", payload.task.contact), ("company", payload.task.company)]
        else:
            cards = [card for card in (card_of(payload),) if card is not None]
        talk = talk_of(payload, self.channel)
        return (*self.person.identities, *(f"{kind}:{one}" for kind, one in cards if one), *((talk,) if talk else ()))


def dump_payload(payload: Payload) -> bytes:
    """JSON of a payload, as the journal keeps it."""
    return bytes(_adapter(type(payload)).dump_json(payload))


def load_payload(kind: EventType, body: bytes | str) -> Payload:
    """A payload from the journal's JSON."""
    loaded: Payload = _adapter(PAYLOADS[kind]).validate_json(body)
    return loaded


def build_payload(kind: EventType, values: dict[str, Any]) -> Payload:
    """A payload from plain values, as rule tests give them; raises pydantic's ValidationError."""
    built: Payload = _adapter(PAYLOADS[kind]).validate_python(values)
    return built


def dump_person(person: Person) -> bytes:
    """JSON of a person, as the journal keeps it."""
    return bytes(_PERSON.dump_json(person))


def load_person(body: bytes | str) -> Person:
    """A person from the journal's JSON."""
    return _PERSON.validate_json(body)


def utc_now() -> datetime:
    """The clock that is passed in everywhere outside tests."""
    return datetime.now(UTC)
