"""Wazzup24."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from connectors.wazzup.channel import WazzupChannel
from connectors.wazzup.messenger import WazzupMessenger
from connectors.wazzup.settings import WazzupSettings
from provodka.channel import Delivery
from provodka.errors import AuthFailed, RateLimited, Rejected
from provodka.messages import ClientMessage
from provodka.operation import Outcome, Repeat, Request
from provodka.stores import ConnectorStore
from sandbox.base import Emulator
from sandbox.faults import Fault
from sandbox.senders.station import Station
from sandbox.senders.wazzup import CHANNEL, Wazzup
from tests.contract.case import KEY, NOW, RIGHT, Case, Probe, Writer, around

TOKEN = "sandbox"
SETTINGS = WazzupSettings.model_validate({"api_key": KEY, "crm_key": RIGHT, "channel_id": CHANNEL})
IN_PATH = WazzupSettings.model_validate({"api_key": KEY, "secret": RIGHT, "channel_id": CHANNEL})
TEXT = {
    "messageId": "m1",
    "channelId": CHANNEL,
    "chatType": "whatsapp",
    "chatId": "79161112233",
    "dateTime": "2026-03-02T09:00:00.000Z",
    "type": "text",
    "text": "Здравствуйте!",
}


def body(**fields: Any) -> bytes:
    return json.dumps(fields, ensure_ascii=False).encode()


def with_key(raw: bytes, secret: str | None) -> Delivery:
    headers = {"authorization": f"Bearer {secret}"} if secret else {}
    return Delivery("POST", "", {"content-type": "application/json; charset-utf-8", **headers}, {}, raw, NOW)


def in_path(raw: bytes, secret: str | None) -> Delivery:
    return Delivery("POST", secret or "", {"content-type": "application/json; charset-utf-8"}, {}, raw, NOW)


def start() -> AbstractContextManager[Emulator]:
    return Station(Wazzup())


def connect(url: str, key: str, store: ConnectorStore) -> WazzupMessenger:
    given = {"api_key": key, "crm_key": RIGHT, "channel_id": CHANNEL, "api_url": f"{url}/wazzup", "read_timeout": 1}
    return WazzupMessenger("wz", WazzupSettings.model_validate(given), around(store))


def write(messenger: WazzupMessenger, since: datetime | None) -> Outcome:
    message = ClientMessage("+79160001122", "Смета готова: +79160001122, maria@example.ru")
    return messenger.write([Request("key-1", message, since)])[0]


def sent(emulator: Emulator) -> int:
    assert isinstance(emulator, Station)
    return int(emulator.services[0].stats()["messages"])


def check(messenger: WazzupMessenger) -> Sequence[str]:
    return messenger.check()


def error(word: str, status: int = 400) -> Fault:
    said = json.dumps({"error": word, "description": "words"})
    return Fault(path="/wazzup", method="POST", status=status, body=said)


STATUS = {"messageId": "m2", "timestamp": "2026-03-02T09:00:00.000Z"}
CASES = [
    Case(
        name,
        settings,
        lambda settings=settings: WazzupChannel("канал", settings, around()),  # type: ignore[misc]
        deliver,
        good=body(messages=[TEXT]),
        with_extra_fields=body(messages=[{**TEXT, "нечто": {"новое": [None]}}], новое=1),
        unreadable=b"{",
        signs_body=False,
        secrets=(RIGHT, KEY),
        probes=(
            Probe(Delivery("POST", "", {}, {}, b'{"test":true}', NOW)),
            Probe(deliver(body(createContact={"responsibleUserId": "1"}), RIGHT)),
        ),
        scene=(
            deliver(body(messages=[TEXT]), RIGHT),
            deliver(body(statuses=[{**STATUS, "status": "sent"}]), RIGHT),
            deliver(body(statuses=[{**STATUS, "status": "read"}]), RIGHT),
        ),
        keys=frozenset({("message.received", "message:m1"), ("message.state", "state:m2:read")}),
    )
    for name, settings, deliver in (("wazzup", SETTINGS, with_key), ("wazzup with a secret address", IN_PATH, in_path))
]

WRITERS = [
    Writer(
        "wazzup",
        start,
        connect,
        write,
        sent,
        "/wazzup",
        TOKEN,
        Repeat.KEY,
        check,
        faults=(
            (error("BAD_CONTACT"), Rejected),
            (error("24_HOURS_EXCEEDED"), Rejected),
            (error("7_DAYS_EXCEEDED"), Rejected),
            (error("MESSAGES_TOO_LONG_TEXT"), Rejected),
            (error("TOO_BIG_CONTENT"), Rejected),
            (error("SPAM"), Rejected),
            (error("INVALID_API_KEY", 401), AuthFailed),
            (error("TOO_MANY_REQUESTS", 429), RateLimited),
        ),
        limited=error("TOO_MANY_REQUESTS", 429),
    )
]
