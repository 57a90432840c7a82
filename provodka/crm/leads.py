"""Leads: where they can stand, how they are made, changed and closed."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from provodka.crm.cards import NewContact
from provodka.payloads import LeadRef


class LeadState(StrEnum):
    """Open, or how it was closed."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Board:
    """All open leads, newest first, without their custom fields; and where they may stand: pipeline and stage, in the
    order of the CRM's board."""

    leads: tuple[LeadRef, ...] = ()
    places: tuple[tuple[str, str], ...] = ()


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
class NewLead:
    """A lead to be made, together with its contact: `contact_id` of a known one, or `contact` to be made with it.

    `company_id` is that of a known firm.
    """

    title: str
    pipeline: str = ""
    stage: str = ""
    responsible: str = ""
    price: Decimal | None = None
    tags: tuple[str, ...] = ()
    fields: dict[str, str] = field(default_factory=dict)
    contact_id: str = ""
    contact: NewContact | None = None
    company_id: str = ""


@dataclass(frozen=True, slots=True)
class LeadChange:
    """What to change of a lead; empty members stay as they are. A field given an empty text is cleared.

    Values are texts as people write them and are checked by the field's type: a number (`1 500,50`), a date
    (`05.01.2026`, `2026-01-05`), a flag (`да`, `нет`), options of a list by their texts (several with commas).
    """

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
class LeadClosing:
    """The end of a lead: `won`, or lost with a reason by its name (empty where none is known)."""

    lead_id: str
    won: bool
    loss_reason: str = ""


@dataclass(frozen=True, slots=True)
class LeadReopening:
    """A closed lead goes back to work: to the named stage of its pipeline, else to the first. An open one stays."""

    lead_id: str
    stage: str = ""


@dataclass(frozen=True, slots=True)
class LeadQuery:
    """Leads whose field of this name shows exactly this value, as people compare: without case, numbers as numbers.

    Only of `pipeline` where it is named.
    """

    field: str
    value: str
    pipeline: str = ""


@dataclass(frozen=True, slots=True)
class LeadConversion:
    """A lead that has ripened: where leads and deals differ, it becomes a contact, a company and a deal.

    `pipeline` and `stage` are those of the deal (elsewhere the lead itself moves there); `company` names the firm to be
    made where the lead names none; `lines` takes the products along.
    """

    lead_id: str
    pipeline: str = ""
    stage: str = ""
    company: str = ""
    lines: bool = True
