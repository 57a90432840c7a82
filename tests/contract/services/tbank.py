"""T-Bank. Its token covers the plain members of a notice, not its bytes."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.tbank.channel import TBankChannel, cashier, receiver, watcher
from connectors.tbank.settings import TBankSettings
from connectors.tbank.token import token_of
from provodka.cashier import PaymentRequest
from provodka.channel import Delivery
from provodka.errors import AuthFailed, Rejected, Retryable
from provodka.operation import Outcome, Repeat, Request
from provodka.stores import ConnectorStore
from sandbox.base import Emulator
from sandbox.faults import Fault
from sandbox.senders.station import Station
from sandbox.senders.tbank import TBank
from tests.connectors.payments.bench import placed
from tests.contract.case import NOW, RIGHT, Case, Probe, Writer, around

SETTINGS = TBankSettings.model_validate({"terminal": "T1", "password": RIGHT})
JSON = {"content-type": "application/json"}
TOLD = {
    "TerminalKey": "T1",
    "OrderId": "prv-1047",
    "Success": True,
    "Status": "CONFIRMED",
    "PaymentId": 41,
    "ErrorCode": "0",
    "Amount": 223300,
    "Pan": "220000******0017",
    "Data": {"Phone": "+7 916 111-22-33"},
}


def build() -> TBankChannel:
    surroundings = around()
    placed(surroundings, "tbank:T1", "2233.00")
    return receiver("канал", SETTINGS, surroundings)


def body(**fields: Any) -> bytes:
    return json.dumps({**TOLD, **fields}, ensure_ascii=False).encode()


def deliver(raw: bytes, secret: str | None) -> Delivery:
    fields = json.loads(raw)
    signed = {**fields, "Token": token_of(fields, secret)} if secret is not None else fields
    return Delivery("POST", "", JSON, {}, json.dumps(signed, ensure_ascii=False).encode(), NOW)


CASES = [
    Case(
        "tbank",
        SETTINGS,
        build,
        deliver,
        good=body(),
        with_extra_fields=body(New="1", Nested={"a": [None]}),
        unreadable=body(Amount="2233,00"),
        signs_body=False,
        probes=(
            Probe(Delivery("GET", "", {}, {}, b"", NOW), body=b"OK"),
            Probe(deliver(body(Status="FORM_SHOWED"), RIGHT), body=b"OK"),
        ),
        scene=(
            deliver(body(Status="AUTHORIZED"), RIGHT),
            deliver(body(), RIGHT),
            deliver(body(Status="REJECTED", PaymentId=40), RIGHT),
            deliver(body(Status="REFUNDED"), RIGHT),
        ),
        keys=frozenset(
            {
                ("payment.succeeded", "paid:41"),
                ("payment.refunded", "refund:41:left 0"),
                ("payment.failed", "failed:40"),
            }
        ),
    )
]


class Both:
    """The cashier and the watcher of one channel."""

    def __init__(self, url: str, key: str, store: ConnectorStore) -> None:
        receipt = {"taxation": "osn", "vat": "22"}
        given = {"terminal": "SANDBOX", "password": key, "api_url": f"{url}/tbank/v2", "read_timeout": 1}
        made = TBankSettings.model_validate({**given, "receipt": receipt}), around(store)
        self.cashier, self.watcher = cashier("pay", *made), watcher("pay", *made)

    def close(self) -> None:
        self.cashier.close()
        self.watcher.close()


REQUEST = PaymentRequest("17", Decimal("990.00"), "Оплата", phone="+79160001122", email="maria@example.ru")


def write(both: Both, since: datetime | None) -> Outcome:
    return both.cashier.ask([Request("key-1", REQUEST, since)])[0]


def start() -> AbstractContextManager[Emulator]:
    return Station(TBank())


def done(emulator: Emulator) -> int:
    return int(emulator.details()["tbank"]["bills"])


def error(code: str, status: int = 200) -> Fault:
    said = json.dumps({"Success": False, "ErrorCode": code, "Message": "Слова", "Details": "банка"})
    return Fault(path="/tbank", method="POST", status=status, body=said)


WRITERS = [
    Writer(
        "tbank",
        start,
        Both,
        write,
        done,
        "/tbank",
        "sandbox",
        Repeat.SAFE,
        lambda both: both.watcher.check(),
        faults=((error("211"), Rejected), (error("204"), AuthFailed), (error("9999"), Retryable)),
        limited=error("429", 429),
    )
]
