"""What is asked of accounting."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from provodka.accounting.documents import Line
from provodka.accounting.parties import NewCounterparty
from provodka.accounting.vat import Vat, kopecks, vat_amount
from provodka.crm.sales import ProductLine


@dataclass(frozen=True, slots=True)
class InvoiceRequest:
    """An invoice for a lead. `mark` is what it is recognised by for ever, the same through all attempts
    (`amocrm:lead:17:invoice:1`); `sale` (`17:1`) is the lead's id and the number of the invoice among those of the
    lead. `counterparty` is the ref that `create_counterparties` answered for `buyer`.

    With `vat_included` the prices have VAT within.
    """

    mark: str
    sale: str
    lead_id: str
    buyer: NewCounterparty
    counterparty: str
    lines: tuple[Line, ...]
    vat_included: bool = True
    currency: str = "RUB"
    comment: str = ""

    @property
    def amount(self) -> Decimal:
        """What the buyer is to pay."""
        return total(self.lines, vat_included=self.vat_included)


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """An order (заказ) out of the invoice of a sale; where one is there already, that is it."""

    mark: str
    sale: str


@dataclass(frozen=True, slots=True)
class Cancellation:
    """The invoice of a sale is not to be paid any more (and its order, if nothing was shipped)."""

    sale: str


def priced(lines: Iterable[ProductLine], vat: Vat, *, included: bool) -> tuple[Line, ...]:
    """Product lines with their sums and VAT to the kopeck."""
    found = []
    for one in lines:
        amount = kopecks(one.price * one.quantity)
        tax = vat_amount(amount, vat, included=included)
        found.append(Line(one.name, one.quantity, one.price, amount, vat, tax, sku=one.sku, unit=one.unit))
    return tuple(found)


def total(lines: Iterable[Line], *, vat_included: bool) -> Decimal:
    """The sum of a document with these lines, VAT within."""
    return sum((one.amount if vat_included else one.amount + one.vat_amount for one in lines), Decimal(0))
