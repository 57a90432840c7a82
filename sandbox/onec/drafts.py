"""What the exchange services are asked to make and what they tell, whichever road it came by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sandbox.onec.papers import Line, Paper

DISCOUNTS = ("СуммаСкидки", "СуммаРучнойСкидки", "СуммаСкидкиНаценки")
"""What configurations call a row's discount."""


class Refused(Exception):
    """The service's own refusal, for an accountant to read: a code, a sentence, and the field that is wrong."""

    def __init__(self, code: str, message: str, field: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.field = code, message, field


class Missing(Refused):
    """There is no such object."""


class Clash(Refused):
    """The external id is taken by other content."""


@dataclass(frozen=True, slots=True)
class BankAccount:
    """A settlement account: 20 digits, and the bank by its БИК."""

    number: str
    bic: str
    bank: str = ""
    correspondent: str = ""


@dataclass(frozen=True, slots=True)
class CounterpartyDraft:
    """`kind` is legal, entrepreneur or person."""

    external_id: str
    name: str
    inn: str = ""
    kpp: str = ""
    full_name: str = ""
    kind: str = "legal"
    ogrn: str = ""
    email: str = ""
    phone: str = ""
    address: str = ""
    account: BankAccount | None = None


@dataclass(frozen=True, slots=True)
class LineDraft:
    """`ref`, else `sku`, else `name` says which product. `vat_rate` is a figure or "none"; `sum` is less `discount`."""

    name: str
    quantity: Decimal
    price: Decimal
    sum: Decimal
    vat_rate: str
    vat_sum: Decimal
    ref: str = ""
    sku: str = ""
    unit: str = "шт"
    okei: str = "796"
    discount: Decimal = Decimal(0)
    service: bool = False


@dataclass(frozen=True, slots=True)
class InvoiceDraft:
    """`counterparty` is a ref or what to find or make it from; without `total` the lines decide."""

    external_id: str
    organization_inn: str
    counterparty: str | CounterpartyDraft
    date: datetime
    currency: str
    price_includes_vat: bool
    lines: tuple[LineDraft, ...]
    total: Decimal | None = None
    comment: str = ""
    post: bool = True
    create_products: bool | None = None


@dataclass(frozen=True, slots=True)
class OrderDraft:
    external_id: str
    invoice_ref: str
    date: datetime | None = None
    comment: str = ""
    post: bool = True


@dataclass(frozen=True, slots=True)
class Counterparty:
    ref: str
    code: str
    name: str
    full_name: str
    inn: str
    kpp: str
    deleted: bool
    version: str
    created: bool = False


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a payment: what it pays for, where the accountant said so."""

    invoice_ref: str
    order_ref: str
    sum: Decimal


@dataclass(frozen=True, slots=True)
class Told:
    """A document with what the services tell beside it; `lines` are of the order where the document has none."""

    paper: Paper
    external_id: str = ""
    invoice_ref: str = ""
    order_ref: str = ""
    currency: str = "RUB"
    vat_included: bool = True
    lines: tuple[Line, ...] = ()
    shares: tuple[Share, ...] = ()
    put_to_work: bool = True

    @property
    def stands(self) -> bool:
        """What a service calls posted: an order that waits, or a payment that the bank has not carried out, is not."""
        return self.paper.posted and self.put_to_work

    @property
    def vat(self) -> Decimal:
        return sum((line.vat for line in self.lines), Decimal(0))

    @property
    def discounts(self) -> list[Decimal]:
        """Of each line, what was taken off its sum."""
        return [sum((line.row.get(name, Decimal(0)) for name in DISCOUNTS), Decimal(0)) for line in self.lines]


@dataclass(frozen=True, slots=True)
class Gone:
    """A document that was deleted physically: no more than its kind and key is known."""

    kind: str
    ref: str


@dataclass(frozen=True, slots=True)
class Made:
    """What became of a draft: the document, and whether it and its counterparty are new."""

    told: Told
    created: bool
    counterparty: Counterparty


@dataclass(frozen=True, slots=True)
class Changes:
    """Documents in the order of registration; `cursor` is where the next question begins."""

    cursor: str
    has_more: bool
    items: tuple[Told | Gone, ...]
