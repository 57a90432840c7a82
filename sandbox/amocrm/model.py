"""What the emulated account stores. Times are unix seconds; ids come from the ranges of the vendor's examples."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

WON, LOST = 142, 143
CLOSED = (WON, LOST)

Json = dict[str, Any]


@dataclass(slots=True)
class User:
    """Somebody of the company. Without `rights` and a role everything is allowed but what only administrators may."""

    id: int
    name: str
    email: str
    is_admin: bool = False
    is_active: bool = True
    phone: str | None = None
    rights: Json | None = None
    group_id: int = 0
    role_id: int | None = None


@dataclass(slots=True)
class Status:
    id: int
    name: str
    sort: int
    color: str
    pipeline_id: int
    type: int = 0
    is_editable: bool = True


@dataclass(slots=True)
class Pipeline:
    """A sales pipeline. 142 (won) and 143 (lost) exist in every pipeline, so a status is keyed by both ids."""

    id: int
    name: str
    sort: int
    is_main: bool
    statuses: dict[int, Status] = field(default_factory=dict)
    is_unsorted_on: bool = True

    def ordered(self) -> list[Status]:
        return sorted(self.statuses.values(), key=lambda status: status.sort)

    def first(self) -> Status:
        """The first stage that is not «Неразобранное»."""
        return next(status for status in self.ordered() if status.type == 0)

    def unsorted(self) -> Status:
        return next(status for status in self.ordered() if status.type == 1)


@dataclass(slots=True)
class Field:
    """A custom field definition; `enums` are `{id, value, sort, code}`, `extra` the members only some types have.

    `entity` is the owner in its address: `leads`, `customers/segments`, `catalogs/4001`.
    """

    id: int
    entity: str
    name: str
    type: str
    code: str | None = None
    sort: int = 500
    is_api_only: bool = False
    is_predefined: bool = False
    enums: list[Json] = field(default_factory=list)
    group_id: str | None = None
    extra: Json = field(default_factory=dict)


@dataclass(slots=True)
class TaskType:
    id: int
    name: str
    code: str = ""
    color: str | None = None
    icon_id: int | None = None


@dataclass(slots=True)
class LossReason:
    id: int
    name: str
    sort: int


@dataclass(slots=True)
class Tag:
    id: int
    entity: str
    name: str
    color: str | None = None


@dataclass(slots=True)
class Card:
    """What everything with fields shares. `fields` maps a field id to the values as the API shows them.

    `elements` maps a linked list element to `{quantity, catalog_id, price_id}`; `files` are uuids.
    """

    id: int
    name: str
    responsible_user_id: int
    created_by: int
    updated_by: int
    created_at: int
    updated_at: int
    fields: dict[int, list[Json]] = field(default_factory=dict)
    tags: list[int] = field(default_factory=list)
    elements: dict[int, Json] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    is_unsorted: bool = False
    is_deleted: bool = False
    born: float = 0.0
    haystack: str = ""


@dataclass(slots=True)
class Lead(Card):
    """A sales card; `contacts` maps a contact id to whether it is the main one."""

    price: int = 0
    status_id: int = 0
    pipeline_id: int = 0
    loss_reason_id: int | None = None
    closed_at: int | None = None
    contacts: dict[int, bool] = field(default_factory=dict)
    company_id: int | None = None
    source: Json | None = None

    @property
    def is_open(self) -> bool:
        return self.status_id not in CLOSED


@dataclass(slots=True)
class Contact(Card):
    first_name: str = ""
    last_name: str = ""
    company_id: int | None = None
    leads: dict[int, bool] = field(default_factory=dict)
    customers: dict[int, bool] = field(default_factory=dict)


@dataclass(slots=True)
class Company(Card):
    leads: dict[int, bool] = field(default_factory=dict)
    contacts: dict[int, bool] = field(default_factory=dict)
    customers: dict[int, bool] = field(default_factory=dict)


@dataclass(slots=True)
class Customer(Card):
    """Somebody who buys again; `contacts` as in a lead. Sums are whole, `ltv` is what the purchases came to."""

    next_price: int | None = None
    next_date: int | None = None
    status_id: int | None = None
    periodicity: int = 0
    ltv: int = 0
    purchases_count: int = 0
    bonus_points: int = 0
    contacts: dict[int, bool] = field(default_factory=dict)
    company_id: int | None = None
    segments: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Element(Card):
    """A line of a list: a product, an invoice."""

    catalog_id: int = 0


@dataclass(slots=True)
class Task:
    id: int
    text: str
    complete_till: int
    task_type_id: int
    responsible_user_id: int
    created_by: int
    updated_by: int
    created_at: int
    updated_at: int
    entity_type: str | None = None
    entity_id: int | None = None
    duration: int = 0
    is_completed: bool = False
    result: Json | None = None


@dataclass(slots=True)
class Note:
    id: int
    entity_type: str
    entity_id: int
    note_type: str
    params: Json
    responsible_user_id: int
    created_by: int
    updated_by: int
    created_at: int
    updated_at: int
    is_pinned: bool = False


@dataclass(slots=True)
class Event:
    """One line of the activity log; `entity_type` is singular as in the vendor's answers."""

    id: str
    type: str
    entity_type: str
    entity_id: int
    created_by: int
    created_at: int
    value_after: list[Json] = field(default_factory=list)
    value_before: list[Json] = field(default_factory=list)


@dataclass(slots=True)
class Hook:
    """A webhook subscription; `failures` are the times of recent bad answers."""

    id: int
    destination: str
    settings: list[str]
    sort: int
    created_by: int
    created_at: int
    updated_at: int
    disabled: bool = False
    failures: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Incoming:
    """An unsorted (incoming) lead; `id` is its uid, `state` waiting, accepted or declined."""

    id: str
    category: str
    source_uid: str | None
    source_name: str | None
    pipeline_id: int
    created_at: int
    metadata: Json
    lead_id: int
    contact_ids: list[int] = field(default_factory=list)
    company_ids: list[int] = field(default_factory=list)
    state: str = "waiting"
    settled_at: int | None = None

    @property
    def updated_at(self) -> int:
        return self.settled_at or self.created_at


@dataclass(slots=True)
class Grant:
    """An OAuth code or token; `id` is its text, `kind` code, access or refresh, `state` live, used or revoked.

    Without `user_id` it carries the rights of the account's administrator.
    """

    id: str
    kind: str
    expires_at: int
    state: str = "live"
    user_id: int | None = None
