"""What rules may ask of the outside, fact by fact: the table `FACTS` and the values that it names.

To add a fact: a line in `FACTS`, and what fetches it in a table of `worker.facts`. A fact is called by the path that
rules read it by, in traces and in rule tests too; `person.won_leads` is a part of `person` with a fetch of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from pydantic import TypeAdapter

from provodka.crm import ProductLine, StaffTask
from provodka.invoices import InvoiceRef
from provodka.own_pages import Partner
from provodka.payloads import CompanyRef, ContactRef, EventType, LeadRef, TaskRef, Utm
from rules.figures import Figures
from rules.periods import PERIODS


@dataclass(frozen=True, slots=True)
class KnownContact:
    """The CRM's card of a known person."""

    id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class TasksFact:
    """The tasks of the lead (of the contact where there is no lead).

    `overdue` counts those of the open ones whose time has passed, `types` are of the open ones, each once;
    `last_result` is of the task completed last.
    """

    open: int = 0
    overdue: int = 0
    next_due: datetime | None = None
    types: tuple[str, ...] = ()
    last_result: str = ""


@dataclass(frozen=True, slots=True)
class HistoryFact:
    """What the journal knows of this person and their leads, the event itself included.

    A contact is a talk, a letter, a form or a message; `last_call` is the last telephone call, talked or not. `calls`
    counts talks, `failed_calls` our calls in a row that nobody answered since the last talk, `missed_calls` those that
    we did not answer; `reopened` is how often a closed lead was taken back to work.
    """

    last_contact: datetime | None = None
    last_call: datetime | None = None
    failed_calls: int = 0
    calls: int = 0
    missed_calls: int = 0
    letters: int = 0
    forms: int = 0
    messages: int = 0
    reopened: int = 0


@dataclass(frozen=True, slots=True)
class TalkFact:
    """The talk of a message; of another event, the one in which this person was last heard of.

    `first`: nothing came from them in it in the ten minutes before, so that this message begins a burst; `text` are the
    lines of the burst, joined. `messages` counts theirs. They wait for an answer since `waiting_since`, which is empty
    where the last word is ours; what we send by ourselves is no answer.
    """

    first: bool = False
    messages: int = 0
    waiting_since: datetime | None = None
    text: str = ""
    service: str = ""


@dataclass(frozen=True, slots=True)
class ThreadFact:
    """The lead that a letter belongs to (its id), why it is that one, and the leads of its thread that are closed."""

    lead: str = ""
    reason: str = ""
    closed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProductsFact:
    """The products of the lead; `total` is the sum of price by quantity."""

    count: int = 0
    total: Decimal = Decimal(0)
    lines: tuple[ProductLine, ...] = ()


@dataclass(frozen=True, slots=True)
class FilesFact:
    """The files of the lead's card."""

    count: int = 0
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InvoicesFact:
    """The invoices of the lead: how many, how many of them are paid in full or not, and their sums."""

    count: int = 0
    paid: int = 0
    unpaid: int = 0
    paid_total: Decimal = Decimal(0)
    unpaid_total: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class PaymentsFact:
    """All payments of the lead by links: how many came, their sum without what was given back, what was given back.

    `total` is what is to be paid in all: the greatest `total` (else sum) of its links, else the price of the lead; what
    is `left` of it is negative where too much was paid. `waiting` counts links that nobody has paid by.
    """

    count: int = 0
    paid: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)
    total: Decimal = Decimal(0)
    left: Decimal = Decimal(0)
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class ResponsibleFact:
    """Whoever is responsible for the lead: the staff key (the CRM's login where staff has none) and the name."""

    key: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class BrokenGuard:
    """How often somebody broke a guard."""

    guard: str
    times: int


@dataclass(frozen=True, slots=True)
class StageLoad:
    """The open leads of a stage: how many, their prices together, and how long they have been there, in days."""

    pipeline: str
    stage: str
    leads: int = 0
    total: Decimal = Decimal(0)
    mean_days: float = 0.0


