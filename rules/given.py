"""The event and the facts of a rule test, from what the config gives."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from pydantic import Field

from provodka import identity
from provodka.event import Event, build_payload
from provodka.payloads import PAYLOADS, ChatState, EventType, MessageEvent, Person, StaffChecked
from provodka.settings import Strict
from provodka.wording import did_you_mean
from rules.actions.chain import CHAIN_LINK
from rules.fact import CONTACT, FACTS, LEAD, ROOTS, Fact, ResponsibleFact, TalkFact
from rules.facts import CHAIN, StaticFacts
from rules.faults import RuleError
from rules.names import BY_ID, Node, names_for, node_of
from rules.schema import RuleTest
from rules.team import Team
from rules.told import TOLD, ToldBefore

USUAL_MOMENT: Final = "2026-03-02 12:00"
"""When a test plays that says nothing: a Monday noon on the client's clocks."""

_REQUIRED: Final[dict[str, dict[str, Any]]] = {
    "call": {"id": "1", "direction": "in"},
    **{card: {"id": "1"} for card in ("lead", "contact", "company", "task")},
    "invoice": {"id": "1:1", "lead": "1"},
    "who": {"key": ""},
    "sent": {"id": "1", "state": "delivered"},
}
_TALK: Final = {"chat": "1", "service": "telegram"}
_ENVELOPE: Final = ("type", "channel", "person")
_PERSON: Final = ("name", "phone", "phones", "email", "emails", "messengers")
_FACTS: Final = ("person.known", *FACTS, "staff", "owner", CHAIN, *TOLD)


def given_event(test: RuleTest, zone: ZoneInfo) -> Event:
    """The event; raises RuleError, or pydantic's ValidationError for a value that its field cannot hold."""
    kind = test.given.get("type")
    if kind not in tuple(EventType):
        raise RuleError(f"given.type: unknown event type {kind} ({did_you_mean(str(kind), tuple(EventType))})")
    at = moment(test.at or USUAL_MOMENT, zone)
    return Event(
        id="test",
        type=EventType(kind),
        channel=str(test.given.get("channel", "test")),
        external_id="test",
        occurred_at=at,
        received_at=at,
        person=_person(_mapping(test.given.get("person") or {}, "given.person")),
        payload=build_payload(EventType(kind), _values(test.given, EventType(kind))),
    )


def given_facts(given: Mapping[str, Any], event: Event, team: Team) -> StaticFacts:
    """Each fact by its name, and `person.known`. What is not said: a card of the event is found unchanged, the
    responsible is the lead's and at work, and nothing is known of all else.

    Whom an event is about is at work, too, unless `staff` says otherwise. `staff` and `owner` are for who is chosen:
    see `GivenPerson`, and `rules.assignment.choose`.
    """
    _refuse_others(given, _FACTS, "facts")
    who = event.payload.who.key if isinstance(event.payload, StaffChecked) else ""
    if isinstance(event.payload, StaffChecked):
        _refuse_others({who: None}, team, "given.who.key")
    said = {name: value for name, value in given.items() if name in FACTS}
    if given.get("person.known"):
        said.setdefault(CONTACT, {"id": "1", "name": event.person.name})
    own = {name: card for name in ROOTS if (card := getattr(event.payload, name, None)) is not None}
    facts = {**own, **{name: _fact(FACTS[name], value, own.get(name)) for name, value in said.items()}}
    lead = facts.get(LEAD)
    if lead is not None and lead.responsible:
        key = team.key(lead.responsible)
        facts.setdefault("responsible", ResponsibleFact(key, key))
    people = given_people(given, team)
    if (responsible := facts.get("responsible")) is not None:
        facts.setdefault("responsible.present", responsible.key not in people or people[responsible.key].present)
    if isinstance(event.payload, MessageEvent):
        message = event.payload.message
        facts.setdefault("talk", TalkFact(True, 1, event.occurred_at, message.text, message.service))
    if who:
        facts.setdefault("who.present", people[who].present)
    link = {"key": "test", **_mapping(given[CHAIN], f"facts.{CHAIN}")} if given.get(CHAIN) else None
    return StaticFacts(facts.get(CONTACT), lead, facts, CHAIN_LINK.validate_python(link), _told(given))


def _told(given: Mapping[str, Any]) -> ToldBefore | None:
    """That the call, the form or the letter was told of before: any of what a trace says of it."""
    for name, usual in TOLD.items():
        if said := given.get(name):
            values = _mapping(said, f"facts.{name}")
            _refuse_others(values, (field.name for field in dataclasses.fields(ToldBefore)), f"facts.{name}")
            rules = tuple(map(str, values.get("rules") or ()))
            return ToldBefore(**{"event": "1", "type": usual.value, "channel": "", **values, "rules": rules})
    return None


def _fact(fact: Fact, said: object, own: object) -> Any:  # noqa: ANN401 -- of the fact's model
    """A fact as a test says it; what every card has, but no rule looks at, need not be given."""
    path = f"facts.{fact.name}"
    if said is None and fact.empty is None:
        return None
    node = node_of(fact.model)
    if node.fields:
        _mapping(said, path)
    _refuse_unknown(said, node, path)
    return fact.adapter.validate_python(_with_ids(said, node, getattr(own, "id", "1")))


