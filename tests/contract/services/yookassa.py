"""YooKassa. Nobody signs its notices: the case is what they come to once the payment has been asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from connectors.payments.book import PaymentBook
from connectors.payments.orders import Orders
from connectors.yookassa.channel import YooKassaChannel, cashier, watcher
from connectors.yookassa.fetching import Fetching
from connectors.yookassa.reading import ORDER
from connectors.yookassa.settings import YooKassaSettings
from provodka.channel import Delivery, PartsReader, Received
from provodka.errors import AuthFailed, RateLimited, Rejected
from provodka.operation import Outcome, Repeat, Request
from provodka.stores import ConnectorStore
from sandbox.base import Emulator
from sandbox.faults import Fault
from sandbox.senders.station import Station
from sandbox.senders.yookassa import YooKassa
from tests.connectors.calls.memory_intake import MemoryIntake
from tests.connectors.payments.bench import REQUEST, placed
from tests.contract.case import KEY, NOW, RIGHT, Case, Probe, Writer, around

SETTINGS = YooKassaSettings.model_validate({"shop_id": "100500", "key": KEY, "secret": RIGHT, "test": True})
PAYMENT = {
    "id": "2f3a-1",
    "status": "succeeded",
    "amount": {"value": "2233.00", "currency": "RUB"},
    "captured_at": "2026-03-02T09:00:00.000Z",
    "metadata": {ORDER: "1047"},
    "payment_method": {"type": "sbp"},
    "test": True,
}
REFUND = {
    "id": "2f3b-1",
    "status": "succeeded",
    "payment_id": "2f3a-1",
    "amount": {"value": "233.00", "currency": "RUB"},
}


class Truth:
    """What YooKassa says when it is asked."""

    def one(self, kind: str, id_: str) -> Mapping[str, Any] | None:
        known = {"payments": [PAYMENT], "refunds": [REFUND]}[kind]
        return next((one for one in known if one["id"] == id_), None)


class Asked(YooKassaChannel):
    """The receiver together with the half of the watcher that takes up its hints."""

    def receive(self, delivery: Delivery, parts: PartsReader) -> Received:
        told = super().receive(delivery, parts)
        intake, surroundings = MemoryIntake(NOW), around()
        placed(surroundings, "yookassa:100500", "2233.00")
        book = PaymentBook(self.name, Orders("yookassa:100500", surroundings.store, lambda: delivery.received_at), True)
        intake.accept([], channel=self.name, parts=told.parts)
        Fetching(book, Truth()).fetch(intake)  # type: ignore[arg-type]
        return Received(tuple(intake.events.values()), told.parts, told.reply)


def body(event: str = "payment.succeeded", thing: Any = None, **more: Any) -> bytes:
    told = {"type": "notification", "event": event, "object": thing or {"id": "2f3a-1"}, **more}
    return json.dumps(told, ensure_ascii=False).encode()


def deliver(raw: bytes, secret: str | None) -> Delivery:
    return Delivery("POST", secret or "", {"content-type": "application/json"}, {}, raw, NOW)


LIE = {"id": "2f3a-1", "amount": {"value": "999999.00", "currency": "USD"}}

CASES = [
    Case(
        "yookassa",
        SETTINGS,
        lambda: Asked("канал", SETTINGS),
        deliver,
        good=body(thing=LIE),
        with_extra_fields=body(новое={"а": [None]}),
        unreadable=b'{"event": "payment.succeeded"}',
        signs_body=False,
        secrets=(RIGHT, KEY),
        probes=(Probe(deliver(body("payout.succeeded", {"id": "po-1"}), RIGHT)),),
        scene=(
            deliver(body("refund.succeeded", {"id": "2f3b-1", "payment_id": "2f3a-1"}), RIGHT),
            deliver(body(), RIGHT),
            deliver(body("payment.waiting_for_capture"), RIGHT),
            deliver(body("payment.canceled"), RIGHT),
        ),
        keys=frozenset({("payment.succeeded", "paid:2f3a-1"), ("payment.refunded", "refund:2f3b-1")}),
    )
]


class Both:
    """The cashier and the watcher of one channel."""

    def __init__(self, url: str, key: str, store: ConnectorStore) -> None:
        given = {"shop_id": "100500", "key": key, "api_url": f"{url}/yookassa", "read_timeout": 1, "test": True}
        made = YooKassaSettings.model_validate({**given, "receipt": {"taxation": "osn"}}), around(store)
        self.cashier, self.watcher = cashier("pay", *made), watcher("pay", *made)

    def close(self) -> None:
        self.cashier.close()
        self.watcher.close()


def write(both: Both, since: datetime | None) -> Outcome:
    return both.cashier.ask([Request("key-1", REQUEST, since)])[0]


def start() -> AbstractContextManager[Emulator]:
    return Station(YooKassa())


def done(emulator: Emulator) -> int:
    return int(emulator.details()["yookassa"]["bills"])


def error(code: str, status: int) -> Fault:
    said = json.dumps({"type": "error", "code": code, "description": "words", "parameter": "receipt"})
    return Fault(path="/yookassa", method="POST", status=status, body=said)


WRITERS = [
    Writer(
        "yookassa",
        start,
        Both,
        write,
        done,
        "/yookassa",
        "sandbox",
        Repeat.KEY,
        lambda both: both.watcher.check(),
        faults=(
            (error("invalid_request", 400), Rejected),
            (error("forbidden", 403), Rejected),
            (error("invalid_credentials", 401), AuthFailed),
            (error("too_many_requests", 429), RateLimited),
        ),
        limited=error("too_many_requests", 429),
    )
]
