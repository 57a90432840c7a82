"""Meta: lead forms and Instagram."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from connectors.meta.channel import MetaChannel
from connectors.meta.messenger import InstagramMessenger
from connectors.meta.settings import MetaSettings
from provodka.channel import Delivery
from provodka.errors import AuthFailed, RateLimited, Rejected
from provodka.messages import ClientMessage
from provodka.operation import Outcome, Repeat, Request
from provodka.stores import ConnectorStore
from sandbox.base import Emulator
from sandbox.faults import Fault
from sandbox.senders.meta import INSTAGRAM, PAGE, PERSON, Meta
from sandbox.senders.station import Station
from tests.contract.case import KEY, NOW, RIGHT, Case, Probe, Writer, around
from tests.contract.services.whatsapp import CHECK, signed

TOKEN = "sandbox"
GIVEN = {
    "app_secret": RIGHT,
    "verify_token": KEY,
    "token": "токен-доступа",
    "page_id": PAGE,
    "instagram_id": INSTAGRAM,
    "lead_forms": True,
    "instagram": True,
    "accept_legal_risk": True,
}
SETTINGS = MetaSettings.model_validate(GIVEN)
TEXT = {
    "sender": {"id": PERSON},
    "recipient": {"id": INSTAGRAM},
    "timestamp": 1772442000000,
    "message": {"mid": "m1", "text": "Есть в наличии? 8 916 111-22-33"},
}
LEAD = {"leadgen_id": "4444", "page_id": PAGE, "form_id": "5555", "created_time": 1772442000}


def entry(**fields: Any) -> bytes:
    return json.dumps({"object": "instagram", "entry": [{"id": INSTAGRAM, **fields}]}, ensure_ascii=False).encode()


def notice(value: dict[str, Any]) -> bytes:
    changes = [{"field": "leadgen", "value": value}]
    return json.dumps({"object": "page", "entry": [{"id": PAGE, "changes": changes}]}).encode()


def start() -> AbstractContextManager[Emulator]:
    return Station(Meta())


def connect(url: str, key: str, store: ConnectorStore) -> InstagramMessenger:
    given = {**GIVEN, "token": key, "api_url": f"{url}/meta", "read_timeout": 1}
    return InstagramMessenger("ig", MetaSettings.model_validate(given), around(store))


def write(messenger: InstagramMessenger, since: datetime | None) -> Outcome:
    message = ClientMessage(PERSON, "Смета готова: +79160001122, maria@example.ru")
    return messenger.write([Request("key-1", message, since)])[0]


def sent(emulator: Emulator) -> int:
    assert isinstance(emulator, Station)
    return int(emulator.services[0].stats()["messages"])


def check(messenger: InstagramMessenger) -> Sequence[str]:
    return messenger.check()


def error(code: int, status: int = 400, subcode: int = 0) -> Fault:
    said = {"error": {"code": code, "error_subcode": subcode, "message": "words"}}
    return Fault(path="/meta", method="POST", status=status, body=json.dumps(said))


CASES = [
    Case(
        "instagram",
        SETTINGS,
        lambda: MetaChannel("канал", SETTINGS),
        signed,
        good=entry(messaging=[TEXT]).replace(b"8 916 111-22-33", b"+79161112233"),
        with_extra_fields=entry(messaging=[{**TEXT, "нечто": {"новое": [None]}}]),
        unreadable=b'{"object": "instagram"}',
        signs_body=True,
        secrets=(RIGHT, KEY, "токен-доступа"),
        identity=f"instagram:{PERSON}",
        probes=(
            Probe(Delivery("GET", "", {}, CHECK, b"", NOW), body=b"1158201444"),
            Probe(signed(notice(LEAD), RIGHT)),
        ),
        scene=(
            signed(entry(messaging=[TEXT]), RIGHT),
            signed(entry(messaging=[{**TEXT, "message": {**TEXT["message"], "mid": "m2", "is_echo": True}}]), RIGHT),
        ),
        keys=frozenset({("message.received", "message:m1"), ("message.sent", "message:m2")}),
    )
]

WRITERS = [
    Writer(
        "instagram",
        start,
        connect,
        write,
        sent,
        "/meta",
        TOKEN,
        Repeat.PERSON,
        check,
        faults=(
            (error(10, subcode=2534022), Rejected),
            (error(10, 403), Rejected),
            (error(551), Rejected),
            (error(190, 401), AuthFailed),
            (error(613, 429), RateLimited),
        ),
        limited=error(613),
    )
]
