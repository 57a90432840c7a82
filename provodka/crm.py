"""The neutral CRM: what rules and the worker know of amoCRM and Bitrix24.

Names are those that people see in the CRM («Новый лид»), never ids; users are their logins (email). Ids of leads,
contacts and tasks are the CRM's own, as strings. Every write takes a batch and answers item by item.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol, TypeVar

from provodka.event import Event
from provodka.operation import Outcome, Request
from provodka.payloads import Call, CrmHint, LeadRef, Person
from provodka.readiness import AccountSetup
from provodka.stores import Snapshot


class LeadState(StrEnum):
    """Open, or how it was closed."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class User:
    """A member of the client's staff in the CRM."""

    id: str
    login: str
    name: str
    active: bool = True


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of a pipeline; `state` tells the two closing ones, `incoming` the CRM's own unsorted one."""

    id: str
    name: str
    state: LeadState = LeadState.OPEN
    incoming: bool = False


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline with its stages in their order."""

    id: str
    name: str
    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class Contact:
    """A person's card. `phones` are E.164 where they could be read, else as typed."""

    id: str
    name: str
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    responsible: str = ""
    leads: tuple[str, ...] = ()
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """A known person: the chosen card, and the other cards with the same phone or email, if any."""

    contact: Contact
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewContact:
    """A card to be made."""

    name: str
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewLead:
    """A lead to be made, together with its contact: `contact_id` of a known one, or `contact` to be made with it."""

    title: str
    pipeline: str = ""
    stage: str = ""
    responsible: str = ""
    price: Decimal | None = None
    tags: tuple[str, ...] = ()
    fields: dict[str, str] = field(default_factory=dict)
    contact_id: str = ""
    contact: NewContact | None = None


@dataclass(frozen=True, slots=True)
class LeadChange:
    """What to change of a lead; empty members stay as they are."""

    lead_id: str
    title: str = ""
    pipeline: str = ""
    stage: str = ""
    responsible: str = ""
    price: Decimal | None = None
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ContactAddition:
    """Phones and emails that a known card does not have yet."""

    contact_id: str
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task on a lead (or on a contact where there is no lead). `type` is the name of a task type of the CRM."""

    text: str
    due: datetime
    lead_id: str = ""
    contact_id: str = ""
    type: str = ""
    responsible: str = ""


@dataclass(frozen=True, slots=True)
class NewNote:
    """A note in the feed of a lead, or of a contact where there is no lead."""

    text: str
    lead_id: str = ""
    contact_id: str = ""


@dataclass(frozen=True, slots=True)
class NewCall:
    """A call for the feed of a lead (or contact); `responsible` is a login."""

    call: Call
    lead_id: str = ""
    contact_id: str = ""
    responsible: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Need:
    """A name of the CRM that the config uses: what kind it is (`pipeline`, `stage`, `user`, `field`, `task_type`),
    the name, and for a stage its pipeline."""

    kind: str
    name: str
    within: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """A need that the account does not meet, with the names that it has. `dismissed`: the user is switched off."""

    need: Need
    known: tuple[str, ...] = ()
    dismissed: bool = False


Progress = Callable[[int], None]
P = TypeVar("P")


class Write(Protocol[P]):
    """A bound operation as callers see it."""

    def __call__(self, requests: Sequence[Request[P]]) -> list[Outcome]: ...


class Crm(Protocol):
    """What a CRM connector offers. Reads raise `ConnectorError`; writes return an outcome per item.

    `Done.remote_id` is the id of what was made; `create_leads` also gives `values["contact_id"]`.
    """

    name: str

    def find_people(self, people: Sequence[Person]) -> list[FoundPerson | None]:
        """Who of these is known, by any phone or email: one answer per person, in their order."""

    def leads(self, ids: Sequence[str]) -> dict[str, LeadRef]:
        """These leads, freshly read; deleted and unknown ones are absent. `responsible` is a login."""

    def open_leads(self, contact_ids: Sequence[str], pipeline: str = "") -> dict[str, list[LeadRef]]:
        """The open leads of each contact, newest first; only of `pipeline` where it is named."""

    def users(self) -> Sequence[User]:
        """The staff of the account, from the cached directory."""

    def check(self, needs: Sequence[Need], *, create: bool = False) -> list[Missing]:
        """Which names of the config the account lacks; with `create`, make the service field first."""

    @property
    def create_leads(self) -> Write[NewLead]: ...

    @property
    def update_leads(self) -> Write[LeadChange]: ...

    @property
    def add_to_contacts(self) -> Write[ContactAddition]: ...

    @property
    def create_tasks(self) -> Write[NewTask]: ...

    @property
    def add_notes(self) -> Write[NewNote]: ...

    @property
    def log_calls(self) -> Write[NewCall]: ...


class CrmAccount(Crm, Protocol):
    """A CRM with what the house itself needs of it: to follow its changes, to keep the mirror, to be let in."""

    def fill(self, progress: Progress = ..., stop: Callable[[], bool] = ...) -> bool:
        """Fill the mirror and the index of people, going on where an earlier run ended; whether both are complete.

        Cheap when they are, so it is called again and again. `progress` gets the number of cards read so far.
        """

    def derive(self, hint: CrmHint, event: Event) -> tuple[list[Event], list[Snapshot]]:
        """What a hint comes to: events and snapshots of kind `lead`, to be stored in one transaction."""

    def reconcile(self, received_at: datetime) -> tuple[list[Event], list[Snapshot], dict[str, str]]:
        """What changed since the last time, hinted at or not: events, snapshots and cursors, to be stored together."""

    def subscribe(self, destination: str) -> bool:
        """Have the CRM send its hints to this address; whether anything had to be changed."""

    def setup(self) -> AccountSetup:
        """What is asked of the account before the start."""

    def keep_alive(self) -> None:
        """Refresh what would expire of disuse; called every hour."""

    def close(self) -> None:
        """Close the connections."""


@dataclass(frozen=True, slots=True)
class StaffMessage:
    """A message to one of the staff in a messenger; `to` is the messenger's own id."""

    to: str
    text: str


class Messenger(Protocol):
    """What a connector that can write to the staff offers."""

    name: str

    @property
    def notify(self) -> Write[StaffMessage]: ...
