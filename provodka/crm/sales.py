"""What is sold: product lines of a lead, invoices, regular customers. Sums are in the account's currency."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class ProductLine:
    """A product with its quantity. It is recognised by `sku` (the article), without one by its whole name."""

    name: str
    quantity: Decimal = Decimal(1)
    price: Decimal = Decimal(0)
    sku: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class LeadLines:
    """The products of a lead: these and no others. Lines of the same product are added up.

    A product that the CRM does not know is made. With `set_price` the lead's price becomes the sum of the lines.
    """

    lead_id: str
    lines: tuple[ProductLine, ...]
    set_price: bool = True


class InvoiceState(StrEnum):
    """How far an invoice has come. `other` is a state that the client has added."""

    ISSUED = "issued"
    PARTLY_PAID = "partly_paid"
    PAID = "paid"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice as it was just read; `title` holds its number, as in «Счёт 238»."""

    id: str
    title: str
    state: InvoiceState
    amount: Decimal = Decimal(0)
    lead_id: str = ""
    paid_at: datetime | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class NewInvoice:
    """An invoice for a lead. `title` must be the invoice's own (its number is in it): it is how it is recognised."""

    title: str
    lead_id: str
    lines: tuple[ProductLine, ...] = ()
    contact_id: str = ""
    company_id: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class InvoicePayment:
    """An invoice that has been paid in full."""

    invoice_id: str
    paid_at: datetime


@dataclass(frozen=True, slots=True)
class Customer:
    """A regular customer (a buyer who comes back). `spent` and `purchases` are what they bought so far."""

    id: str
    name: str
    contacts: tuple[str, ...] = ()
    responsible: str = ""
    next_purchase: datetime | None = None
    expected: Decimal = Decimal(0)
    spent: Decimal = Decimal(0)
    purchases: int = 0


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """A regular customer to be made of a contact; `expected` is the sum of the next purchase."""

    name: str
    contact_id: str
    responsible: str = ""
    next_purchase: datetime | None = None
    expected: Decimal | None = None
    tags: tuple[str, ...] = ()
