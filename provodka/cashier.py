"""Links for payments: what is asked of a service, and the channel that makes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Protocol

from provodka.crm import Write

RUB: Final = "RUB"


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """A line of a fiscal receipt; `vat` as accounting names it (`22`, `none`, …), `method` and `subject` in the words
    of the federal format (`full_payment`, `commodity`)."""

    name: str
    quantity: Decimal
    price: Decimal
    amount: Decimal
    vat: str = ""
    method: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class PaymentRequest:
    """A link to be made. `extra` are fields that are passed through to the service as they are. With `again` there may
    be another one for the same sum of the same deal."""

    lead_id: str
    amount: Decimal
    purpose: str
    currency: str = RUB
    total: Decimal = Decimal(0)
    part: str = ""
    invoice_id: str = ""
    phone: str = ""
    email: str = ""
    lines: tuple[ReceiptLine, ...] = ()
    expires: datetime | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    again: bool = False


class Cashier(Protocol):
    """A channel that makes links for payments."""

    name: str

    @property
    def ask(self) -> Write[PaymentRequest]:
        """`Done.remote_id` is our number of the order, the values are `order`, `payment` (the service's id, where it
        has one already) and `url`. The order is known to the channel's receiver before anybody can pay."""
