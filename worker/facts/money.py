"""Facts of money: the invoices of the lead, and what has been paid for it by links."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from provodka.accounting import newest
from provodka.crm import Invoice, InvoiceState
from provodka.invoices import InvoiceRef
from provodka.journal import paid
from provodka.journal.paid import PaymentTold
from provodka.payloads import EventType, InvoiceEvent, Payment, PaymentEvent
from rules.fact import InvoicesFact, PaymentsFact
from worker.facts.source import Source


def _invoices(source: Source) -> InvoicesFact:
    lead = source.subject.lead_id()
    found = source.crm.invoices([lead]).get(lead, []) if source.crm is not None and lead else []
    paid_ones = [one for one in found if one.state is InvoiceState.PAID]
    unpaid = [one for one in found if one.state is not InvoiceState.PAID]
    return InvoicesFact(len(found), len(paid_ones), len(unpaid), _total(paid_ones), _total(unpaid))


def _total(invoices: Sequence[Invoice]) -> Decimal:
    return sum((one.amount for one in invoices), Decimal(0))


def _invoice(source: Source) -> InvoiceRef | None:
    """The event's own sale as it is now, else that of the lead which is meant where none is named."""
    payload = source.event.payload
    own = payload.invoice if isinstance(payload, InvoiceEvent) else None
    lead = own.lead if own is not None else source.subject.lead_id()
    if source.accounting is None or not lead:
        return own
    found = source.accounting.sales([lead]).get(lead, ())
    if meant := own.id if own is not None else getattr(payload, "invoice_id", ""):
        return next((one for one in found if one.id == meant), own)
    return newest(found, source.accounting.asked([lead]).get(lead, ()))


_CAME: Final = (EventType.PAYMENT_SUCCEEDED, EventType.PAYMENT_DIFFERS)


def summed_up(told: Sequence[PaymentTold], price: Decimal = Decimal(0)) -> PaymentsFact:
    """Each payment once, without what was given back of it, whichever was told first; payments without money and those
    of other currencies are no payments."""
    came = {one.payment: one.said.payment.amount for one in told if one.kind in _CAME and _counts(one.said.payment)}
    back: dict[tuple[str, str], Decimal] = {}
    for one in told:
        back[one.payment] = max(back.get(one.payment, Decimal(0)), one.said.payment.refunded)
    given = {id_: min(back.get(id_, Decimal(0)), amount) for id_, amount in came.items()}
    refunded = sum(given.values(), Decimal(0))
    whole = sum(came.values(), Decimal(0)) - refunded
    links = {one.order: one.said.payment for one in told if one.kind is EventType.PAYMENT_REQUESTED}
    asked = list(links.values())
    settled = {one.order for one in told if one.kind in _CAME}
    total = max((one.total for one in asked), default=Decimal(0)) or price
    total = total or max((one.asked for one in asked), default=Decimal(0))
    waiting = len(links.keys() - settled)
    return PaymentsFact(len(came), whole, refunded, total, total - whole, waiting)


def _counts(payment: Payment) -> bool:
    return payment.currency == "RUB" and not payment.trial


def _payments(source: Source) -> PaymentsFact:
    """Of the event's lead; where the payment is for an invoice of accounting, of that invoice alone."""
    payload = source.event.payload
    lead = source.subject.lead_id()
    if not lead:
        return PaymentsFact()
    told = source.journal.read(lambda c: paid.payments(c, [f"lead:{lead}"]))
    invoice = payload.invoice_id if isinstance(payload, PaymentEvent) else ""
    if isinstance(payload, PaymentEvent):
        told.append(
            PaymentTold(source.event.type, source.event.channel, payload)
        )  # its lane may not be written down yet
    own = [one for one in told if one.said.lead_id == lead and invoice in ("", one.said.invoice_id)]
    if not any(one.said.payment.total for one in own if one.kind is EventType.PAYMENT_REQUESTED):
        return summed_up(own, _price(source, invoice))
    return summed_up(own)


def _price(source: Source, invoice: str) -> Decimal:
    if invoice:
        sale = source.fetch("invoice")
        return sale.amount if sale is not None else Decimal(0)
    lead = source.fetch("lead")
    return lead.price if lead is not None else Decimal(0)


FETCH: Final[Mapping[str, Callable[[Source], Any]]] = {
    "invoices": _invoices,
    "invoice": _invoice,
    "payments": _payments,
    "payment.paid": lambda source: source.fetch("payments").paid,
    "payment.left": lambda source: source.fetch("payments").left,
}