def _with_ids(said: Any, node: Node, usual: str) -> Any:  # noqa: ANN401 -- any part of a fact
    """With the ids that cards and tasks have: a list's count from 1."""
    if isinstance(said, list) and node.item is not None:
        return [_with_ids(one, node.item, str(i)) for i, one in enumerate(said, 1)]
    if not isinstance(said, Mapping) or not node.fields:
        return said
    inner = {name: _with_ids(value, node.fields[name], "1") for name, value in said.items() if name in node.fields}
    return {**({"id": usual} if "id" in node.fields else {}), **inner}


class GivenPerson(Strict):
    """What a test says of one of the staff: an active user of the CRM or not, seen at work or not, leads and sales."""

    active: bool = True
    present: bool = True
    open_leads: int = Field(default=0, ge=0)
    results: int = Field(default=0, ge=0)


def given_people(given: Mapping[str, Any], team: Team) -> dict[str, GivenPerson]:
    """All of the staff, as `facts.staff` says or usual; raises RuleError or ValidationError."""
    said = _mapping(given.get("staff") or {}, "facts.staff")
    _refuse_others(said, team, "facts.staff")
    return {key: GivenPerson.model_validate(said.get(key) or {}) for key in team}


def given_owner(given: Mapping[str, Any], team: Team) -> str:
    """The responsible that the person or lead has already, a staff key; raises RuleError."""
    owner = str(given.get("owner") or "")
    if owner:
        _refuse_others({owner: None}, team, "facts.owner")
    return owner


def moment(value: object, zone: ZoneInfo) -> datetime:
    """A moment on the client's clocks as aware UTC; raises RuleError."""
    try:
        read = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError as error:
        raise RuleError(f"«{value}» is no moment: write 2026-03-02 12:00") from error
    return (read if read.tzinfo else read.replace(tzinfo=zone)).astimezone(UTC)


def _values(given: Mapping[str, Any], kind: EventType) -> dict[str, Any]:
    """The payload's fields. What every call or lead has, but no rule looks at, need not be given."""
    values = {name: value for name, value in given.items() if name not in _ENVELOPE}
    _refuse_others(values, [field.name for field in dataclasses.fields(PAYLOADS[kind])], "given")
    _refuse_unknown({name: value for name, value in values.items() if name not in BY_ID}, names_for(kind), "given")
    for fact in FACTS.values():
        part = fact.name.partition(".")[2]
        if fact.is_part and isinstance(said := values.get(fact.root), Mapping) and part in said:
            raise RuleError(f"given.{fact.root}: {part} is a fact: write facts: {{{fact.name}: {said[part]}}}")
    for name, required in _REQUIRED.items():
        if name in values:
            values[name] = {**required, **_mapping(values[name], f"given.{name}")}
    return _of_talk(values, PAYLOADS[kind])


def _of_talk(values: dict[str, Any], payload: type[Any]) -> dict[str, Any]:
    """A message of a messenger, or what a chat has come to, with what each of them has."""
    if payload is ChatState:
        return {**_TALK, **values}
    if payload is MessageEvent:
        message = _mapping(values.get("message") or {}, "given.message")
        files = [
            {"kind": "file", "ref": "1", **_mapping(one, "given.message.files")} for one in message.get("files", ())
        ]
        return {**values, "message": {"id": "1", **_TALK, **message, "files": files}}
    return values


def _person(given: Mapping[str, Any]) -> Person:
    """Phones and emails may be written as one (`phone`) or as a list, and as people write them."""
    _refuse_others(given, _PERSON, "given.person")
    phones = tuple(identity.phone(text) or text for text in _texts(given, "phone"))
    emails = tuple(identity.email(text) or text for text in _texts(given, "email"))
    return Person(str(given.get("name", "")), phones, emails, tuple(map(str, given.get("messengers", ()))))


def _texts(given: Mapping[str, Any], name: str) -> list[str]:
    one = [given[name]] if name in given else []
    return [str(value) for value in (*one, *given.get(f"{name}s", ()))]


def _mapping(value: object, path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise RuleError(f"{path}: expected a mapping, it is {value!r}")
    return value


def _refuse_others(values: Mapping[str, Any], known: Iterable[str], path: str) -> None:
    known = list(known)
    for name in values:
        if name not in known:
            raise RuleError(f"{path}: unknown name {name} ({did_you_mean(str(name), known)})")


def _refuse_unknown(said: object, node: Node, path: str) -> None:
    """Names that there are not, however deep."""
    if node.open:
        return
    if isinstance(said, Mapping):
        _refuse_others(said, [name for name, part in node.fields.items() if not part.computed], path)
        for name, value in said.items():
            _refuse_unknown(value, node.fields[name], f"{path}.{name}")
    elif isinstance(said, list) and node.item is not None:
        for i, one in enumerate(said):
            _refuse_unknown(one, node.item, f"{path}.{i}")
