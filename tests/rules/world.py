"""A small world for rules: a CRM, a messenger and a journal in memory that write down what was asked of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from provodka.crm import (
    Contact,
    ContactAddition,
    FoundPerson,
    LeadChange,
    LeadReopening,
    Missing,
    Need,
    NewCall,
    NewLead,
    NewNote,
    NewTask,
    StaffMessage,
    StaffReply,
    StaffWork,
    Task,
    User,
)
from provodka.errors import ConnectorError
from provodka.event import Event, build_payload
from provodka.messages import ClientMessage
from provodka.operation import Done, Outcome, Repeat, Request, operation
from provodka.payloads import Attachment, EventType, LeadRef, Person
from rules.actions import DELIVERED, REGISTRY
from rules.actions.base import Delivery, Fate, Links
from rules.assignment.memory import GivenStaff, TurnsInMemory
from rules.calendar import WorkingCalendar
from rules.engine import Engine
from rules.facts import StaticFacts
from rules.plan import Plan, PlannedAction
from rules.schema import Rule
from rules.team import Staff, Team
from tests.rules.fake_web import FakeWeb
from tests.rules.fake_work import FakeWork

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # a Monday, 12:00 in Moscow
MOSCOW = ZoneInfo("Europe/Moscow")
STAFF = {
    "anna": Staff(crm="anna@krovlya.ru", extension="101"),
    "ivan": Staff(crm="ivan@krovlya.ru", extension="102"),
    "rop": Staff(crm="rop@krovlya.ru", telegram=1234567),
}
TEAM = Team(STAFF)
CALENDAR = WorkingCalendar(MOSCOW, "пн-пт 09:00-18:00", holidays="RU")
CLIENT = Person("Пётр Сидоров", ("+79160001122",), ("petr@example.ru",))


def make_event(
    kind: str = "form.submitted", person: Person = CLIENT, *, id: str = "e1", channel: str = "site", **payload: Any
) -> Event:
    """An event with this payload."""
    return Event(id, EventType(kind), channel, id, NOW, NOW, person, build_payload(EventType(kind), payload))


def make_rule(*do: Any, on: Any = "form.submitted", name: str = "Заявка с сайта", **more: Any) -> Rule:
    """A rule that does these steps; without any it has a ladder, and with `on` None another trigger, in the rest."""
    written = {"on": on, "do": list(do)}
    return Rule.model_validate({"name": name, **{key: value for key, value in written.items() if value}, **more})


def make_engine(*rules: Rule, team: Team = TEAM) -> Engine:
    return Engine(rules, REGISTRY, team, CALENDAR, "Кровля Плюс")


def plan_of(*do: Any, event: Event | None = None, facts: StaticFacts | None = None, **more: Any) -> Plan:
    """The plan of a single rule with these steps."""
    event = event or make_event()
    rule = make_rule(*do, on=event.type.value, **more)
    return make_engine(rule).evaluate(event, facts or StaticFacts(), NOW)


class FakeCrm(FakeWork):
    """Keeps cards and leads in memory; `asked` lists every call with what was sent, `refuse` makes one fail."""

    name = "fake"
    no_kopecks = False

    def __init__(self) -> None:
        self.contact_cards: dict[str, Contact] = {}
        self.doubles: dict[str, tuple[str, ...]] = {}
        self.lead_cards: dict[str, LeadRef] = {}
        self.staff = [User(str(i), one.crm, key) for i, (key, one) in enumerate(STAFF.items(), 1)]
        self.asked: list[tuple[str, Any]] = []
        self.refuse: dict[str, ConnectorError | Callable[[Any], ConnectorError | None]] = {}
        self.stamps: dict[str, str] = {}
        self.tasks: dict[str, Task] = {}
        self.work: dict[str, StaffWork] = {}

    def know(self, contact: Contact, *leads: LeadRef) -> None:
        """A card with its leads, newest first."""
        self.contact_cards[contact.id] = contact
        self.lead_cards.update({lead.id: replace(lead, contacts=(contact.id,)) for lead in leads})

    def calls(self, name: str) -> list[Any]:
        """What was sent by the calls of this name."""
        return [sent for asked, sent in self.asked if asked == name]

    @property
    def names(self) -> list[str]:
        """The names of all calls, in order."""
        return [name for name, _ in self.asked]

    def find_people(self, people: Sequence[Person]) -> list[FoundPerson | None]:
        self._read("find_people", list(people))
        return [self._find(person) for person in people]

    def _find(self, person: Person) -> FoundPerson | None:
        for card in self.contact_cards.values():
            if {*card.phones, *card.emails} & {*person.phones, *person.emails}:
                return FoundPerson(card, self.doubles.get(card.id, ()))
        return None

    def contacts(self, ids: Sequence[str]) -> dict[str, Contact]:
        self._read("contacts", tuple(ids))
        return {id_: self.contact_cards[id_] for id_ in ids if id_ in self.contact_cards}

    def leads(self, ids: Sequence[str]) -> dict[str, LeadRef]:
        self._read("leads", tuple(ids))
        return {id_: self.lead_cards[id_] for id_ in ids if id_ in self.lead_cards}

    def open_leads(self, contact_ids: Sequence[str], pipeline: str = "") -> dict[str, list[LeadRef]]:
        self._read("open_leads", tuple(contact_ids))
        opened = [lead for lead in self.lead_cards.values() if lead.state == "open"]
        return {id_: [lead for lead in opened if id_ in lead.contacts] for id_ in contact_ids}

    def whole_prices(self) -> bool:
        return self.no_kopecks

    def users(self) -> Sequence[User]:
        return self.staff

    def check(self, needs: Sequence[Need], *, create: bool = False) -> list[Missing]:
        return []

    def _read(self, name: str, sent: Any) -> None:
        self.asked.append((name, sent))
        refusal = self.refuse.get(name)
        error = refusal(sent) if callable(refusal) else refusal
        if error is not None:
            raise error

    def _write(
        self, name: str, requests: Sequence[Request[Any]], make: Callable[[Request[Any], int], Outcome]
    ) -> list[Outcome]:
        self.asked.append((name, [request.params for request in requests]))
        refusal = self.refuse.get(name)
        outcomes: list[Outcome] = []
        for i, request in enumerate(requests):
            error = refusal(request.params) if callable(refusal) else refusal
            outcomes.append(error if error is not None else make(request, i))
        return outcomes

    @operation(repeat=Repeat.STAMP, batch=50)
    def create_leads(self, requests: Sequence[Request[NewLead]]) -> list[Outcome]:
        def make(request: Request[NewLead], i: int) -> Outcome:
            id_ = str(100 + len(self.lead_cards))
            contact = request.params.contact_id or f"c{id_}"
            self.lead_cards[id_] = LeadRef(id_, request.params.title, contacts=(contact,))
            self.stamps[request.key] = id_
            made = "" if request.params.contact_id else contact
            values = {"contact_id": made, "responsible": request.params.responsible}
            return Done(id_, {**values, "url": f"https://crm/leads/{id_}"})

        return self._write("create_leads", requests, make)

    @create_leads.find
    def _created(self, requests: Sequence[Request[NewLead]]) -> list[Done | None]:
        self.asked.append(("look back", [request.key for request in requests]))
        found = [self.stamps.get(request.key) for request in requests]
        return [Done(id_, {"contact_id": f"c{id_}"}, found=True) if id_ else None for id_ in found]

    @operation(repeat=Repeat.SAFE, batch=50)
    def update_leads(self, requests: Sequence[Request[LeadChange]]) -> list[Outcome]:
        return self._write("update_leads", requests, lambda r, _: Done(r.params.lead_id))

    @operation(repeat=Repeat.SAFE, batch=50)
    def reopen_leads(self, requests: Sequence[Request[LeadReopening]]) -> list[Outcome]:
        return self._write("reopen_leads", requests, lambda r, _: Done(r.params.lead_id))

    @operation(repeat=Repeat.SAFE, batch=50)
    def add_to_contacts(self, requests: Sequence[Request[ContactAddition]]) -> list[Outcome]:
        return self._write("add_to_contacts", requests, lambda r, _: Done(r.params.contact_id))

    @operation(repeat=Repeat.PERSON, batch=50)
    def create_tasks(self, requests: Sequence[Request[NewTask]]) -> list[Outcome]:
        return self._write("create_tasks", requests, lambda _, i: Done(f"t{i}"))

    @operation(repeat=Repeat.PERSON, batch=50)
    def add_notes(self, requests: Sequence[Request[NewNote]]) -> list[Outcome]:
        return self._write("add_notes", requests, lambda _, i: Done(f"n{i}"))

    @operation(repeat=Repeat.PERSON, batch=50)
    def log_calls(self, requests: Sequence[Request[NewCall]]) -> list[Outcome]:
        return self._write("log_calls", requests, lambda _, i: Done(f"l{i}"))


class FakeMessenger:
    """Keeps what it was to send."""

    def __init__(self, medium: str = "telegram") -> None:
        self.name = self.medium = medium
        self.reaches = (medium,)
        self.carries_files = medium == "email"
        self.sent: list[Any] = []
        self.refuse: ConnectorError | None = None

    @operation(repeat=Repeat.SAFE, batch=1)
    def notify(self, requests: Sequence[Request[StaffMessage]]) -> list[Outcome]:
        return self._take(requests)

    @operation(repeat=Repeat.PERSON, batch=1)
    def write(self, requests: Sequence[Request[ClientMessage]]) -> list[Outcome]:
        return self._take(requests)

    def _take(self, requests: Sequence[Request[Any]]) -> list[Outcome]:
        if self.refuse is not None:
            return [self.refuse] * len(requests)
        self.sent.extend(request.params for request in requests)
        return [Done("m") for _ in requests]


class FakeLinks:
    """Our own links: lead ids by identity, and logged calls."""

    def __init__(self) -> None:
        self.leads: dict[str, tuple[str, ...]] = {}
        self.logged: dict[str, str] = {}
        self.written: dict[str, datetime] = {}
        self.heard: dict[str, datetime] = {}
        self.shown: set[str] = set()
        self.fates: dict[str, Fate] = {}
        self.answers: dict[tuple[str, str], StaffReply] = {}
        self.told: set[str] = set()

    def of(self, identities: Sequence[str]) -> Links:
        return Links(lead_ids=tuple(dict.fromkeys(id_ for i in identities for id_ in self.leads.get(i, ()))))

    def calls(self, ids: Sequence[str]) -> Mapping[str, str]:
        return {id_: self.logged[id_] for id_ in ids if id_ in self.logged}

    def shown_messages(self, ids: Sequence[str]) -> frozenset[str]:
        return self.shown & frozenset(ids)

    def fate(self, key: str) -> Fate:
        return self.fates.get(key, Fate())

    def answered(self, channel: str, sent_id: str) -> StaffReply | None:
        return self.answers.get((channel, sent_id))

    def reported(self, marks: Sequence[str]) -> frozenset[str]:
        return self.told & frozenset(marks)

    def last_heard(self, identities: Sequence[str], channel: str) -> datetime | None:
        return self.heard.get(channel)

    def last_message(self, identities: Sequence[str], series: str) -> datetime | None:
        return self.written.get(series)


@dataclass
class World:
    """`rules.actions.base.Outside` in memory, and the way of an action through it."""

    crm: FakeCrm | None = field(default_factory=FakeCrm)
    messengers: dict[str, FakeMessenger] = field(default_factory=dict)
    correspondents: dict[str, FakeMessenger] = field(default_factory=dict)
    recordings: dict[str, Any] = field(default_factory=dict)
    files: Any = None
    diallers: dict[str, Any] = field(default_factory=dict)
    cashiers: dict[str, Any] = field(default_factory=dict)
    web: FakeWeb = field(default_factory=FakeWeb)
    turns: TurnsInMemory = field(default_factory=lambda: TurnsInMemory(NOW))
    staff: GivenStaff = field(default_factory=lambda: GivenStaff(NOW))
    links: FakeLinks = field(default_factory=FakeLinks)
    team: Team = TEAM
    calendar: WorkingCalendar = CALENDAR
    now: datetime = NOW
    frozen: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    accounting: Any = None
    hinted: dict[str, str] = field(default_factory=dict)
    kept: dict[str, bytes] = field(default_factory=dict)
    inside: str = ""

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        assert not self.inside, "a lock inside a lock could wait for ever"
        self.inside = name
        yield
        self.inside = ""

    def hint(self, entities: Mapping[str, str]) -> None:
        self.hinted.update(entities)

    def keep(self, name: str, body: bytes) -> Attachment:
        self.kept[name] = body
        return Attachment(name, "application/pdf", len(body), sha256(body).hexdigest())

    def freeze(self, decisions: Mapping[str, Mapping[str, Any]]) -> None:
        self.frozen.update(decisions)
        if self.crm is not None:
            self.crm.asked.append(("freeze", sorted(decisions)))

    def deliver(self, *items: tuple[PlannedAction, Event], needed: Mapping[str, str] | None = None) -> list[Outcome]:
        """Deliver planned actions of one kind as one batch."""
        return self.deliver_items([delivery(action, event, needed=needed) for action, event in items], items[0][0].kind)

    def deliver_items(self, items: Sequence[Delivery], kind: str) -> list[Outcome]:
        return DELIVERED[kind].deliver(items, self)


def delivery(action: PlannedAction, event: Event, **more: Any) -> Delivery:
    """A planned action on its way; its lane has the event's own identities."""
    return Delivery(action.key, action.params, event.identities, event, **more)


def deliver_step(world: World, step: Any, event: Event | None = None, **more: Any) -> Outcome:
    """Plan a rule of one step for the event and deliver its (first) action."""
    event = event or make_event()
    action = plan_of(step, event=event).actions[0]
    (outcome,) = world.deliver_items([delivery(action, event, **more)], action.kind)
    return outcome
