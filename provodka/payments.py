"""Payments by card, fast transfer and the like: the one model of what services tell of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

PARTS: Final = "payment:"
"""How the keys of the parts begin that the notices of a payment are: they stay, as money is given back years later."""


class PaymentState(StrEnum):
    """How far a payment has come. `authorized`: the money is held, not taken."""

    REQUESTED = "requested"
    AUTHORIZED = "authorized"
    SUCCEEDED = "succeeded"
    REFUNDED = "refunded"
    FAILED = "failed"


class PaymentWay(StrEnum):
    """How it was paid, in one word for all services."""

    CARD = "card"
    SBP = "sbp"
    WALLET = "wallet"
    TRANSFER = "transfer"
    CASH = "cash"
    INSTALMENTS = "instalments"
    CREDIT = "credit"
    CRYPTO = "crypto"
    OTHER = "other"
    UNKNOWN = ""


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment. Sums are in `currency`; `refunded` is what was given back of it until now.

    `refund` is what this event gave back of it.
    `id` is the service's, `order` our number there (InvId, OrderId); `asked` what the link was for, `total` the sum of
    which it is a part («предоплата» in `part`); zero and empty where there was no link of ours. `reason` says, to
    people, why it failed, differs or belongs to no order. `test`: no money was moved;
    `trial`: nor does it count, since its shop is set up for real ones.
    """

    id: str = ""
    order: str = ""
    state: PaymentState = PaymentState.REQUESTED
    amount: Decimal = Decimal(0)
    currency: str = "RUB"
    way: PaymentWay = PaymentWay.UNKNOWN
    refunded: Decimal = Decimal(0)
    refund: Decimal = Decimal(0)
    asked: Decimal = Decimal(0)
    total: Decimal = Decimal(0)
    part: str = ""
    purpose: str = ""
    url: str = ""
    reason: str = ""
    test: bool = False
    trial: bool = False
    at: datetime | None = None
    data: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PaymentEvent:
    """`payment.*`. `lead_id` is the deal that the link was made for, empty where no order of ours is known; `invoice`
    the id of the sale of accounting, where the link was for its invoice."""

    payment: Payment = field(default_factory=Payment)
    lead_id: str = ""
    invoice_id: str = ""