@dataclass(frozen=True, slots=True)
class PersonLoad:
    """One of the staff in numbers, each as in `work`."""

    key: str
    name: str = ""
    active: bool = True
    to_do: int = 0
    due_today: int = 0
    overdue: int = 0
    open_leads: int = 0
    violations: int = 0


@dataclass(frozen=True)
class Fact:
    """One fact. `empty` is its value where nothing is known."""

    name: str
    model: Any
    empty: Any = field(default=None)

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        """Built when first needed: all of them together would slow the start down."""
        return TypeAdapter(self.model)

    @property
    def root(self) -> str:
        """The name that it is, or is a part of."""
        return self.name.partition(".")[0]

    @property
    def is_part(self) -> bool:
        return "." in self.name


CONTACT: Final = "person.contact"
LEAD: Final = "lead"
THREAD: Final = "thread"

FACTS: Final[dict[str, Fact]] = {
    fact.name: fact
    for fact in (
        Fact(CONTACT, KnownContact | None),
        Fact("person.won_leads", int, 0),
        Fact("person.lost_leads", int, 0),
        Fact("person.last_lead", LeadRef | None),
        Fact(LEAD, LeadRef | None),
        Fact(THREAD, ThreadFact, ThreadFact()),
        Fact("contact", ContactRef | None),
        Fact("company", CompanyRef | None),
        Fact("task", TaskRef | None),
        Fact("tasks", TasksFact, TasksFact()),
        Fact("history", HistoryFact, HistoryFact()),
        Fact("talk", TalkFact, TalkFact()),
        Fact("products", ProductsFact, ProductsFact()),
        Fact("files", FilesFact, FilesFact()),
        Fact("invoices", InvoicesFact, InvoicesFact()),
        Fact("invoice", InvoiceRef | None),
        Fact("payments", PaymentsFact, PaymentsFact()),
        Fact("payment.paid", Decimal, Decimal(0)),
        Fact("payment.left", Decimal, Decimal(0)),
        Fact("pages", dict[str, str], {}),
        Fact("partner", Partner | None),
        Fact("responsible", ResponsibleFact | None),
        Fact("responsible.present", bool, False),
        Fact("who.present", bool, False),
        Fact("call.tracking", Utm, Utm()),
        Fact("work.tasks", tuple[StaffTask, ...], ()),
        Fact("work.to_do", int, 0),
        Fact("work.due_today", int, 0),
        Fact("work.overdue", int, 0),
        Fact("work.leads", tuple[LeadRef, ...], ()),
        Fact("work.open_leads", int, 0),
        Fact("work.violations", int, 0),
        Fact("work.broken", tuple[BrokenGuard, ...], ()),
        Fact("board.open_leads", int, 0),
        Fact("board.leads", tuple[LeadRef, ...], ()),
        Fact("board.untouched", tuple[LeadRef, ...], ()),
        Fact("board.waiting", tuple[LeadRef, ...], ()),
        Fact("board.by_stage", tuple[StageLoad, ...], ()),
        Fact("board.people", tuple[PersonLoad, ...], ()),
        *(Fact(f"figures.{period}", Figures, Figures()) for period in PERIODS),
    )
}

ROOTS: Final = tuple(fact.name for fact in FACTS.values() if not fact.is_part)
"""The names that are facts as a whole; an event may bring some of them itself."""

OF_EVENTS: Final = frozenset({"task"})
"""Those that only such events have as bring them: they are read anew after a wait."""


_BY_CLOCK: Final = frozenset({EventType.CLOCK_TICK, EventType.STAFF_CHECKED})
GROUPS: Final = {
    "work": frozenset({EventType.STAFF_CHECKED}),
    "board": _BY_CLOCK,
    "figures": _BY_CLOCK,
}
"""The names that are nothing but their parts, and the event types that have them."""


def parts_of(root: str) -> Iterable[Fact]:
    """The facts below a name, each with a fetch of its own."""
    return [fact for fact in FACTS.values() if fact.is_part and fact.root == root]
