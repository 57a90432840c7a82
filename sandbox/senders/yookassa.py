"""YooKassa: payments by API v3, and notices that nobody signs. Its shop is `100500`, its key `sandbox`."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

import requests
from flask import Flask, Response, jsonify, request

from sandbox.senders.http import post
from sandbox.senders.paying import Bill, Paying
from sandbox.senders.service import Answers, as_json

STATES = {
    "new": "pending",
    "held": "waiting_for_capture",
    "paid": "succeeded",
    "refused": "canceled",
    "refunded": "succeeded",
}
EVENTS = {"pay": "payment.succeeded", "hold": "payment.waiting_for_capture", "refuse": "payment.canceled"}


class YooKassa(Paying):
    """A shop. A payment is made once for each Idempotence-Key, and lists come by pages of `page`."""

    name: ClassVar[str] = "yookassa"
    title: ClassVar[str] = "ЮKassa"
    fields: ClassVar[Mapping[str, str]] = {"url": "Адрес уведомлений"}
    defaults: ClassVar[Mapping[str, str]] = {"url": "http://127.0.0.1:8080/hooks/yookassa"}
    prefix: ClassVar[str] = "/yookassa"
    shop, key = "100500", "sandbox"

    def reset(self) -> None:
        super().reset()
        self.by_key: dict[str, str] = {}
        self.page = 100
        self.method = "bank_card"

    def next_id(self) -> str:
        return f"2f3a{len(self.bills):04d}-000f-5000-8000-1a2b3c4d5e6f"

    def tell(self, bill: Bill, deed: str, given: Mapping[str, str]) -> Answers:
        if deed in EVENTS:
            return [self.notify(EVENTS[deed], self.shown(bill), given)]
        return [self.notify("refund.succeeded", self.refunds(bill)[-1], given)]

    def notify(self, event: str, thing: object, given: Mapping[str, str]) -> requests.Response:
        """Any notice: what it says need not be true."""
        body = as_json({"type": "notification", "event": event, "object": thing})
        return post(given["url"], body, "application/json", {"X-Forwarded-For": "185.71.76.5"})

    def shown(self, bill: Bill) -> dict[str, Any]:
        """A payment as the API shows it."""
        about = bill.about
        body: dict[str, Any] = {
            "id": bill.id,
            "status": STATES[bill.state],
            "paid": bill.state in ("held", "paid", "refunded"),
            "amount": about.get("money", _money(bill.amount)),
            "created_at": _at(bill.made_at),
            "description": bill.text,
            "metadata": about.get("metadata", {}),
            "recipient": {"account_id": self.shop, "gateway_id": "100700"},
            "refundable": bill.state == "paid",
            "refunded_amount": _money(bill.refunded),
            "test": True,
        }
        if bill.state in ("held", "paid", "refunded"):
            body["payment_method"] = {"type": self.method, "id": bill.id, "saved": False, "title": "Bank card *4444"}
        if bill.state in ("paid", "refunded"):
            body["captured_at"] = _at(self.now())
        if bill.state == "refused":
            body["cancellation_details"] = {"party": "yoo_money", "reason": "insufficient_funds"}
        if bill.state == "new":
            body["confirmation"] = {"type": "redirect", "confirmation_url": self.page_of(bill)}
        return body

    def refunds(self, bill: Bill) -> list[dict[str, Any]]:
        """The refunds of a payment, oldest first."""
        return [
            {
                "id": f"{bill.id[:-6]}{number:06d}",
                "payment_id": bill.id,
                "status": "succeeded",
                "created_at": _at(self.now()),
                "amount": _money(amount),
            }
            for number, amount in enumerate(bill.given_back, 1)
        ]

    def mount(self, app: Flask) -> None:
        super().mount(app)
        app.add_url_rule(f"{self.prefix}/v3/payments", "yookassa_create", self._create, methods=["POST"])
        app.add_url_rule(f"{self.prefix}/v3/<kind>", "yookassa_list", self._list)
        app.add_url_rule(f"{self.prefix}/v3/<kind>/<id_>", "yookassa_one", self._one)
        app.add_url_rule(f"{self.prefix}/v3/me", "yookassa_me", self._me)

    def _me(self) -> Response:
        return self._closed() or jsonify({"account_id": self.shop, "status": "enabled", "test": True})

    def _create(self) -> Response:
        if closed := self._closed():
            return closed
        key, body = request.headers.get("Idempotence-Key", ""), request.get_json(force=True, silent=True) or {}
        if not key or len(key) > 64:
            return _refused(400, "invalid_request", "Idempotence-Key")
        try:
            amount = Decimal(body["amount"]["value"])
        except (KeyError, TypeError, InvalidOperation):
            return _refused(400, "invalid_request", "amount.value")
        if wrong := _wrong(body, amount):
            return _refused(400, "invalid_request", wrong)
        with self.lock:
            if key not in self.by_key:
                about = {"metadata": body.get("metadata", {}), "money": body["amount"], "receipt": body.get("receipt")}
                self.by_key[key] = self.new_bill("", amount, body.get("description", ""), **about).id
            return jsonify(self.shown(self.bills[self.by_key[key]]))

    def _list(self, kind: str) -> Response:
        if closed := self._closed():
            return closed
        since = datetime.fromisoformat(request.args.get("created_at.gte", "2000-01-01T00:00:00.000Z"))
        bills = list(self.bills.values())
        found: Sequence[dict[str, Any]] = (
            [self.shown(one) for one in bills if one.made_at >= since]
            if kind == "payments"
            else [refund for one in bills for refund in self.refunds(one)]
        )
        start = int(request.args.get("cursor", "0"))
        more = {"next_cursor": str(start + self.page)} if start + self.page < len(found) else {}
        return jsonify({"type": "list", "items": found[start : start + self.page], **more})

    def _one(self, kind: str, id_: str) -> Response:
        if closed := self._closed():
            return closed
        if kind == "payments" and id_ in self.bills:
            return jsonify(self.shown(self.bills[id_]))
        refunds = [refund for one in self.bills.values() for refund in self.refunds(one)]
        found = [one for one in refunds if kind == "refunds" and one["id"] == id_]
        return jsonify(found[0]) if found else _refused(404, "not_found", "id")

    def _closed(self) -> Response | None:
        expected = b64encode(f"{self.shop}:{self.key}".encode()).decode()
        if request.headers.get("Authorization") == f"Basic {expected}":
            return None
        return _refused(401, "invalid_credentials", "")


def _wrong(body: Mapping[str, Any], amount: Decimal) -> str:
    if amount <= 0 or len(body.get("description", "")) > 128:
        return "amount.value" if amount <= 0 else "description"
    receipt = body.get("receipt")
    if not receipt:
        return ""
    items = receipt.get("items", [])
    total = sum((Decimal(one["amount"]["value"]) * Decimal(one["quantity"]) for one in items), Decimal(0))
    if not receipt.get("customer") or total != amount:
        return "receipt"
    return "receipt.items" if any(len(one["description"]) > 128 or not one.get("vat_code") for one in items) else ""


def _money(amount: Decimal) -> dict[str, str]:
    return {"value": f"{amount:.2f}", "currency": "RUB"}


def _at(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _refused(status: int, code: str, parameter: str) -> Response:
    answer = jsonify({"type": "error", "id": "e1", "code": code, "description": "words", "parameter": parameter})
    answer.status_code = status
    return answer
