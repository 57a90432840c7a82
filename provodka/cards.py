"""The CRM's cards as rules see them, and the payloads of the events about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from provodka.invoices import InvoiceRef, Paper


@dataclass(frozen=True, slots=True)
class LeadRef:
    """A lead as rules see it. `responsible` is a name from `staff`, or the CRM's login where staff has none.

    `contacts` and `company` are ids. `stage_since` is when it came to its stage, or a later moment from which on it is
    known to stand there; `closed_at` and `loss_reason` are of a closed one.
    """

    id: str
    title: str = ""
    url: str = ""
    pipeline: str = ""
    stage: str = ""
    state: str = "open"
    responsible: str = ""
    price: Decimal = Decimal(0)
    tags: tuple[str, ...] = ()
    fields: dict[str, str] = field(default_factory=dict)
    contacts: tuple[str, ...] = ()
    created_at: datetime | None = None
    company: str = ""
    updated_at: datetime | None = None
    stage_since: datetime | None = None
    closed_at: datetime | None = None
    loss_reason: str = ""


@dataclass(frozen=True, slots=True)
class ContactRef:
    """A person's card as rules see it. Phones are E.164 where they could be read; `responsible` is as in `LeadRef`."""

    id: str
    name: str = ""
    url: str = ""
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    responsible: str = ""
    tags: tuple[str, ...] = ()
    fields: dict[str, str] = field(default_factory=dict)
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CompanyRef:
    """A firm's card as rules see it: like `ContactRef`, with the taxpayer's number and what belongs to it."""

    id: str
    name: str = ""
    url: str = ""
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    responsible: str = ""
    tags: tuple[str, ...] = ()
    fields: dict[str, str] = field(default_factory=dict)
    created_at: datetime | None = None
    inn: str = ""
    kpp: str = ""


@dataclass(frozen=True, slots=True)
class TaskRef:
    """A task as rules see it. `contact` and `company` are ids of the cards that it hangs on where it is no lead."""

    id: str
    text: str = ""
    type: str = ""
    due: datetime | None = None
    responsible: str = ""
    completed: bool = False
    contact: str = ""
    company: str = ""
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What differs from the last known snapshot, by field: old and new value as people see them.

    `by` is who changed the card last, a name from `staff` or the CRM's login; empty where the CRM names nobody (it was
    a robot, or an integration). `custom` tells the card's own fields from its members (`stage`, `price`, `tags`, …); a
    responsible is a login. A stage has its pipelines beside it, a list what it has `lost` and `gained`, so that the old
    value can be put back. `imported`: the card is new, and an import of ours has made it.
    """

    field: str = ""
    old: str = ""
    new: str = ""
    by: str = ""
    old_pipeline: str = ""
    new_pipeline: str = ""
    lost: tuple[str, ...] = ()
    gained: tuple[str, ...] = ()
    custom: bool = False
    imported: bool = False


@dataclass(frozen=True, slots=True)
class LeadEvent:
    """`lead.*`; `change` says what differs."""

    lead: LeadRef
    change: Change = field(default_factory=Change)


@dataclass(frozen=True, slots=True)
class ContactEvent:
    """`contact.*`; `change` says what differs."""

    contact: ContactRef
    change: Change = field(default_factory=Change)


@dataclass(frozen=True, slots=True)
class CompanyEvent:
    """`company.*`; `change` says what differs."""

    company: CompanyRef
    change: Change = field(default_factory=Change)


@dataclass(frozen=True, slots=True)
class TaskEvent:
    """`task.*`; the lead that the task hangs on (a task may hang on another card, or on none), its text and result.

    `change` says only by whom.
    """

    lead: LeadRef | None = None
    text: str = ""
    result: str = ""
    task: TaskRef = field(default_factory=lambda: TaskRef(""))
    change: Change = field(default_factory=Change)


@dataclass(frozen=True, slots=True)
class InvoiceEvent:
    """`invoice.*`, `order.*` and `counterparty.ready`: the sale as it stands now, and the document that it is about.

    `lead` is None where the lead has been deleted. `difference` says what differs (`invoice.differs`).
    """

    invoice: InvoiceRef
    lead: LeadRef | None = None
    document: Paper | None = None
    difference: str = ""


@dataclass(frozen=True, slots=True)
class LeadChecked(LeadEvent):
    """`lead.checked`: the clock's rule of this name has found the lead; nothing has changed."""

    rule: str = ""


@dataclass(frozen=True, slots=True)
class ContactChecked(ContactEvent):
    """`contact.checked`; see `LeadChecked`."""

    rule: str = ""


@dataclass(frozen=True, slots=True)
class CompanyChecked(CompanyEvent):
    """`company.checked`; see `LeadChecked`."""

    rule: str = ""


@dataclass(frozen=True, slots=True)
class TaskChecked(TaskEvent):
    """`task.checked`; see `LeadChecked`."""

    rule: str = ""


Checked = LeadChecked | ContactChecked | CompanyChecked | TaskChecked

CardEvent = LeadEvent | ContactEvent | CompanyEvent | TaskEvent
"""An event about a card of the CRM."""


def checked(payload: CardEvent, rule: str) -> Checked:
    """A card as its events carry it, as found by a rule of the clock."""
    match payload:
        case LeadEvent():
            return LeadChecked(payload.lead, rule=rule)
        case ContactEvent():
            return ContactChecked(payload.contact, rule=rule)
        case CompanyEvent():
            return CompanyChecked(payload.company, rule=rule)
    return TaskChecked(payload.lead, payload.text, payload.result, payload.task, rule=rule)


def lead_of(payload: object) -> LeadRef | None:
    """The lead that an event itself is about; of one that only names it, nothing but the id is known."""
    if isinstance(payload, LeadEvent | TaskEvent | InvoiceEvent):
        return payload.lead
    named = getattr(payload, "lead_id", "")
    return LeadRef(named) if named else None


TOLD: Final = "told"
"""The mirror's kind of what rules were told of a sale."""


def card_of(payload: object) -> tuple[str, str] | None:
    """Kind (as the mirror and hints name it) and id of the card that an event tells of."""
    match payload:
        case LeadEvent():
            return "lead", payload.lead.id
        case ContactEvent():
            return "contact", payload.contact.id
        case CompanyEvent():
            return "company", payload.company.id
        case TaskEvent():
            return "task", payload.task.id
        case InvoiceEvent():
            return TOLD, payload.invoice.id
    return None
