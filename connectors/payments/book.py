"""From notices to events: one payment is held once, comes once, and is given back as often as it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from connectors.payments.ledger import Ledger
from connectors.payments.notice import PaymentNotice, Told, key_of, stored_notice
from connectors.payments.orders import Order, Orders
from provodka import identity
from provodka.channel import Intake, PartsReader, Received, Reply
from provodka.event import Event, new_event_id
from provodka.payloads import EventType, Payment, PaymentEvent, PaymentState, Person

UNKNOWN_ORDER: Final = "заказа с таким номером Provodka не создавала"
OTHER_SUM: Final = "оплачено {paid} {currency}, а ссылка была на {asked} {wanted}"
TWICE: Final = "заказ уже оплачен другим платежом: {first}"
WAIT: Final = timedelta(days=1)  # services repeat a notice that was not answered for at least as long
TRIAL: Final = "тестовый платёж: денег нет"


@dataclass(frozen=True, slots=True)
class PaymentBook:
    """Makes the events of the channel `name`. `test`: payments without money count."""

    name: str
    orders: Orders
    test: bool = False

    def received(
        self,
        new: Sequence[PaymentNotice],
        parts: PartsReader,
        now: datetime,
        *,
        raw: bytes = b"",
        reply: Reply = Reply(),  # noqa: B008  # immutable
    ) -> Received:
        """What these notices come to, beside what the journal has of their orders already."""
        events = tuple(event for one in new for event in self._events(one, new, parts, now, raw))
        return Received(events=events, parts=tuple(one.part for one in new), reply=reply)

    def accept(
        self, new: Sequence[PaymentNotice], intake: Intake, now: datetime, cursors: dict[str, str] | None = None
    ) -> None:
        """The same for what was asked for, with the cursors that it was read by."""
        if not new:
            if cursors:
                intake.accept((), channel=self.name, cursors=cursors)
            return
        with self.orders.turn():
            received = self.received(new, lambda key: intake.parts(self.name, key), now)
            intake.accept(received.events, channel=self.name, parts=received.parts, cursors=cursors)

    def tell_of_unpaid(self, order: Order, intake: Intake, now: datetime) -> bool:
        """Tell of refunds whose payment has not been told for a day: by then what was asked is the best that is known.
        Whether there was one."""
        with self.orders.turn():
            known = [stored_notice(part) for part in intake.parts(self.name, key_of(str(order.number)))]
            ledger = Ledger.of(known)
            events = [
                event
                for payment in dict.fromkeys(one.payment for one in known)
                if not ledger.told(payment, Told.PAID)
                and (waiting := ledger.waited_for(payment, known))
                and all(one.at is None or now - one.at >= WAIT for one in waiting)
                for event in self._late(waiting, known, order, now)
            ]
            if events:
                intake.accept(events, channel=self.name)
        return bool(events)

    def requested(self, order: Order, now: datetime) -> Event:
        """The event of a link that was made."""
        payment = self._payment(order, None, Ledger(()), PaymentState.REQUESTED)
        return self._event(EventType.PAYMENT_REQUESTED, f"requested:{order.number}", payment, order, None, now, b"")

    def _events(
        self, notice: PaymentNotice, new: Sequence[PaymentNotice], parts: PartsReader, now: datetime, raw: bytes
    ) -> Iterator[Event]:
        known = [stored_notice(part) for part in parts(notice.key)]
        ledger = Ledger.of([*known, *(one for one in new if one.key == notice.key)])
        order = self.orders.of(notice.order)
        further = any(ledger.told(notice.payment, one) for one in (Told.PAID, Told.REFUNDED))
        payment = self._payment(order, notice, ledger, ledger.state(notice.payment))
        match notice.told:
            case Told.HELD if not further and not ledger.told(notice.payment, Told.FAILED):
                kind, key = EventType.PAYMENT_AUTHORIZED, f"held:{notice.payment}"
            case Told.FAILED if not further:
                kind, key = EventType.PAYMENT_FAILED, f"failed:{notice.payment}"
            case Told.PAID:
                why = self._why(order, notice, ledger)
                if order is not None and why != TRIAL:
                    self.orders.paid_after_all(order)
                kind, key = _kind_of_paid(order, why), f"paid:{notice.payment}"
                payment = replace(payment, reason=why, trial=why == TRIAL)
            case Told.REFUNDED if order is None or ledger.can_reckon(notice):
                kind, key = EventType.PAYMENT_REFUNDED, refund_key(notice)
                payment = _with_refund(payment, notice, ledger, known)
            case _:
                return
        yield self._event(kind, key, payment, order, notice, now, raw)
        if notice.told is Told.PAID:
            yield from self._late(ledger.waited_for(notice.payment, known), [*known, notice], order, now)

    def _late(
        self, refunds: Sequence[PaymentNotice], known: Sequence[PaymentNotice], order: Order | None, now: datetime
    ) -> Iterator[Event]:
        """The events of refunds that waited for their payment, each by what was given back before it."""
        told = [one for one in known if one not in refunds]
        for notice in refunds:
            ledger = Ledger.of([*told, notice])
            payment = self._payment(order, notice, ledger, PaymentState.REFUNDED)
            payment = _with_refund(payment, notice, ledger, told)
            yield self._event(EventType.PAYMENT_REFUNDED, refund_key(notice), payment, order, notice, now, b"")
            told.append(notice)

    def _why(self, order: Order | None, notice: PaymentNotice, ledger: Ledger) -> str:
        """To people, why a payment is not what was agreed; empty where it is."""
        if order is None:
            return UNKNOWN_ORDER
        if notice.test and not self.test:
            return TRIAL
        if notice.amount != order.asked or notice.currency != order.currency:
            return OTHER_SUM.format(
                paid=notice.amount, currency=notice.currency, asked=order.asked, wanted=order.currency
            )
        if ledger.paid_by not in ("", notice.payment):
            return TWICE.format(first=ledger.paid_by)
        return ""

    def _payment(
        self, order: Order | None, notice: PaymentNotice | None, ledger: Ledger, state: PaymentState
    ) -> Payment:
        return Payment(
            id=notice.payment if notice else order.payment if order else "",
            order=str(order.number) if order else notice.order if notice else "",
            state=state,
            amount=ledger.amount(notice.payment) if notice else Decimal(0),
            currency=notice.currency if notice else order.currency if order else "RUB",
            way=next((one.way for one in _told(ledger, notice) if one.way), notice.way) if notice else Payment().way,
            refunded=ledger.refunded(notice.payment) if notice else Decimal(0),
            asked=order.asked if order else Decimal(0),
            total=Decimal(order.total) if order else Decimal(0),
            part=order.part if order else "",
            purpose=order.purpose if order else notice.purpose if notice else "",
            url=order.url if order else "",
            reason=notice.reason if notice else "",
            test=notice.test if notice else self.test,
            at=notice.at if notice else None,
            data=dict(notice.data) if notice else {},
        )

    def _event(
        self,
        kind: EventType,
        key: str,
        payment: Payment,
        order: Order | None,
        notice: PaymentNotice | None,
        now: datetime,
        raw: bytes,
    ) -> Event:
        lead, invoice = (order.lead_id, order.invoice_id) if order else ("", "")
        return Event(
            id=new_event_id(now),
            type=kind,
            channel=self.name,
            external_id=key,
            occurred_at=min((notice.at if notice else None) or now, now),
            received_at=now,
            person=_person(order, notice),
            payload=PaymentEvent(payment=payment, lead_id=lead, invoice_id=invoice),
            raw=raw,
        )


def refund_key(notice: PaymentNotice) -> str:
    """The key of the event of a refund: its own id, else how much has been given back by it, or is left after it."""
    if notice.refund_id:
        return f"refund:{notice.refund_id}"
    if notice.left is not None:
        return f"refund:{notice.payment}:left {notice.left}"
    return f"refund:{notice.payment}:{notice.refunded}"


def _told(ledger: Ledger, notice: PaymentNotice | None) -> Sequence[PaymentNotice]:
    return ledger.of_payment(notice.payment) if notice else ()


def _kind_of_paid(order: Order | None, why: str) -> EventType:
    if order is None:
        return EventType.PAYMENT_UNMATCHED
    return EventType.PAYMENT_DIFFERS if why else EventType.PAYMENT_SUCCEEDED


def _with_refund(payment: Payment, notice: PaymentNotice, ledger: Ledger, known: Sequence[PaymentNotice]) -> Payment:
    """What this refund alone gave back; where the service tells sums until now, by what was known before."""
    before = Ledger.of(one for one in known if one.id != notice.id).refunded(notice.payment)
    alone = notice.refund if notice.refund_id else max(ledger.refunded(notice.payment) - before, Decimal(0))
    return replace(payment, refund=alone)


def _person(order: Order | None, notice: PaymentNotice | None) -> Person:
    """Whoever pays, and whom the link was made for."""
    phones = [identity.phone(one) for one in (order.phone if order else "", notice.phone if notice else "")]
    emails = [identity.email(one) for one in (order.email if order else "", notice.email if notice else "")]
    return Person(
        name=notice.name if notice else "",
        phones=tuple(dict.fromkeys(filter(None, phones))),
        emails=tuple(dict.fromkeys(filter(None, emails))),
    )
