"""WhatsApp Business Cloud API."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from connectors.whatsapp.channel import WhatsappChannel
from connectors.whatsapp.messenger import WhatsappMessenger
from connectors.whatsapp.settings import WhatsappSettings
from provodka.channel import Delivery
from provodka.errors import AuthFailed, RateLimited, Rejected, Retryable
from provodka.messages import ClientMessage
from provodka.operation import Outcome, Repeat, Request
from provodka.stores import ConnectorStore
from sandbox.base import Emulator
from sandbox.faults import Fault
from sandbox.senders.station import Station
from sandbox.senders.whatsapp import PHONE_ID, WhatsApp
from tests.contract.case import KEY, NOW, RIGHT, Case, Probe, Writer

TOKEN = "sandbox"
GIVEN = {"app_secret": RIGHT, "verify_token": KEY, "token": "токен-доступа", "phone_id": PHONE_ID}
SETTINGS = WhatsappSettings.model_validate(GIVEN)
TEXT = {
    "from": "79161112233",
    "id": "wamid.1",
    "timestamp": "1772442000",
    "type": "text",
    "text": {"body": "Здравствуйте!"},
}


def delivered(value: dict[str, Any]) -> bytes:
    about = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": PHONE_ID}}
    change = {"field": "messages", "value": {**about, **value}}
    return json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}).encode()


def signed(body: bytes, secret: str | None) -> Delivery:
    digest = hmac.new((secret or "").encode(), body, hashlib.sha256).hexdigest()
    headers = {"x-hub-signature-256": f"sha256={digest}"} if secret else {}
    return Delivery("POST", "", {"content-type": "application/json", **headers}, {}, body, NOW)


def says(message: dict[str, Any]) -> Delivery:
    return signed(delivered({"messages": [message]}), RIGHT)


def status(state: str, **more: Any) -> Delivery:
    piece = {"id": "wamid.9", "status": state, "timestamp": "1772442000", "recipient_id": "79161112233", **more}
    return signed(delivered({"statuses": [piece]}), RIGHT)


def start() -> AbstractContextManager[Emulator]:
    return Station(WhatsApp(window=False))


def connect(url: str, key: str, store: ConnectorStore) -> WhatsappMessenger:
    given = {**GIVEN, "token": key, "api_url": f"{url}/whatsapp", "read_timeout": 1, "per_second": 80}
    return WhatsappMessenger("wa", WhatsappSettings.model_validate(given), store)


def write(messenger: WhatsappMessenger, since: datetime | None) -> Outcome:
    message = ClientMessage("+79160001122", "Смета готова: +79160001122, maria@example.ru")
    return messenger.write([Request("key-1", message, since)])[0]


def sent(emulator: Emulator) -> int:
    assert isinstance(emulator, Station)
    return int(emulator.services[0].stats()["messages"])


def check(messenger: WhatsappMessenger) -> Sequence[str]:
    return messenger.check()


def error(code: int, status: int = 400) -> Fault:
    body = json.dumps({"error": {"code": code, "message": "(#code) words", "type": "OAuthException"}})
    return Fault(path="/whatsapp", method="POST", status=status, body=body)


CHECK = {"hub.mode": "subscribe", "hub.verify_token": KEY, "hub.challenge": "1158201444"}

CASES = [
    Case(
        "whatsapp",
        SETTINGS,
        lambda: WhatsappChannel("канал", SETTINGS),
        signed,
        good=delivered({"messages": [TEXT]}),
        with_extra_fields=delivered({"messages": [{**TEXT, "нечто": {"новое": [None]}}], "новое": 1}),
        unreadable=b'{"object": "whatsapp_business_account", "entry": "none"}',
        signs_body=True,
        secrets=(RIGHT, KEY, "токен-доступа"),
        probes=(
            Probe(Delivery("GET", "", {}, CHECK, b"", NOW), body=b"1158201444"),
            Probe(
                signed(
                    json.dumps({"object": "x", "entry": [{"changes": [{"field": "new", "value": {}}]}]}).encode(), RIGHT
                )
            ),
        ),
        scene=(says(TEXT), status("sent"), status("read")),
        keys=frozenset({("message.received", "message:wamid.1"), ("message.state", "state:wamid.9:read")}),
    )
]

WRITERS = [
    Writer(
        "whatsapp",
        start,
        connect,
        write,
        sent,
        "/whatsapp",
        TOKEN,
        Repeat.PERSON,
        check,
        faults=(
            (error(131047), Rejected),
            (error(131026), Rejected),
            (error(132001, 404), Rejected),
            (error(190, 401), AuthFailed),
            (error(131031, 403), AuthFailed),
            (error(200, 403), Rejected),
            (error(131056), Retryable),
            (error(130429, 429), RateLimited),
        ),
        limited=error(80007, 400),
    )
]
