"""What tests of payments have in common: an order that was placed, and who pays."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from connectors.payments.orders import Order, Orders
from provodka.cashier import PaymentRequest
from provodka.channel import Around
from provodka.payloads import Person

NUMBER = 1047
PAYER = Person(phones=("+79161112233",), emails=("maria@example.ru",))
REQUEST = PaymentRequest("17", Decimal("12500.50"), "Предоплата", phone=PAYER.phone, email=PAYER.email)


def placed(around: Around, shop: str, amount: str = "12500.50", **more: Any) -> Order:
    """The order of number 1047 for lead 17, its link made."""
    orders = Orders(shop, around.store, around.now, NUMBER)
    order = orders.place("key-1", replace(REQUEST, amount=Decimal(amount), **more))
    return orders.change(order, tries=1, url="https://pay.example/1047", payment="41")
