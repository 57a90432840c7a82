"""From what a file tells of an order to documents of accounting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from connectors.onec.commerceml.outgoing import Outgoing
from connectors.onec.commerceml.reader import Fact, SentOrder
from provodka.accounting import Basis, Document, DocumentKind, Line

_TAILS: Final = {
    DocumentKind.ORDER: ":order",
    DocumentKind.PAYMENT: ":payment",
    DocumentKind.SHIPMENT: ":shipment",
}


def ref_of(kind: DocumentKind, invoice: str) -> str:
    """The ref of the document of this kind that comes of an invoice: CommerceML has but one of each."""
    return invoice + _TAILS.get(kind, "")


def invoice_of(kind: DocumentKind, ref: str) -> str:
    return ref.removesuffix(_TAILS.get(kind, ""))


def documents_of(told: SentOrder, ref: str, ours: Outgoing | None, formed: str) -> Iterator[Document]:
    """The invoice under this ref, and what came of it; `ours` is what it was made of, None for one made in 1C.

    Payment and shipment are there in any case, `deleted` where the file tells of none: a file says how an order stands,
    whatever the mirror knows of it by now.
    """
    invoice = Document(
        DocumentKind.INVOICE,
        ref,
        number=told.number,
        date=told.date,
        amount=told.amount,
        vat_amount=told.vat_amount,
        currency=told.currency,
        valid=bool(told.number) and told.posted is not False and not told.cancelled,
        deleted=told.deleted,
        counterparty=told.counterparty,
        lines=_with_articles(told.lines, ours.request.lines) if ours else told.lines,
        mark=ours.request.mark if ours else "",
        comment=told.comment,
        version=f"{formed} {told.version}".strip(),
    )
    yield invoice
    if ours is not None and ours.in_work:
        yield order_of(invoice)
    # «Заказ оплачен» is what we have said ourselves once the order is to be worked on
    paid = told.payment or (Fact() if told.said_paid and not (ours and ours.ordered) else None)
    for kind, fact in ((DocumentKind.PAYMENT, paid), (DocumentKind.SHIPMENT, told.shipment)):
        number, date = (fact.number, fact.date) if fact else ("", None)
        yield replace(_resting(invoice, kind), number=number, date=date, valid=True, deleted=fact is None)


def order_of(invoice: Document) -> Document:
    """The order of an invoice: in 1C they are one document."""
    return replace(_resting(invoice, DocumentKind.ORDER), lines=invoice.lines)


def _with_articles(told: Sequence[Line], asked: Sequence[Line]) -> tuple[Line, ...]:
    """1C gives lines its own ids and names, and seldom articles: a line that stands as ours stood has ours."""
    if len(told) != len(asked):
        return tuple(told)
    pairs = zip(told, asked, strict=True)
    return tuple(
        replace(one, sku=ours.sku)
        if not one.sku and (one.quantity, one.amount) == (ours.quantity, ours.amount)
        else one
        for one, ours in pairs
    )


def _resting(invoice: Document, kind: DocumentKind) -> Document:
    ref = ref_of(kind, invoice.ref)
    return replace(invoice, kind=kind, ref=ref, bases=(Basis(invoice.ref),), lines=(), mark="", comment="")
