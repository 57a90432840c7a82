"""Avito."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from connectors.avito.channel import AvitoChannel, book_of
from connectors.avito.messenger import AvitoMessenger
from connectors.avito.settings import AvitoSettings
from provodka.channel import Delivery
from provodka.errors import AuthFailed, RateLimited, Rejected
from provodka.messages import ClientMessage
from provodka.operation import Outcome, Repeat, Request
from provodka.stores import ConnectorStore
from sandbox.base import Emulator
from sandbox.faults import Fault
from sandbox.senders.avito import ACCOUNT, CHAT, PERSON, Avito
from sandbox.senders.station import Station
from tests.contract.case import KEY, NOW, RIGHT, Case, Probe, Writer, around

GIVEN = {"user_id": ACCOUNT, "client_id": "id", "client_secret": KEY, "secret": RIGHT}
SETTINGS = AvitoSettings.model_validate(GIVEN)
SEND = f"/avito/messenger/v1/accounts/{ACCOUNT}/chats"


def build() -> AvitoChannel:
    return AvitoChannel("канал", SETTINGS, book_of(SETTINGS, around()))


def in_path(body: bytes, secret: str | None) -> Delivery:
    return Delivery("POST", secret or "", {"content-type": "application/json"}, {}, body, NOW)


def told(value: dict[str, Any], kind: str = "message", **more: object) -> bytes:
    payload = {"type": kind, "value": value}
    return json.dumps({"id": "n", "version": "v3.0.0", "timestamp": 1764576001, "payload": payload, **more}).encode()


def message(**more: object) -> dict[str, Any]:
    body = {"id": "a1", "chat_id": CHAT, "user_id": ACCOUNT, "author_id": PERSON, "created": 1764576000}
    text = {"type": "text", "chat_type": "u2i", "content": {"text": "Звоните +79161112233"}, "item_id": 3000000001}
    return {**body, **text, **more}


CASES = [
    Case(
        "avito",
        SETTINGS,
        build,
        in_path,
        good=told(message()),
        with_extra_fields=told(message(нечто={"новое": [None]}), новое=[]),
        unreadable=b'{"payload":{"type":"message","value":{"id":',
        signs_body=False,
        secrets=(RIGHT, KEY),
        probes=(
            Probe(in_path(told(message(type="system", author_id=0)), RIGHT), body=b'{"ok": true}'),
            Probe(in_path(told(message(author_id=1)), RIGHT), body=b'{"ok": true}'),
            Probe(in_path(told({}, "chat_read"), RIGHT), content_type="application/json", body=b'{"ok": true}'),
        ),
        scene=(
            in_path(told(message(id="a1")), RIGHT),
            in_path(told(message(id="a2", author_id=ACCOUNT)), RIGHT),
            in_path(told(message(id="a3", type="system", author_id=0)), RIGHT),
        ),
        keys=frozenset({("message.received", "message:a1"), ("message.sent", "message:a2")}),
    ),
]


def connect(url: str, key: str, store: ConnectorStore) -> AvitoMessenger:
    given = {**GIVEN, "client_id": "sandbox", "client_secret": key, "api_url": url + "/avito", "read_timeout": 2}
    return AvitoMessenger("avito", AvitoSettings.model_validate(given), around(store))


def write(avito: AvitoMessenger, since: datetime | None) -> Outcome:
    text = "Мария, +79160001122, maria@example.ru"
    return avito.write([Request("contract-1", ClientMessage(CHAT, text), since)])[0]


def done(emulator: Emulator) -> int:
    sent: int = emulator.details()["avito"]["sent"]
    return sent


def said(avito: AvitoMessenger) -> Sequence[str]:
    return avito.check()


def answered(status: int, words: str) -> Fault:
    return Fault(path=SEND, status=status, body=json.dumps({"error": {"code": status, "message": words}}))


WRITERS = [
    Writer(
        "avito",
        lambda: Station(Avito()),
        connect,
        write,
        done,
        SEND,
        "sandbox",
        Repeat.STAMP,
        said,
        faults=(
            (answered(400, "too long"), Rejected),
            (answered(402, "payment required"), Rejected),
            (answered(403, "no access"), Rejected),
            (answered(404, "no such chat"), Rejected),
            (answered(429, "slow down"), RateLimited),
            (Fault(path=SEND, status=401, body="{}", next=2), AuthFailed),
        ),
        limited=Fault(path=SEND, status=429, body='{"retry_after": 33}'),
    ),
]
