"""What the mirror keeps of leads, contacts, companies and tasks, in the ids of their CRM."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter

from connectors.crm.names import Id, Names
from provodka import identity
from provodka.crm import Contact, ContactAddition
from provodka.stores import Snapshot

LEAD: Final = "lead"
CONTACT: Final = "contact"
COMPANY: Final = "company"
TASK: Final = "task"
K = TypeVar("K", bound="KnownCard")
_E164_OF_RUSSIA: Final = re.compile(r"\+7[3489]\d{9}")  # what we write ourselves; reading it costs the most of a card


@dataclass(frozen=True, slots=True)
class KnownCard:
    """The last known state of a card, by ids, so that a renamed stage changes no lead. None: not known yet.

    `announced`: rules have been told of the card, or never will be; `ours`: we made it. `expected` holds what a write
    of ours that is under way is about to set: an echo of it is no news. Of `fields` it holds only those that are
    written, with an empty text for one that is emptied: others may be changed by other people meanwhile.
    """

    id: str
    announced: bool = field(default=True, kw_only=True)
    ours: bool = field(default=False, kw_only=True)
    expected: dict[str, Any] = field(default_factory=dict, kw_only=True)

    @property
    def identities(self) -> tuple[str, ...]:
        """By what the card is found in the mirror."""
        return ()


@dataclass(frozen=True, slots=True)
class KnownLead(KnownCard):
    """The last known state of a lead; times in unix seconds, `created_at` 0 where it is not known.

    `stage_since` holds while it is at `since_place`.
    """

    title: str | None = None
    pipeline_id: Id | None = None
    status_id: Id | None = None
    responsible_id: Id | None = None
    price: Id | None = None
    tags: tuple[str, ...] | None = None
    fields: dict[str, str] | None = None
    contacts: tuple[str, ...] | None = None
    created_at: int = 0
    stage_since: int = 0
    since_place: str = ""

    @property
    def identities(self) -> tuple[str, ...]:
        """Its contacts, and whose it is and where it stands."""
        contacts = tuple(f"contact:{one}" for one in self.contacts or ())
        if self.responsible_id is None or self.status_id is None:
            return contacts
        return (*contacts, place_mark(self.responsible_id, self.pipeline_id, self.status_id))

    @property
    def place(self) -> str:
        """Its pipeline and stage."""
        return place_of(self.pipeline_id, self.status_id)

    def standing(self, before: KnownLead | None, updated_at: datetime) -> KnownLead:
        """As it was just read, with the moment since when it stands where it stands, unless the CRM itself has told it.

        That is the moment of the change by which we saw it there first: it came there then, or earlier.
        """
        if self.stage_since:
            return self
        if before is not None and before.since_place == self.place:
            return replace(self, stage_since=before.stage_since, since_place=self.place)
        return replace(self, stage_since=int(updated_at.timestamp()), since_place=self.place)


@dataclass(frozen=True, slots=True)
class KnownParty(KnownCard):
    """A person's or a firm's card; times in unix seconds.

    `told` holds the members as rules last knew them, where the index of people has run ahead of the events; of `fields`
    only those that differ, with an empty text for one that was not there.
    """

    name: str
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    responsible_id: Id | None = None
    tags: tuple[str, ...] | None = field(default=None, kw_only=True)
    fields: dict[str, str] | None = field(default=None, kw_only=True)
    created_at: int = field(default=0, kw_only=True)
    updated_at: int = field(default=0, kw_only=True)
    told: dict[str, Any] = field(default_factory=dict, kw_only=True)

    @property
    def identities(self) -> tuple[str, ...]:
        return (*(f"phone:{p}" for p in self.phones), *(f"email:{e}" for e in self.emails))


@dataclass(frozen=True, slots=True)
class KnownContact(KnownParty):
    """The last known state of a contact."""

    leads: tuple[str, ...] = ()

    def neutral(self, names: Names) -> Contact:
        """As the rest of the house sees it."""
        return Contact(
            id=self.id,
            name=self.name,
            phones=self.phones,
            emails=self.emails,
            responsible=names.login_of(self.responsible_id) if self.responsible_id else "",
            leads=self.leads,
            updated_at=moment(self.updated_at) if self.updated_at else None,
        )


@dataclass(frozen=True, slots=True)
class KnownCompany(KnownParty):
    """The last known state of a company."""


@dataclass(frozen=True, slots=True)
class KnownTask(KnownCard):
    """The last known state of a task; `due`, `closed_at` and `alarm` in unix seconds.

    `alarm` is the moment from which rules are to be told that it is overdue; 0 where they are not, or were already.
    """

    text: str
    due: int = 0
    completed: bool = False
    closed_at: int = 0
    responsible_id: Id | None = None
    lead: str = ""
    contact: str = ""
    company: str = ""
    alarm: int = 0
    type: str = ""

    @property
    def identities(self) -> tuple[str, ...]:
        """Of an open one also the card that it hangs on, and whose it is."""
        marks = (alarm_mark(self.alarm),) if self.alarm else ()
        if self.completed:
            return marks
        cards = ((LEAD, self.lead), (CONTACT, self.contact), (COMPANY, self.company))
        whose = () if self.responsible_id is None else (task_mark(self.responsible_id),)
        return (*marks, *(f"{kind}:{one}" for kind, one in cards if one), *whose)


Known = KnownLead | KnownContact | KnownCompany | KnownTask
KINDS: Final[dict[str, type[KnownCard]]] = {
    LEAD: KnownLead,
    CONTACT: KnownContact,
    COMPANY: KnownCompany,
    TASK: KnownTask,
}
_ADAPTERS: Final[dict[type[KnownCard], TypeAdapter[Any]]] = {cls: TypeAdapter(cls) for cls in KINDS.values()}


def snapshot(card: KnownCard, updated_at: datetime, before: str | None = None) -> Snapshot:
    """A card as the mirror keeps it."""
    body = _ADAPTERS[type(card)].dump_json(card, exclude_defaults=True).decode()
    return Snapshot(card.id, body, updated_at, card.identities, before)


def load(kind: str, kept: Snapshot) -> Any:  # noqa: ANN401  # the class that KINDS names
    """A card out of the mirror."""
    return _ADAPTERS[KINDS[kind]].validate_json(kept.body)


def place_of(pipeline: Id | None, stage: Id | None) -> str:
    """A stage of a pipeline, as the mirror calls it."""
    return f"{pipeline}-{stage}"


def place_mark(user_id: Id, pipeline_id: Id | None, stage_id: Id) -> str:
    """A stage with whoever is responsible there, by which leads are counted."""
    return f"at:{user_id}:{pipeline_id}:{stage_id}"


def task_mark(user_id: Id) -> str:
    """Whose open tasks these are."""
    return f"of:{user_id}"


def later(due: int, now: datetime) -> int:
    """The alarm of a task that is open again: at its time, unless that is over (then rules know already)."""
    return due if due > int(now.timestamp()) else 0


def alarm_mark(seconds: int) -> str:
    """The hour in which a task becomes overdue, by which it is found."""
    return f"due:{seconds // 3600}"


def lead_snapshot(lead: KnownLead, updated_at: datetime, before: str | None = None) -> Snapshot:
    return snapshot(lead, updated_at, before)


def contact_snapshot(contact: KnownContact) -> Snapshot:
    return snapshot(contact, moment(contact.updated_at))


def load_lead(kept: Snapshot) -> KnownLead:
    lead: KnownLead = load(LEAD, kept)
    return lead


def load_contact(kept: Snapshot) -> KnownContact:
    contact: KnownContact = load(CONTACT, kept)
    return contact


def stranger(lead_id: str) -> KnownLead:
    """A lead that the mirror does not hold yet."""
    return KnownLead(lead_id, announced=False)


def settle(card: K, **values: Any) -> K:  # noqa: ANN401  # the members of its class
    """The card after a write of ours: the values are known now, and nothing is expected any more."""
    return replace(with_values(card, values), expected={})


def with_values(card: K, values: Mapping[str, Any]) -> K:
    """The card with other members; of `fields` only those named differ, and an empty one is gone."""
    members = dict(values)
    if "fields" in members:
        both = {**(getattr(card, "fields", None) or {}), **members["fields"]}
        members["fields"] = {one: text for one, text in both.items() if text}
    return replace(card, **members)


def moment(seconds: object) -> datetime:
    """An aware time of unix seconds."""
    return datetime.fromtimestamp(int(str(seconds or 0)), UTC)


def phones_of(values: list[str]) -> tuple[str, ...]:
    """The phones among these texts, E.164, once each; what cannot be read as one stays out."""
    found = (value if _E164_OF_RUSSIA.fullmatch(value) else identity.phone(value) for value in values)
    return tuple(dict.fromkeys(filter(None, found)))


def emails_of(values: list[str]) -> tuple[str, ...]:
    """The addresses among these texts, lower-case, once each."""
    return tuple(dict.fromkeys(filter(None, map(identity.email, values))))


def lacking(known: KnownParty, additions: Iterable[ContactAddition]) -> tuple[list[str], list[str]]:
    """The phones and emails of the additions that a contact has not yet, once each."""
    wanted = list(additions)
    phones = dict.fromkeys(phone for one in wanted for phone in one.phones)
    emails = dict.fromkeys(email for one in wanted for email in one.emails)
    return [one for one in phones if one not in known.phones], [one for one in emails if one not in known.emails]


def clean_tags(tags: tuple[str, ...]) -> list[str]:
    """Each once, without those that a template left empty."""
    return list(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))
