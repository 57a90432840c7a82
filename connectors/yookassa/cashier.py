"""Makes payments of YooKassa and gives their links."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final

from connectors.payments.cashier import Link, carry_out
from connectors.payments.money import plain
from connectors.payments.orders import Order, Orders
from connectors.payments.receipt import of_table, receipt_items
from connectors.yookassa.api import YooKassa
from connectors.yookassa.reading import ORDER
from connectors.yookassa.settings import YooKassaSettings
from provodka import identity
from provodka.cashier import PaymentRequest
from provodka.errors import Ambiguous
from provodka.operation import Outcome, Repeat, Request, operation
from provodka.stores import Pace

LONGEST: Final = 128
VAT_CODES: Final = {"none": 1, "0": 2, "10": 3, "20": 4, "5": 7, "7": 8, "22": 11}
TAX_SYSTEMS: Final = {"osn": 1, "usn_income": 2, "usn_income_outcome": 3, "esn": 5, "patent": 6}


class YooKassaCashier:
    """The key that YooKassa is given is that of the order, so that one whose answer was lost is asked for again."""

    def __init__(self, name: str, settings: YooKassaSettings, orders: Orders, pace: Pace) -> None:
        self.name = name
        self._settings = settings
        self._orders = orders
        self._api = YooKassa(settings, pace)

    @operation(repeat=Repeat.KEY)
    def ask(self, requests: Sequence[Request[PaymentRequest]]) -> list[Outcome]:
        """One payment each."""
        return carry_out(self._orders, requests, self._link)

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def _link(self, order: Order, asked: PaymentRequest) -> Link:
        key = sha256(f"{self._settings.shop_id}:{order.key}:{order.number}".encode()).hexdigest()[:48]
        answer = self._api.create(self._body(order, asked), key)
        confirmation = answer.get("confirmation")
        url = confirmation.get("confirmation_url") if isinstance(confirmation, dict) else None
        if not isinstance(url, str) or not url:
            raise Ambiguous("YooKassa answered without a link")
        return Link(url, str(answer["id"]))

    def _body(self, order: Order, asked: PaymentRequest) -> dict[str, Any]:
        """What YooKassa is asked for; `extra` of the request stands beside it, but not in its place."""
        metadata = {ORDER: str(order.number), "deal_id": order.lead_id, "event": order.key[-128:]}
        body: dict[str, Any] = {
            **asked.extra,
            "amount": {"value": plain(order.asked), "currency": order.currency},
            "capture": self._settings.capture,
            "confirmation": {"type": "redirect", "return_url": self._settings.return_url},
            "description": asked.purpose[:LONGEST],
            "metadata": metadata,
        }
        if receipt := self._receipt(asked):
            body["receipt"] = receipt
        return body

    def _receipt(self, asked: PaymentRequest) -> dict[str, Any]:
        items = receipt_items(asked, self._settings.receipt)
        if not items or self._settings.receipt is None:
            return {}
        phone = identity.phone(asked.phone).removeprefix("+")
        customer = {name: value for name, value in (("email", asked.email), ("phone", phone)) if value}
        taxation = self._settings.receipt.taxation
        system = {"tax_system_code": TAX_SYSTEMS[taxation]} if taxation in TAX_SYSTEMS else {}
        lines = [
            {
                "description": one.name,
                "quantity": f"{one.quantity:f}",
                "amount": {"value": plain(one.price), "currency": asked.currency},
                "vat_code": of_table(one.vat, VAT_CODES),
                "payment_mode": one.method,
                "payment_subject": one.subject,
            }
            for one in items
        ]
        return {"customer": customer, "items": lines, **system}
