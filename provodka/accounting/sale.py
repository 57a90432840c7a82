"""A sale: one invoice of a lead with all that came of it in accounting; its state, and the events of each change.

The state is computed out of the documents, so that it moves back when accounting moves back: a payment that was
deleted, a shipment that is not posted any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from provodka.accounting.documents import Document, DocumentKind, Line
from provodka.invoices import InvoiceLine, InvoiceRef, Paper, SaleState
from provodka.payloads import EventType


@dataclass(frozen=True, slots=True)
class Sale:
    """`id` is `lead:number` (`17:1`). `invoice` and `order` are the refs in accounting, empty where there are none yet;
    `asked` are the lines that were asked for, `amount` their sum. `cancelled`: we were told to."""

    id: str
    lead_id: str
    mark: str
    counterparty: str = ""
    buyer: str = ""
    inn: str = ""
    kpp: str = ""
    address: str = ""
    vat_included: bool = True
    invoice: str = ""
    order: str = ""
    asked: tuple[Line, ...] = ()
    amount: Decimal = Decimal(0)
    cancelled: bool = False

    @property
    def refs(self) -> tuple[str, ...]:
        """The documents that payments and shipments of this sale rest on."""
        return tuple(one for one in (self.invoice, self.order) if one)


def shown(sale: Sale, documents: Iterable[Document], url: str = "") -> InvoiceRef:
    """The sale as rules see it, out of all the documents that rest on it, its own among them."""
    by_kind: dict[DocumentKind, list[Document]] = {kind: [] for kind in DocumentKind}
    for document in documents:
        by_kind[document.kind].append(document)
    invoice = next((one for one in by_kind[DocumentKind.INVOICE] if one.ref == sale.invoice), None)
    order = next((one for one in by_kind[DocumentKind.ORDER] if one.counts), None)
    payments = _counted(by_kind[DocumentKind.PAYMENT])
    shipments = _counted(by_kind[DocumentKind.SHIPMENT])
    refs = {*sale.refs, *(one.ref for one in by_kind[DocumentKind.ORDER])}
    paid = sum((one.part_of(refs) for one in payments), Decimal(0))
    shipped = sum((one.part_of(refs) for one in shipments), Decimal(0))
    amount = invoice.amount if invoice is not None else sale.amount
    return InvoiceRef(
        id=sale.id,
        lead=sale.lead_id,
        ref=sale.invoice,
        ready=bool(sale.counterparty),
        state=_state(sale, invoice, order, amount, paid, shipped),
        number=invoice.number if invoice else "",
        date=invoice.date if invoice else None,
        amount=amount,
        vat_amount=invoice.vat_amount if invoice else sum((one.vat_amount for one in sale.asked), Decimal(0)),
        currency=invoice.currency if invoice else "RUB",
        buyer=sale.buyer,
        inn=sale.inn,
        paid=paid,
        shipped=shipped,
        lines=tuple(_line(one) for one in (invoice.lines if invoice and invoice.lines else sale.asked)),
        order=_paper(order) if order else None,
        payments=tuple(_paper(one, one.part_of(refs)) for one in payments),
        shipments=tuple(_paper(one, one.part_of(refs)) for one in shipments),
        valid=invoice is not None and invoice.counts,
        url=url,
    )


def newest(invoices: Sequence[InvoiceRef], sales: Iterable[Sale]) -> InvoiceRef | None:
    """Of a lead's sales the one that is meant where none is named: the newest that nobody has cancelled. One that
    accounting has refused to make comes behind all that it has made."""
    made = {sale.id for sale in sales if sale.invoice}
    living = [one for one in invoices if one.state is not SaleState.CANCELLED]
    return next(reversed([one for one in living if one.id in made] or living or invoices), None)


def arrows(before: InvoiceRef | None, now: InvoiceRef) -> Iterator[tuple[EventType, Paper | None]]:
    """The events that lead from one to the other, each with the document that it is about; in the order of a sale.

    Nothing is left out between: an invoice that is paid at once was issued too.
    """
    old = before or InvoiceRef(id=now.id, lead=now.lead)
    if before is None:
        yield EventType.INVOICE_REQUESTED, None
    if now.ready and not old.ready:
        yield EventType.COUNTERPARTY_READY, None
    if _cancelled(now) and not _cancelled(old):
        yield EventType.INVOICE_CANCELLED, now.paper
        return
    if _issued(now) and not _issued(old):
        yield EventType.INVOICE_ISSUED, now.paper
    elif _issued(now) and (now.number, now.amount, now.lines) != (old.number, old.amount, old.lines):
        yield EventType.INVOICE_CHANGED, now.paper
    elif _issued(old) and not _issued(now):
        yield EventType.INVOICE_WITHDRAWN, old.paper
    yield from _moved(_PAYING, old.paid, now.paid, now.amount, old.amount, _last(old.payments, now.payments))
    if now.order is not None and old.order is None:
        yield EventType.ORDER_CREATED, now.order
    elif old.order is not None and now.order is None:
        yield EventType.ORDER_CANCELLED, old.order
    yield from _moved(_SHIPPING, old.shipped, now.shipped, now.amount, old.amount, _last(old.shipments, now.shipments))


_PAYING: Final = (EventType.INVOICE_PARTLY_PAID, EventType.INVOICE_PAID, EventType.INVOICE_UNPAID)
_SHIPPING: Final = (EventType.ORDER_PARTLY_SHIPPED, EventType.ORDER_SHIPPED, EventType.ORDER_UNSHIPPED)


def _moved(
    kinds: tuple[EventType, EventType, EventType],
    old: Decimal,
    now: Decimal,
    amount: Decimal,
    old_amount: Decimal,
    paper: Paper | None,
) -> Iterator[tuple[EventType, Paper | None]]:
    part, whole, back = kinds
    was_whole = old > 0 and old >= old_amount
    is_whole = now > 0 and now >= amount
    if is_whole and not was_whole:
        yield whole, paper
    elif now < old or (was_whole and not is_whole):
        yield back, paper
    elif now > old and not was_whole:
        yield part, paper
    elif now > old:
        yield whole, paper  # more than is due: told again, `left` is negative


def _state(
    sale: Sale, invoice: Document | None, order: Document | None, amount: Decimal, paid: Decimal, shipped: Decimal
) -> SaleState:
    """As far as the sale has come: whoever ships before the payment has shipped."""
    if sale.cancelled or (invoice is not None and invoice.deleted):
        return SaleState.CANCELLED
    if shipped > 0:
        return SaleState.SHIPPED if shipped >= amount else SaleState.PARTLY_SHIPPED
    if order is not None:
        return SaleState.ORDERED
    if paid > 0:
        return SaleState.PAID if paid >= amount else SaleState.PARTLY_PAID
    if invoice is not None and invoice.valid:
        return SaleState.ISSUED
    return SaleState.COUNTERPARTY_READY if sale.counterparty else SaleState.REQUESTED


def _counted(documents: Iterable[Document]) -> list[Document]:
    """Those that count, the oldest first."""
    return sorted((one for one in documents if one.counts), key=lambda one: (one.date is not None, one.date, one.ref))


def _paper(document: Document, amount: Decimal | None = None) -> Paper:
    part = document.amount if amount is None else amount
    return Paper(document.kind.value, document.ref, document.number, document.date, part)


def _line(line: Line) -> InvoiceLine:
    return InvoiceLine(
        line.name, line.quantity, line.price, line.amount, line.vat.value, line.vat_amount, line.sku, line.unit
    )


def _last(old: Sequence[Paper], now: Sequence[Paper]) -> Paper | None:
    """The newest document that differs: one that came or changed, else one that is gone, else (where only the sum of
    the invoice has changed) the newest that there is."""
    for some, others in ((now, old), (old, now)):
        changed = [one for one in some if one not in others]
        if changed:
            return changed[-1]
    return next(reversed(now), None)


def _issued(invoice: InvoiceRef) -> bool:
    return invoice.paper is not None and invoice.valid


def _cancelled(invoice: InvoiceRef) -> bool:
    return invoice.state is SaleState.CANCELLED
