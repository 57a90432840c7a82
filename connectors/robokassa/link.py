"""The link by which somebody pays: computed, so that nothing has to be asked of Robokassa."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from connectors.payments.money import plain
from connectors.payments.orders import Order
from connectors.payments.receipt import Item, of_table, receipt_items
from connectors.robokassa.settings import RobokassaSettings
from connectors.robokassa.signature import signed
from provodka.cashier import PaymentRequest

LONGEST: Final = 100
MOSCOW: Final = ZoneInfo("Europe/Moscow")
TAXES: Final = {"none": "none", **{rate: f"vat{rate}" for rate in ("0", "5", "7", "10", "20", "22")}}
OWN: Final = frozenset(
    {"MerchantLogin", "OutSum", "InvId", "Description", "SignatureValue", "Receipt", "IsTest", "ExpirationDate"}
)


def link(settings: RobokassaSettings, order: Order, asked: PaymentRequest) -> str:
    """The signed address. `extra` of the request are fields of the page, `Shp_…` among them. Raises Rejected for a
    receipt that cannot be."""
    password = settings.test_password1 if settings.test and settings.test_password1 else settings.password1
    amount, number = plain(order.asked), str(order.number)
    receipt = _receipt(settings, receipt_items(asked, settings.receipt))
    extra = {name: str(value) for name, value in asked.extra.items() if name not in OWN}
    shp = [(name, value) for name, value in extra.items() if name.lower().startswith("shp_")]
    values = [settings.login, amount, number, *([receipt] if receipt else []), password.get_secret_value()]
    fields: dict[str, Any] = {
        "MerchantLogin": settings.login,
        "OutSum": amount,
        "InvId": number,
        "Description": asked.purpose[:LONGEST],
        "Email": asked.email,
        "Culture": settings.culture,
        "ExpirationDate": asked.expires.astimezone(MOSCOW).isoformat(timespec="seconds") if asked.expires else "",
        "IsTest": "1" if settings.test else "",
        "Receipt": receipt,
        **extra,
        "SignatureValue": signed(settings.algorithm, *values, shp=shp),
    }
    return f"{settings.pay_url}?{urlencode({name: value for name, value in fields.items() if value})}"


def _receipt(settings: RobokassaSettings, items: Sequence[Item]) -> str:
    """JSON, escaped as in an address: so it goes into the signature, and is escaped once more in the link."""
    if not items or settings.receipt is None:
        return ""
    taxation = {"sno": settings.receipt.taxation} if settings.receipt.taxation else {}
    body = {**taxation, "items": [_item(one) for one in items]}
    return quote(json.dumps(body, ensure_ascii=False, separators=(",", ":")), safe="")


def _item(item: Item) -> dict[str, Any]:
    return {
        "name": item.name,
        "quantity": float(item.quantity),
        "sum": float(item.amount),
        "tax": of_table(item.vat, TAXES),
        "payment_method": item.method,
        "payment_object": item.subject,
    }
