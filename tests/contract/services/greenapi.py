"""Green-API."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from connectors.greenapi.channel import GreenApiChannel
from connectors.greenapi.messenger import GreenApiMessenger
from connectors.greenapi.settings import GreenApiSettings
from provodka.channel import Delivery
from provodka.errors import AuthFailed, RateLimited, Rejected
from provodka.messages import ClientMessage
from provodka.operation import Outcome, Repeat, Request
from provodka.stores import ConnectorStore
from sandbox.base import Emulator
from sandbox.faults import Fault
from sandbox.senders.greenapi import INSTANCE, GreenApi
from sandbox.senders.station import Station
from tests.contract.case import KEY, NOW, RIGHT, Case, Probe, Writer, around

TOKEN = "sandbox"
IN_HEADER = GreenApiSettings.model_validate({"instance": INSTANCE, "token": KEY, "webhook_token": RIGHT})
IN_PATH = GreenApiSettings.model_validate({"instance": INSTANCE, "token": KEY, "secret": RIGHT})
ABOUT = {"instanceData": {"idInstance": int(INSTANCE), "wid": "74950003344@c.us"}, "timestamp": 1772442000}
TEXT = {
    **ABOUT,
    "typeWebhook": "incomingMessageReceived",
    "idMessage": "m1",
    "senderData": {"chatId": "79161112233@c.us", "sender": "79161112233@c.us", "senderName": "Мария"},
    "messageData": {"typeMessage": "textMessage", "textMessageData": {"textMessage": "Здравствуйте!"}},
}
STATUS = {**ABOUT, "typeWebhook": "outgoingMessageStatus", "chatId": "79161112233@c.us", "idMessage": "m2"}


def body(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, ensure_ascii=False).encode()


def with_token(raw: bytes, secret: str | None) -> Delivery:
    headers = {"authorization": f"Bearer {secret}"} if secret else {}
    return Delivery("POST", "", {"content-type": "application/json", **headers}, {}, raw, NOW)


def in_path(raw: bytes, secret: str | None) -> Delivery:
    return Delivery("POST", secret or "", {"content-type": "application/json"}, {}, raw, NOW)


def start() -> AbstractContextManager[Emulator]:
    return Station(GreenApi())


def connect(url: str, key: str, store: ConnectorStore) -> GreenApiMessenger:
    given = {"instance": INSTANCE, "token": key, "receive": "polling", "api_url": f"{url}/greenapi", "pause": 0.5}
    given |= {"media_url": f"{url}/greenapi", "check_numbers": False}
    return GreenApiMessenger("ga", GreenApiSettings.model_validate(given), around(store))


def write(messenger: GreenApiMessenger, since: datetime | None) -> Outcome:
    message = ClientMessage("+79160001122", "Смета готова: +79160001122, maria@example.ru")
    return messenger.write([Request("key-1", message, since)])[0]


def sent(emulator: Emulator) -> int:
    assert isinstance(emulator, Station)
    return int(emulator.services[0].stats()["messages"])


def check(messenger: GreenApiMessenger) -> Sequence[str]:
    return messenger.check()


def status(number: int) -> Fault:
    return Fault(path="/greenapi", method="POST", status=number, body=json.dumps({"message": "words"}))


CASES = [
    Case(
        name,
        settings,
        lambda settings=settings: GreenApiChannel("канал", settings),  # type: ignore[misc]
        deliver,
        good=body(TEXT),
        with_extra_fields=body({**TEXT, "нечто": {"новое": [None]}}),
        unreadable=b"{",
        signs_body=False,
        secrets=(RIGHT, KEY),
        probes=(
            Probe(deliver(body({**ABOUT, "typeWebhook": "deviceInfo"}), RIGHT)),
            Probe(deliver(body({**TEXT, "typeWebhook": "outgoingAPIMessageReceived"}), RIGHT)),
        ),
        scene=(
            deliver(body(TEXT), RIGHT),
            deliver(body({**STATUS, "status": "sent"}), RIGHT),
            deliver(body({**STATUS, "status": "read"}), RIGHT),
        ),
        keys=frozenset({("message.received", "message:m1"), ("message.state", "state:m2:read")}),
    )
    for name, settings, deliver in (
        ("greenapi with a token", IN_HEADER, with_token),
        ("greenapi with a secret address", IN_PATH, in_path),
    )
]

WRITERS = [
    Writer(
        "greenapi",
        start,
        connect,
        write,
        sent,
        "/greenapi",
        TOKEN,
        Repeat.PERSON,
        check,
        faults=(
            (status(400), Rejected),
            (status(401), AuthFailed),
            (status(466), Rejected),
            (status(429), RateLimited),
        ),
        limited=status(429),
    )
]
