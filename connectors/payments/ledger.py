"""What became of an order, put together from its notices in whatever order they came."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from connectors.payments.notice import PaymentNotice, Told
from provodka.payments import PaymentState


@dataclass(frozen=True, slots=True)
class Ledger:
    """All notices of one order, each once, as they became known."""

    notices: tuple[PaymentNotice, ...]

    @classmethod
    def of(cls, notices: Iterable[PaymentNotice]) -> Ledger:
        """A repeated notice counts once."""
        known: dict[str, PaymentNotice] = {}
        for notice in notices:
            known.setdefault(notice.id, notice)
        return cls(tuple(known.values()))

    @property
    def paid_by(self) -> str:
        """The payment that was the first to be told as paid: any other one of the same order is one too many."""
        return next((one.payment for one in self.notices if one.told is Told.PAID), "")

    @property
    def is_settled(self) -> bool:
        """Whether the money has come."""
        return bool(self.paid_by)

    def of_payment(self, payment: str) -> tuple[PaymentNotice, ...]:
        """The notices of one payment of the order."""
        return tuple(one for one in self.notices if one.payment == payment)

    def told(self, payment: str, told: Told) -> bool:
        """Whether that was told of the payment."""
        return any(one.told is told for one in self.of_payment(payment))

    def can_reckon(self, refund: PaymentNotice) -> bool:
        """Whether it is known how much it gave back: where only what is left is told, not before what was paid is."""
        return refund.left is None or self.told(refund.payment, Told.PAID)

    def waited_for(self, payment: str, known: Iterable[PaymentNotice]) -> list[PaymentNotice]:
        """Those of `known` that had to wait until what was paid is known, the first refund first."""
        waiting = {one.id: one for one in known if one.payment == payment and one.told is Told.REFUNDED}
        left = [(one.left, one) for one in waiting.values() if one.left is not None]
        return [one for _, one in sorted(left, key=lambda pair: pair[0], reverse=True)]

    def refunded(self, payment: str) -> Decimal:
        """What was given back of it until now, whichever way its refunds are told. A repeated refund counts once."""
        refunds = [one for one in self.of_payment(payment) if one.told is Told.REFUNDED]
        single = {one.refund_id: one.refund for one in refunds if one.refund_id}
        told = max((self._back(one) for one in refunds), default=Decimal(0))
        return max(told, sum(single.values(), Decimal(0)))

    def _back(self, notice: PaymentNotice) -> Decimal:
        if notice.left is None:
            return notice.refunded
        return max(self.amount(notice.payment) - notice.left, Decimal(0))

    def state(self, payment: str) -> PaymentState:
        """The furthest that it has come: a late word of an earlier state changes nothing."""
        if self.told(payment, Told.REFUNDED):
            return PaymentState.REFUNDED
        if self.told(payment, Told.PAID):
            return PaymentState.SUCCEEDED
        if self.told(payment, Told.FAILED):
            return PaymentState.FAILED
        return PaymentState.AUTHORIZED

    def amount(self, payment: str) -> Decimal:
        """What was paid: as the word of success says, else as any other."""
        told = sorted(self.of_payment(payment), key=lambda one: one.told is not Told.PAID)
        return next((one.amount for one in told if one.amount), Decimal(0))
