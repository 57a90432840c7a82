"""What Robokassa calls the ways of payment."""

from __future__ import annotations

from typing import Final

from provodka.payments import PaymentWay

_WAYS: Final = {
    "bankcard": PaymentWay.CARD,
    "sbp": PaymentWay.SBP,
    "sberpay": PaymentWay.WALLET,
    "tinkoffpay": PaymentWay.WALLET,
    "yandexpay": PaymentWay.WALLET,
    "mirpay": PaymentWay.WALLET,
    "wallet": PaymentWay.WALLET,
    "emoney": PaymentWay.WALLET,
    "installment": PaymentWay.INSTALMENTS,
    "podeli": PaymentWay.INSTALMENTS,
    "split": PaymentWay.INSTALMENTS,
    "credit": PaymentWay.CREDIT,
    "terminals": PaymentWay.CASH,
    "mobileretails": PaymentWay.CASH,
}


def way_of(method: str, label: str) -> PaymentWay:
    """By `PaymentMethod`, else by `IncCurrLabel`, which may have the bank behind it (`BankCardPSR`)."""
    for said in (method.lower(), label.lower()):
        for word, way in _WAYS.items():
            if said.startswith(word):
                return way
    return PaymentWay.OTHER if method or label else PaymentWay.UNKNOWN
