"""T-Bank's acquiring: Init, GetState, notices signed by a token. Its terminal is `SANDBOX`, its password `sandbox`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

import requests
from flask import Flask, Response, jsonify, request

from sandbox.senders.http import Signing, at_once, post
from sandbox.senders.paying import Bill, Paying
from sandbox.senders.service import Answers, as_json

STATES = {"new": "NEW", "held": "AUTHORIZED", "paid": "CONFIRMED", "refused": "REJECTED", "refunded": "REFUNDED"}


class TBank(Paying):
    """A terminal. A payment in one stage sends AUTHORIZED and CONFIRMED at the same time."""

    name: ClassVar[str] = "tbank"
    title: ClassVar[str] = "Т-Банк (интернет-эквайринг)"
    fields: ClassVar[Mapping[str, str]] = {"url": "Адрес уведомлений", "password": "Пароль терминала"}
    defaults: ClassVar[Mapping[str, str]] = {"url": "http://127.0.0.1:8080/hooks/tbank", "password": "sandbox"}
    prefix: ClassVar[str] = "/tbank"
    terminal, password = "SANDBOX", "sandbox"

    def tell(self, bill: Bill, deed: str, given: Mapping[str, str]) -> Answers:
        if deed == "pay":
            return at_once(*(lambda word=word: self.notify(bill, word, given) for word in ("AUTHORIZED", "CONFIRMED")))
        if deed == "refund_part" and bill.state != "refunded":
            return [self.notify(bill, "PARTIAL_REFUNDED", given)]
        return [self.notify(bill, STATES[bill.state], given)]

    def notify(self, bill: Bill, status: str, given: Mapping[str, str], **more: object) -> requests.Response:
        """A notice of that state, signed as this sender signs just now."""
        fields: dict[str, Any] = {
            "TerminalKey": self.terminal,
            "OrderId": bill.order,
            "Success": status != "REJECTED",
            "Status": status,
            "PaymentId": int(bill.id),
            "ErrorCode": "1051" if status == "REJECTED" else "0",
            "Amount": _kopecks(self.now_paid(bill, status)),
            "CardId": 10452089,
            "Pan": "220000******0017",
            "ExpDate": "1130",
            "Data": {"Email": bill.email} if bill.email else {},
            **more,
        }
        password = given.get("password", self.password)
        signed = {**fields, "Token": token(fields, f"not {password}" if self.signing is Signing.WRONG else password)}
        if self.signing is Signing.MISSING:
            del signed["Token"]
        if self.signing is Signing.TAMPERED:
            signed["Amount"] = 100
        return post(given["url"], as_json(signed), "application/json")

    def now_paid(self, bill: Bill, status: str) -> Decimal:
        """What `Amount` of a state says: of a partial refund what is left."""
        return bill.amount - bill.refunded if status == "PARTIAL_REFUNDED" else bill.amount

    def mount(self, app: Flask) -> None:
        super().mount(app)
        for method, view in (("Init", self._init), ("GetState", self._state)):
            app.add_url_rule(f"{self.prefix}/v2/{method}", f"tbank_{method}", view, methods=["POST"])

    def _init(self) -> Response:
        body = request.get_json(force=True, silent=True) or {}
        if closed := self._closed(body):
            return closed
        order, amount = str(body.get("OrderId", "")), body.get("Amount")
        if not isinstance(amount, int) or amount <= 0 or not order or len(order) > 50:
            return _refused("211", "Неверный формат Amount или OrderId")
        if any(one.order == order for one in self.bills.values()):
            return _refused("8", "Заказ с таким OrderId уже есть")
        receipt = body.get("Receipt")
        if receipt and sum(one["Amount"] for one in receipt["Items"]) != amount:
            return _refused("308", "Сумма позиций чека не равна сумме платежа")
        bill = self.new_bill(order, Decimal(amount) / 100, body.get("Description", ""), receipt=receipt)
        bill.notify, bill.email = body.get("NotificationURL", ""), body.get("DATA", {}).get("Email", "")
        return jsonify({**self._told(bill), "PaymentURL": self.page_of(bill)})

    def _state(self) -> Response:
        body = request.get_json(force=True, silent=True) or {}
        if closed := self._closed(body):
            return closed
        bill = self.bills.get(str(body.get("PaymentId", "")))
        return jsonify(self._told(bill)) if bill else _refused("255", "Платеж не найден")

    def _told(self, bill: Bill) -> dict[str, Any]:
        status = "PARTIAL_REFUNDED" if bill.refunded and bill.state == "paid" else STATES[bill.state]
        return {
            "Success": True,
            "ErrorCode": "0",
            "TerminalKey": self.terminal,
            "Status": status,
            "PaymentId": bill.id,
            "OrderId": bill.order,
            "Amount": _kopecks(self.now_paid(bill, status)),
        }

    def _closed(self, body: Mapping[str, Any]) -> Response | None:
        if body.get("TerminalKey") != self.terminal:
            return _refused("501", "Терминал не найден")
        return None if body.get("Token") == token(body, self.password) else _refused("204", "Неверный токен")


def token(fields: Mapping[str, Any], password: str) -> str:
    """As the terminal signs: the values of plain members by their names, with the password."""
    plain = {name: value for name, value in fields.items() if not isinstance(value, dict | list) and name != "Token"}
    pairs = sorted({**plain, "Password": password}.items())
    joined = "".join(value if isinstance(value, str) else json.dumps(value) for _, value in pairs)
    return hashlib.sha256(joined.encode()).hexdigest()


def _kopecks(amount: Decimal) -> int:
    return int(amount * 100)


def _refused(code: str, words: str) -> Response:
    return jsonify({"Success": False, "ErrorCode": code, "Message": "Ошибка", "Details": words})
