"""What a Taplink page tells of an order and of its payment."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from provodka.payloads import Order, OrderLine, Payment, PaymentState

_STATES: Final = {"2": PaymentState.SUCCEEDED}
"""Of `order_status_id`; what is not paid, waits for a confirmation or was refunded tells no new payment."""


def order_of(data: Mapping[str, Any]) -> Order | None:
    """The order of a form's shop; None where nothing was ordered."""
    offers = data.get("offers")
    lines = tuple(_line(offer) for offer in (offers if isinstance(offers, list) else []) if isinstance(offer, Mapping))
    amount = _sum(data.get("budget"))
    if not lines and not amount:
        return None
    return Order(id=str(data.get("order_number") or data.get("order_id") or ""), amount=amount, lines=lines)


def payment_of(data: Mapping[str, Any]) -> Payment | None:
    """The payment; None where nothing has been paid."""
    state = _STATES.get(str(data.get("order_status_id") or "2"))
    key = str(data.get("order_id") or data.get("order_number") or "")
    if state is None or not key:
        return None
    return Payment(
        id=key,
        order=str(data.get("order_number") or key),
        state=state,
        amount=_sum(data.get("budget")),
        currency=str(data.get("currency_code") or "RUB"),
        purpose=str(data.get("purpose") or ""),
        reason="оплачено на странице Taplink, ссылку на оплату делал он",
    )


def _line(offer: Mapping[str, Any]) -> OrderLine:
    price, quantity = _sum(offer.get("price")), _sum(offer.get("amount") or offer.get("quantity") or 1)
    name = str(offer.get("title") or offer.get("name") or "")
    return OrderLine(name=name, quantity=quantity, price=price, amount=price * quantity)


def _sum(value: object) -> Decimal:
    try:
        found = Decimal(str(value or 0).replace(" ", "").replace(",", "."))
    except InvalidOperation:
        return Decimal(0)
    return found if found.is_finite() else Decimal(0)
