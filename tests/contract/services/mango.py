"""MANGO OFFICE."""

from __future__ import annotations

import json
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from connectors.mango.channel import MangoChannel
from connectors.mango.client import COMMANDS, MESSAGES, Vpbx
from connectors.mango.dialler import MangoDialler
from connectors.mango.settings import MangoSettings
from connectors.mango.sms import MangoSms
from provodka.calls import CallOrder
from provodka.channel import Delivery
from provodka.errors import AuthFailed, RateLimited, Rejected
from provodka.messages import ClientMessage
from provodka.operation import Outcome, Repeat, Request
from provodka.stores import ConnectorStore
from sandbox.base import Emulator
from sandbox.faults import Fault
from sandbox.senders.mango_service import Mango
from sandbox.senders.station import Station
from tests.contract.case import KEY, NOW, RIGHT, Case, Writer

READ_TIMEOUT = 0.4


def in_mango_envelope(body: bytes, secret: str | None, path: str = "events/summary") -> Delivery:
    fields = {"vpbx_api_key": KEY, "json": body.decode()}
    if secret:
        fields = {"sign": sha256(f"{KEY}{body.decode()}{secret}".encode()).hexdigest(), **fields}
    return Delivery("POST", path, {}, {}, urlencode(fields).encode(), NOW)


MANGO = MangoSettings.model_validate({"api_key": KEY, "salt": RIGHT})
WHO = {"from": {"number": "79161112233"}, "entry_id": "e1"}
SUMMARY = {**WHO, "call_direction": 1, "talk_time": 0, "end_time": 1}
LEG = {**WHO, "call_id": "l1", "timestamp": 1, "location": "abonent", "to": {"extension": "101"}}


def told(path: str, fields: dict[str, Any]) -> Delivery:
    return in_mango_envelope(json.dumps(fields).encode(), RIGHT, path)


CASES = [
    Case(
        "mango",
        MANGO,
        lambda: MangoChannel("канал", MANGO),
        in_mango_envelope,
        good=json.dumps(SUMMARY).encode(),
        with_extra_fields=json.dumps({**SUMMARY, "нечто": {"новое": [None]}}).encode(),
        unreadable=b"{",
        signs_body=True,
        secrets=(RIGHT, KEY),
        scene=(
            told("events/call", {**LEG, "seq": 1, "call_state": "Appeared"}),
            told("events/call", {**LEG, "seq": 2, "call_state": "Connected"}),
            told("events/summary", {**SUMMARY, "talk_time": 1, "end_time": 9}),
            told("events/record/added", {"entry_id": "e1", "recording_id": "r1", "timestamp": 20}),
        ),
        keys=frozenset({("call.finished", "call:e1"), ("call.recorded", "rec:r1")}),
    ),
]


def connected(url: str, key: str) -> MangoSettings:
    given = {"api_key": key, "salt": "sandbox", "api_url": f"{url}/vpbx", "sms_from": "101"}
    return MangoSettings.model_validate({**given, "read_timeout": READ_TIMEOUT})


def dialler(url: str, key: str, store: ConnectorStore) -> MangoDialler:
    return MangoDialler("phone", Vpbx(connected(url, key), store, COMMANDS, sleep=lambda _: None))


def writer_of_sms(url: str, key: str, store: ConnectorStore) -> MangoSms:
    settings = connected(url, key)
    return MangoSms("phone", settings, Vpbx(settings, store, MESSAGES, sleep=lambda _: None))


def dial(connector: MangoDialler, since: datetime | None) -> Outcome:
    return connector.dial([Request("contract-1", CallOrder("+79160001122", "101"), since)])[0]


def write(connector: MangoSms, since: datetime | None) -> Outcome:
    message = ClientMessage("+79160001122", "Позвоните +79160001122, maria@example.ru")
    return connector.write([Request("contract-1", message, since)])[0]


def done(what: str) -> Any:
    def counted(station: Emulator) -> int:
        assert isinstance(station, Station)
        return int(station.services[0].stats()[what])

    return counted


def refused(code: int, status: int = 420) -> Fault:
    return Fault(path="/vpbx/commands", status=status, body=json.dumps({"code": code}))


TOO_FAST = '{"name": "Service Unavailable", "message": "Rate limit exceeded.", "status": 429}'
FAULTS = (
    (refused(3102), AuthFailed),
    (refused(3105), AuthFailed),
    (refused(3100), Rejected),
    (refused(3301), Rejected),
    (refused(2001), Rejected),
    (refused(4302), Rejected),
    (refused(4302, 200), Rejected),
    (Fault(path="/vpbx/commands", status=401), RateLimited),
    (Fault(path="/vpbx/commands", status=503, body=TOO_FAST), RateLimited),
)
LIMITED = Fault(path="/vpbx/commands", status=401, body="Unauthorized")

WRITERS = [
    Writer(
        name=f"mango {what}",
        start=lambda: Station(Mango()),
        connect=connect,
        write=act,
        done=done(what),
        path="/vpbx/commands",
        right_key="sandbox",
        repeat=Repeat.PERSON,
        check=lambda connector: connector.check(),
        faults=FAULTS,
        limited=LIMITED,
    )
    for what, connect, act in (("calls", dialler, dial), ("sms", writer_of_sms, write))
]
