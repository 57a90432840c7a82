"""An invoice of accounting (1C) as rules see it, with what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class SaleState(StrEnum):
    """How far a sale has come."""

    REQUESTED = "requested"
    COUNTERPARTY_READY = "counterparty_ready"
    ISSUED = "issued"
    PARTLY_PAID = "partly_paid"
    PAID = "paid"
    ORDERED = "ordered"
    PARTLY_SHIPPED = "partly_shipped"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Paper:
    """A document of accounting: `kind` is `invoice`, `order`, `payment` or `shipment`, `ref` its id there.

    `amount` of a payment or shipment is the part that belongs to this sale; of a refund it is negative.
    """

    kind: str = ""
    ref: str = ""
    number: str = ""
    date: datetime | None = None
    amount: Decimal = Decimal(0)

    @property
    def short(self) -> str:
        """The number as it is printed: «217» of «00БП-000217»."""
        return short_number(self.number)


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """A line of an invoice. `amount` is its sum as printed; `vat` the rate in per cent, `none` for «Без НДС»."""

    name: str
    quantity: Decimal = Decimal(1)
    price: Decimal = Decimal(0)
    amount: Decimal = Decimal(0)
    vat: str = ""
    vat_amount: Decimal = Decimal(0)
    sku: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class InvoiceRef:
    """One invoice with its sale. `lead` is the id of the lead, `buyer` the counterparty's name, `inn` its number.

    `paid` and `shipped` are sums, as they count now; `ready`: the buyer is in accounting; `valid`: the invoice is
    there, posted and not cancelled. Members that tell
    of documents are empty as long as accounting has none.
    """

    id: str = ""
    lead: str = ""
    ref: str = ""
    state: SaleState = SaleState.REQUESTED
    number: str = ""
    date: datetime | None = None
    amount: Decimal = Decimal(0)
    vat_amount: Decimal = Decimal(0)
    currency: str = "RUB"
    buyer: str = ""
    inn: str = ""
    paid: Decimal = Decimal(0)
    shipped: Decimal = Decimal(0)
    lines: tuple[InvoiceLine, ...] = ()
    order: Paper | None = None
    payments: tuple[Paper, ...] = ()
    shipments: tuple[Paper, ...] = ()
    ready: bool = False
    valid: bool = False
    url: str = ""

    @property
    def short(self) -> str:
        """The number as it is printed: «217» of «00БП-000217»."""
        return short_number(self.number)

    @property
    def left(self) -> Decimal:
        """What is still to be paid; negative where too much was."""
        return self.amount - self.paid

    @property
    def paper(self) -> Paper | None:
        """The invoice itself; None while there is none."""
        return Paper("invoice", self.ref, self.number, self.date, self.amount) if self.number or self.valid else None


def short_number(number: str) -> str:
    """A number of 1C as it is printed: without its prefix and zeros. One without digits stays as it is."""
    tail = number.rpartition("-")[2]
    return tail.lstrip("0") or tail or number
