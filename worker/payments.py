"""What has been paid for a lead, out of the events of its payments: the facts `payments`, `payment.paid` and so on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from provodka.journal import paid
from provodka.payloads import EventType, PaymentEvent
from rules.fact import PaymentsFact

if TYPE_CHECKING:
    from worker.facts import LiveFacts

Told = tuple[EventType, PaymentEvent]
_CAME: Final = (EventType.PAYMENT_SUCCEEDED, EventType.PAYMENT_DIFFERS)


def summed_up(told: Sequence[Told], price: Decimal = Decimal(0)) -> PaymentsFact:
    """Each payment once, without what was given back of it, whichever was told first; payments without money and those
    of other currencies are no payments."""
    came = {one.payment.id: one.payment.amount for kind, one in told if kind in _CAME and _counts(kind, one)}
    back: dict[str, Decimal] = {}
    for _, one in told:
        back[one.payment.id] = max(back.get(one.payment.id, Decimal(0)), one.payment.refunded)
    given = {id_: min(back.get(id_, Decimal(0)), amount) for id_, amount in came.items()}
    refunded = sum(given.values(), Decimal(0))
    whole = sum(came.values(), Decimal(0)) - refunded
    links = {one.payment.order: one.payment for kind, one in told if kind is EventType.PAYMENT_REQUESTED}
    asked = list(links.values())
    settled = {one.payment.order for kind, one in told if kind in _CAME}
    total = max((one.total for one in asked), default=Decimal(0)) or price
    total = total or max((one.asked for one in asked), default=Decimal(0))
    waiting = sum(one.order not in settled for one in asked)
    return PaymentsFact(len(came), whole, refunded, total, total - whole, waiting)


def _counts(kind: EventType, one: PaymentEvent) -> bool:
    payment = one.payment
    trial = payment.test and kind is EventType.PAYMENT_DIFFERS
    return payment.currency == "RUB" and not trial


def payments_of(facts: LiveFacts) -> PaymentsFact:
    """Of the event's lead; where the payment is for an invoice of accounting, of that invoice alone."""
    payload = facts.event.payload
    lead = facts.subject.lead_id()
    if not lead:
        return PaymentsFact()
    told = facts.journal.read(lambda c: paid.payments(c, [f"lead:{lead}"]))
    invoice = payload.invoice_id if isinstance(payload, PaymentEvent) else ""
    if isinstance(payload, PaymentEvent):
        told.append((facts.event.type, payload))  # its lane may not be written down yet
    own = [one for one in told if one[1].lead_id == lead and invoice in ("", one[1].invoice_id)]
    if not any(one.payment.total for kind, one in own if kind is EventType.PAYMENT_REQUESTED):
        return summed_up(own, _price(facts, invoice))
    return summed_up(own)


def _price(facts: LiveFacts, invoice: str) -> Decimal:
    if invoice:
        sale = facts.fetch("invoice")
        return sale.amount if sale is not None else Decimal(0)
    lead = facts.fetch("lead")
    return lead.price if lead is not None else Decimal(0)


FETCH: Final[Mapping[str, Callable[[LiveFacts], Any]]] = {
    "payments": payments_of,
    "payment.paid": lambda facts: facts.fetch("payments").paid,
    "payment.left": lambda facts: facts.fetch("payments").left,
}
"""By the names of the facts."""
