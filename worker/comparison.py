"""The comparison of both sides by night: what 1C says of each sale, and what the CRM shows of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final

from provodka.accounting import AccountingAccount, Comparing, Sale
from provodka.crm import NOT_OFFERED, Crm, Invoice, InvoiceState, ProductLine
from provodka.errors import ConnectorError
from provodka.invoices import InvoiceLine, InvoiceRef, SaleState
from provodka.payloads import LeadRef

_TOGETHER: Final = 100
_SIDES: Final = {"1c": "1С", "crm": "CRM"}
_CENT: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that both sides tell otherwise, or that 1C tells otherwise than it was asked. `winner` is the side that
    is right by the config: `1c` or `crm`."""

    sale: str
    lead: str
    aspect: str
    name: str
    books: str
    crm: str
    winner: str

    def __str__(self) -> str:
        return f"{self.name}: в 1С {self.books or 'нет'}, в CRM {self.crm or 'нет'}; верно в {_SIDES[self.winner]}"


@dataclass(frozen=True, slots=True)
class Compared:
    """A sale with its differences, and its lead as the CRM has it."""

    sale: Sale
    invoice: InvoiceRef
    lead: LeadRef | None
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class _Side:
    """What the CRM shows of some leads, by id."""

    leads: Mapping[str, LeadRef]
    lines: Mapping[str, Sequence[ProductLine]]
    invoices: Mapping[str, Sequence[Invoice]] = field(default_factory=dict)


def compare(account: AccountingAccount, crm: Crm, now: datetime) -> Iterator[Compared]:
    """Every sale of the comparison's days, with or without differences. The mirror is taken for what 1C says: read it
    anew before (`reconcile(full=True)`)."""
    since = now - timedelta(days=account.comparing.days)
    sales = list(account.all_sales())
    for start in range(0, len(sales), _TOGETHER):
        part = sales[start : start + _TOGETHER]
        ids = list(dict.fromkeys(sale.lead_id for sale in part))
        told = account.sales(ids)
        pairs = [(sale, one) for sale in part for one in told.get(sale.lead_id, ()) if one.id == sale.id]
        living = [(sale, one) for sale, one in pairs if _counts(one) and (one.date is None or one.date >= since)]
        if living:
            side = _shown(crm, list(dict.fromkeys(sale.lead_id for sale, _ in living)))
            for sale, invoice in living:
                siblings = [one for one in told[sale.lead_id] if _counts(one)]
                found = tuple(_differences(sale, invoice, siblings, side, account.comparing))
                yield Compared(sale, invoice, side.leads.get(sale.lead_id), found)


def _counts(invoice: InvoiceRef) -> bool:
    return invoice.valid and invoice.state is not SaleState.CANCELLED


def _shown(crm: Crm, ids: Sequence[str]) -> _Side:
    leads = crm.leads(ids)
    here = list(leads)
    return _Side(leads, crm.lead_lines(here), _own_invoices(crm, here))


def _own_invoices(crm: Crm, ids: Sequence[str]) -> Mapping[str, Sequence[Invoice]]:
    """Not every CRM has invoices of its own (a lead of Bitrix24 has none)."""
    try:
        return crm.invoices(ids)
    except ConnectorError as error:
        if error.code != NOT_OFFERED:
            raise
        return {}


def _differences(
    sale: Sale, invoice: InvoiceRef, siblings: Sequence[InvoiceRef], side: _Side, comparing: Comparing
) -> Iterator[Difference]:
    lead = side.leads.get(sale.lead_id)
    found = [*_against_request(sale, invoice)]
    if lead is None:
        found.append(("number", "сделка", invoice.short, ""))
    else:
        found += _against_lead(invoice, siblings, lead, side.lines.get(lead.id, ()))
        found += _against_own(invoice, side.invoices.get(lead.id, ()))
        found += _against_fields(invoice, lead, comparing.fields)
    for aspect, name, books, crm in found:
        told = f"Счёт {invoice.short}, {name}"
        yield Difference(sale.id, sale.lead_id, aspect, told, _text(books), _text(crm), comparing.winner(aspect))


_Found = tuple[str, str, object, object]
"""Aspect, what it is, and how each side tells it."""


def _against_request(sale: Sale, invoice: InvoiceRef) -> Iterator[_Found]:
    if sale.amount != invoice.amount:
        yield "sum", "сумма против заказанной", invoice.amount, sale.amount
    asked = [InvoiceLine(o.name, o.quantity, o.price, o.amount, sku=o.sku) for o in sale.asked]
    for name, books, crm in _line_differences(invoice.lines, asked):
        yield "lines", f"{name} против заказанного", books, crm


def _against_lead(
    invoice: InvoiceRef, siblings: Sequence[InvoiceRef], lead: LeadRef, lines: Sequence[ProductLine]
) -> Iterator[_Found]:
    """amoCRM keeps the price in whole roubles: kopecks are no difference there."""
    total = sum((one.amount for one in siblings), Decimal(0))
    whole = lead.price == lead.price.to_integral_value()
    if lead.price != total and not (whole and abs(lead.price - total) < 1):
        yield "sum", "сумма счетов сделки", total, lead.price
    if len(siblings) == 1 and lines:
        shown = [InvoiceLine(o.name, o.quantity, o.price, o.price * o.quantity, sku=o.sku) for o in lines]
        for name, books, crm in _line_differences(invoice.lines, shown):
            yield "lines", name, books, crm


def _against_own(invoice: InvoiceRef, own: Sequence[Invoice]) -> Iterator[_Found]:
    for one in own:
        if invoice.short not in one.title.split():
            continue
        if one.amount and one.amount != invoice.amount:
            yield "sum", f"«{one.title}» в CRM, сумма", invoice.amount, one.amount
        paid = one.state is InvoiceState.PAID
        if paid != (invoice.left <= 0):
            yield "paid", f"«{one.title}» в CRM, оплачено", invoice.paid, "да" if paid else "нет"


def _against_fields(invoice: InvoiceRef, lead: LeadRef, fields: Mapping[str, str]) -> Iterator[_Found]:
    told = {"number": invoice.short, "paid": invoice.paid, "shipped": invoice.shipped}
    for aspect, name in fields.items():
        shown = lead.fields.get(name, "")
        if not _same(told[aspect], shown):
            yield aspect, f"поле «{name}»", told[aspect], shown


def _line_differences(books: Sequence[InvoiceLine], crm: Sequence[InvoiceLine]) -> Iterator[tuple[str, object, object]]:
    """Line by line; a product is the same by its article where both have one, else by its name."""
    left = list(crm)
    for line in books:
        other = next((one for one in left if _same_product(one, line)), None)
        if other is None:
            yield f"строка «{line.name}»", f"{line.quantity:f} × {line.price:f}", ""
            continue
        left.remove(other)
        if other.quantity != line.quantity:
            yield f"строка «{line.name}», количество", line.quantity, other.quantity
        if abs(other.amount - line.amount) >= _CENT:
            yield f"строка «{line.name}», сумма", line.amount, other.amount
    for other in left:
        yield f"строка «{other.name}»", "", f"{other.quantity:f} × {other.price:f}"


def _same_product(one: InvoiceLine, other: InvoiceLine) -> bool:
    if one.sku and other.sku:
        return one.sku == other.sku
    return one.name.strip().casefold() == other.name.strip().casefold()


def _same(books: object, crm: str) -> bool:
    if isinstance(books, Decimal):
        try:
            return Decimal(crm.replace("\u00a0", "").replace(" ", "").replace(",", ".") or "0") == books
        except InvalidOperation:
            return False
    return str(books).strip() == crm.strip()


def _text(value: object) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
