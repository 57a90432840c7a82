"""What any service of payments tells about one, in one form; the journal keeps each notice as a part of its order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Final

from pydantic import TypeAdapter

from provodka.channel import Part
from provodka.payments import PARTS, PaymentWay


class Told(StrEnum):
    """What a notice says. `held`: the money is there, but not taken yet."""

    HELD = "held"
    PAID = "paid"
    REFUNDED = "refunded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PaymentNotice:
    """One notice. Whatever the service does not say stays empty.

    `payment` is the service's id, `order` our number as it stands there, `id` tells a repeat of this notice from
    another one. `amount` is the whole payment's. A refund says what was given back until now (`refunded`), or has an id
    (`refund_id`) and a sum (`refund`) of its own. Where a service says what is `left` of the payment, that decides, and
    the refund waits until what was paid is known: `refunded` is reckoned from what was asked, which may be another sum.
    """

    payment: str
    id: str
    told: Told
    order: str = ""
    amount: Decimal = Decimal(0)
    currency: str = "RUB"
    refunded: Decimal = Decimal(0)
    left: Decimal | None = None
    refund_id: str = ""
    refund: Decimal = Decimal(0)
    way: PaymentWay = PaymentWay.UNKNOWN
    name: str = ""
    phone: str = ""
    email: str = ""
    purpose: str = ""
    reason: str = ""
    test: bool = False
    at: datetime | None = None
    data: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Of the parts that belong together: all payments of an order."""
        return key_of(self.order or self.payment)

    @property
    def part(self) -> Part:
        """As the journal keeps it."""
        return Part(self.key, self.id, _adapter().dump_json(self).decode())


def key_of(order: str) -> str:
    """The key of the parts of an order; of a payment without one, by the payment's id."""
    return f"{PARTS}{order}"


def stored_notice(part: Part) -> PaymentNotice:
    """The notice that a part holds."""
    return _adapter().validate_json(part.body)


@cache
def _adapter() -> TypeAdapter[PaymentNotice]:
    return TypeAdapter(PaymentNotice)


HINTS: Final = ("paid:", "held:", "failed:", "refund:")
"""How the keys of events begin that tell of money: `paid:<payment>`, …, `refund:<refund>`."""
