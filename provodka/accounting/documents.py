"""Documents of accounting, the same for every 1C: invoice, order, payment, shipment."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from provodka.accounting.vat import Vat


class DocumentKind(StrEnum):
    """Счёт, заказ, оплата (of the bank, in cash, by card; a refund too), отгрузка."""

    INVOICE = "invoice"
    ORDER = "order"
    PAYMENT = "payment"
    SHIPMENT = "shipment"


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `amount` is as it stands in the document: with VAT where prices include it; `discount` has been taken
    off it already. `product` is the id in accounting, empty where it is not known. `code` is the product's own code
    there, `sku` the article."""

    name: str
    quantity: Decimal
    price: Decimal
    amount: Decimal
    vat: Vat = Vat.NONE
    vat_amount: Decimal = Decimal(0)
    discount: Decimal = Decimal(0)
    sku: str = ""
    code: str = ""
    unit: str = ""
    product: str = ""


@dataclass(frozen=True, slots=True)
class Basis:
    """What a document rests on: an invoice or an order, and the part of the sum that belongs to it.

    `amount` None: the whole document. A refund's is negative.
    """

    ref: str
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it was read. Times are UTC, `amount` has VAT within; of a refund it is negative.

    `valid` tells whether it counts: it is posted (where its kind is posted at all), the bank has carried it out, nobody
    has cancelled it. One marked for deletion is `deleted` and does not count either. `mark` is ours, where it was found
    on it (the external id of `InvoiceRequest`). `version` differs whenever it was written; compare for equality only.
    `suggested` are bases that were only inferred (the number in the purpose of a payment): kept, never counted.
    """

    kind: DocumentKind
    ref: str
    number: str = ""
    date: datetime | None = None
    amount: Decimal = Decimal(0)
    vat_amount: Decimal = Decimal(0)
    currency: str = "RUB"
    valid: bool = True
    deleted: bool = False
    counterparty: str = ""
    bases: tuple[Basis, ...] = ()
    lines: tuple[Line, ...] = ()
    mark: str = ""
    comment: str = ""
    version: str = ""
    suggested: tuple[Basis, ...] = field(default=())

    @property
    def counts(self) -> bool:
        return self.valid and not self.deleted

    def rests_on(self, refs: Collection[str]) -> bool:
        return any(basis.ref in refs for basis in self.bases)

    def part_of(self, refs: Iterable[str]) -> Decimal:
        """The part of its sum that belongs to these documents."""
        wanted = frozenset(refs)
        parts = [basis for basis in self.bases if basis.ref in wanted]
        if any(part.amount is None for part in parts):
            return self.amount
        return sum((part.amount for part in parts if part.amount is not None), Decimal(0))
