"""What YooKassa's objects say: a payment, a refund."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from connectors.payments.money import sum_of
from connectors.payments.notice import PaymentNotice, Told
from provodka.channel import UnreadableError
from provodka.payments import PaymentWay

ORDER: Final = "provodka_order"
"""The member of `metadata` that holds our number."""
_STATES: Final = {"succeeded": Told.PAID, "waiting_for_capture": Told.HELD, "canceled": Told.FAILED}
_WAYS: Final = {
    "bank_card": PaymentWay.CARD,
    "sbp": PaymentWay.SBP,
    "sberbank": PaymentWay.WALLET,
    "tinkoff_bank": PaymentWay.WALLET,
    "yoo_money": PaymentWay.WALLET,
    "apple_pay": PaymentWay.WALLET,
    "google_pay": PaymentWay.WALLET,
    "qiwi": PaymentWay.WALLET,
    "webmoney": PaymentWay.WALLET,
    "sber_loan": PaymentWay.CREDIT,
    "sber_bnpl": PaymentWay.INSTALMENTS,
    "installments": PaymentWay.INSTALMENTS,
    "b2b_sberbank": PaymentWay.TRANSFER,
    "cash": PaymentWay.CASH,
    "mobile_balance": PaymentWay.OTHER,
}
_REASONS: Final = {
    "expired_on_confirmation": "клиент не оплатил вовремя",
    "expired_on_capture": "списание не подтвердили вовремя",
    "insufficient_funds": "не хватило денег",
    "fraud_suspected": "банк заподозрил мошенничество",
    "canceled_by_merchant": "отменено магазином",
    "card_expired": "срок карты истёк",
    "3d_secure_failed": "клиент не подтвердил оплату",
    "permission_revoked": "клиент отозвал разрешение",
}


def payment_notice(payment: Mapping[str, Any]) -> PaymentNotice | None:
    """The notice that a payment is, as it stands; None while nobody has paid. Raises UnreadableError."""
    told = _STATES.get(_word(payment.get("status")))
    if told is None:
        return None
    id_ = _word(payment.get("id"))
    if not id_:
        raise UnreadableError("a payment without an id")
    amount, currency = _amount(payment.get("amount"))
    metadata, method = _part(payment, "metadata"), _part(payment, "payment_method")
    reason = _word(_part(payment, "cancellation_details").get("reason"))
    kind = _word(method.get("type"))
    return PaymentNotice(
        payment=id_,
        id=f"{id_}:{told}",
        told=told,
        order=_word(metadata.get(ORDER)),
        amount=amount,
        currency=currency,
        way=_WAYS.get(kind, PaymentWay.OTHER) if kind else PaymentWay.UNKNOWN,
        phone=_word(_part(payment, "recipient_customer").get("phone")),
        email=_word(_part(payment, "recipient_customer").get("email")),
        purpose=_word(payment.get("description")),
        reason=_REASONS.get(reason, reason) if told is Told.FAILED else "",
        test=payment.get("test") is True,
        at=moment(payment.get("captured_at")) or moment(payment.get("created_at")),
        data={str(name): _word(value) for name, value in metadata.items() if name != ORDER and _word(value)},
    )


def refund_notice(refund: Mapping[str, Any], payment: Mapping[str, Any]) -> PaymentNotice | None:
    """The notice that a refund of the payment is; None while it has not come off."""
    if _word(refund.get("status")) != "succeeded":
        return None
    id_, (back, currency) = _word(refund.get("id")), _amount(refund.get("amount"))
    amount, _ = _amount(payment.get("amount"))
    return PaymentNotice(
        payment=_word(payment.get("id")),
        id=f"refund:{id_}",
        told=Told.REFUNDED,
        order=_word(_part(payment, "metadata").get(ORDER)),
        amount=amount,
        currency=currency,
        refund_id=id_,
        refund=back,
        purpose=_word(payment.get("description")),
        test=payment.get("test") is True,
        at=moment(refund.get("created_at")),
    )


def notices_of(payment: Mapping[str, Any]) -> Iterator[PaymentNotice]:
    """As `payment_notice`; nothing where there is none."""
    notice = payment_notice(payment)
    if notice is not None:
        yield notice


def moment(value: object) -> datetime | None:
    """A moment of ISO 8601; None for anything else."""
    try:
        found = datetime.fromisoformat(_word(value).replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _amount(value: object) -> tuple[Decimal, str]:
    amount = value if isinstance(value, Mapping) else {}
    return sum_of(amount.get("value")), _word(amount.get("currency")) or "RUB"


def _part(node: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = node.get(name)
    return found if isinstance(found, Mapping) else {}


def _word(value: object) -> str:
    return str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
