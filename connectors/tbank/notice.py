"""What T-Bank's states say of a payment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from connectors.payments.money import of_kopecks
from connectors.payments.notice import PaymentNotice, Told
from connectors.payments.orders import Order, Orders
from connectors.tbank.settings import TBankSettings
from provodka.channel import UnreadableError
from provodka.payments import PaymentWay

_FAILED: Final = frozenset(
    {"REJECTED", "CANCELED", "DEADLINE_EXPIRED", "ATTEMPTS_EXPIRED", "AUTH_FAIL", "REVERSED", "PARTIAL_REVERSED"}
)
_REASONS: Final = {
    "CANCELED": "платёж отменён",
    "DEADLINE_EXPIRED": "срок ссылки истёк",
    "ATTEMPTS_EXPIRED": "попытки оплатить закончились",
    "REVERSED": "списание отменено",
    "1051": "не хватило денег",
    "1006": "банк отказал: клиенту нужно связаться со своим банком",
    "1012": "банк не разрешил такую операцию",
    "1015": "неверный номер карты",
    "1054": "срок карты истёк",
    "1082": "неверный CVV",
}
_WAYS: Final = (
    ("Pan", PaymentWay.CARD),
    ("CardId", PaymentWay.CARD),
    ("Qr", PaymentWay.SBP),
    ("BankMemberName", PaymentWay.SBP),
)


class Reader:
    """Reads states of payments: from notices and from answers. `orders` tell ours from those of a site."""

    def __init__(self, settings: TBankSettings, orders: Orders) -> None:
        self._settings = settings
        self._orders = orders

    def number(self, order_id: str) -> str:
        """Our number out of their OrderId, which may have the number of a try behind it; empty where it is not ours."""
        prefix = self._settings.order_prefix
        if not order_id.startswith(prefix):
            return ""
        number = order_id.removeprefix(prefix).partition("-")[0]
        return number if number.isdecimal() and len(number) <= 10 else ""

    def notice(self, told: Mapping[str, Any], at: datetime) -> PaymentNotice | None:
        """None for a state of which rules need not hear. Raises UnreadableError for one that cannot be read."""
        status, payment = _word(told.get("Status")).upper(), _word(told.get("PaymentId"))
        if not status or not payment:
            raise UnreadableError("a notice without Status or PaymentId")
        order_id = _word(told.get("OrderId"))
        number = self.number(order_id)
        order = self._orders.of(number) if number else None
        about: dict[str, Any] = {
            "payment": payment,
            "order": number,
            "way": _way(told),
            "reason": _reason(told, status),
            "test": self._settings.test or self._settings.is_trial,
            "email": _word(_data(told).get("Email")),
            "phone": _word(_data(told).get("Phone")),
            "at": at,
            "data": {"OrderId": order_id, **{str(n): _word(v) for n, v in _data(told).items() if _word(v)}},
        }
        amount = of_kopecks(told.get("Amount"))
        if status in ("PARTIAL_REFUNDED", "REFUNDED"):
            return self._refund(status, payment, amount, order, about)
        kind = _told(status)
        if kind is None:
            return None
        return PaymentNotice(id=f"{payment}:{status}", told=kind, amount=amount, **about)

    def _refund(
        self, status: str, payment: str, amount: Decimal, order: Order | None, about: dict[str, Any]
    ) -> PaymentNotice:
        """What has been given back until now; of a whole refund that is the payment."""
        asked = order.asked if order is not None else amount
        if status == "REFUNDED":
            whole = max(asked, amount)
            id_, left = f"{payment}:{status}", Decimal(0)
            return PaymentNotice(id=id_, told=Told.REFUNDED, refunded=whole, left=left, amount=whole, **about)
        back = asked - amount if self._settings.partial_refund == "left" else amount
        id_ = f"{payment}:{status}:{amount}"
        if self._settings.partial_refund == "refund":
            return PaymentNotice(id=id_, told=Told.REFUNDED, refund_id=id_, refund=back, amount=asked, **about)
        left = amount if self._settings.partial_refund == "left" else None
        back = max(back, Decimal(0))
        return PaymentNotice(id=id_, told=Told.REFUNDED, refunded=back, left=left, amount=asked, **about)


def _told(status: str) -> Told | None:
    if status == "CONFIRMED":
        return Told.PAID
    if status == "AUTHORIZED":
        return Told.HELD
    return Told.FAILED if status in _FAILED else None


def _reason(told: Mapping[str, Any], status: str) -> str:
    if status not in _FAILED:
        return ""
    code = _word(told.get("ErrorCode"))
    words = _word(told.get("Message")) or _word(told.get("Details"))
    return (
        _REASONS.get(code) or _REASONS.get(status) or words or (f"отказ, код {code}" if code not in ("", "0") else "")
    )


def _way(told: Mapping[str, Any]) -> PaymentWay:
    source = _word(told.get("Source") or _data(told).get("Source")).lower()
    if source in ("qrsbp", "sbp"):
        return PaymentWay.SBP
    if "installment" in source or "bnpl" in source:
        return PaymentWay.INSTALMENTS
    if source.endswith("pay"):
        return PaymentWay.WALLET
    return next((way for name, way in _WAYS if told.get(name)), PaymentWay.UNKNOWN)


def _data(told: Mapping[str, Any]) -> Mapping[str, Any]:
    found = told.get("Data") or told.get("DATA")
    return found if isinstance(found, Mapping) else {}


def _word(value: object) -> str:
    return str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
