"""The order that a Tilda cart sends beside the form's fields."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from provodka.payloads import Order, OrderLine, Payment, PaymentState

_NUMBER: Final = re.compile(r"-?\d{1,15}(?:\.\d{1,9})?")
_UNDERSTOOD: Final = ("orderid", "amount", "products", "promocode", "delivery")


def take_order(fields: Mapping[str, Any]) -> tuple[Order | None, dict[str, Any]]:
    """The order, if there is one, and the fields without what the order says.

    Tilda sends `payment[…]` brackets; some accounts send one JSON text in `payment` instead.
    """
    payment = _payment(fields.get("payment"))
    if not payment:
        return None, dict(fields)
    order = Order(
        id=str(payment.get("orderid") or ""),
        amount=number(payment.get("amount")),
        lines=tuple(_lines(payment.get("products"))),
        promocode=str(payment.get("promocode") or ""),
        delivery=str(payment.get("delivery") or ""),
    )
    rest = {name: value for name, value in payment.items() if name not in _UNDERSTOOD}
    return order, {**fields, "payment": rest}


def payment_of(fields: Mapping[str, Any], order: Order | None) -> Payment | None:
    """The payment of an order, where the site tells that there was one: `systranid` is then the payment system's own
    number, and 0 as long as nobody has paid (seen in public receivers; Tilda does not document it)."""
    told = _payment(fields.get("payment"))
    number_of_system = str(told.get("systranid") or "").strip()
    if order is None or number_of_system.strip("0") == "" or order.amount <= 0:
        return None
    return Payment(
        id=number_of_system,
        order=order.id,
        state=PaymentState.SUCCEEDED,
        amount=order.amount,
        purpose=", ".join(line.name for line in order.lines),
        reason="оплачено на сайте, ссылку на оплату делала Тильда",
        data={"system": str(told.get("sys") or "")},
    )


def number(value: object) -> Decimal:
    """A sum as Tilda or the site's owner writes it (`8800`, `8 800,50 р.`); 0 where there is none."""
    text = re.sub(r"\s", "", str(value)).replace(",", ".")
    found = _NUMBER.search(text)
    return Decimal(found.group()) if found else Decimal(0)


def _payment(value: object) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def _lines(products: object) -> Iterator[OrderLine]:
    items = list(products.values()) if isinstance(products, dict) else products
    for item in items if isinstance(items, list) else []:
        if isinstance(item, dict):
            yield _line(item)
        else:
            yield OrderLine(name=str(item), quantity=Decimal(1), price=Decimal(0), amount=Decimal(0))


def _line(item: Mapping[str, Any]) -> OrderLine:
    quantity = number(item.get("quantity") or 1)
    price = number(item.get("price"))
    return OrderLine(
        name=f"{item.get('name') or ''}{_options(item.get('options'))}",
        quantity=quantity,
        price=price,
        amount=number(item["amount"]) if item.get("amount") else price * quantity,
        sku=str(item.get("sku") or ""),
    )


def _options(options: object) -> str:
    """« (Цвет: Белый)»: what the buyer chose belongs to the name, or the wrong thing is delivered."""
    chosen = [
        f"{option.get('option')}: {option.get('variant')}"
        for option in (options if isinstance(options, list) else [])
        if isinstance(option, dict)
    ]
    return f" ({', '.join(chosen)})" if chosen else ""
