"""UIS / CoMagic."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from connectors.uis.channel import dialler, receiver
from connectors.uis.dialler import UisDialler
from connectors.uis.settings import UisSettings
from provodka.calls import CallOrder
from provodka.channel import Delivery, Receiver
from provodka.errors import Ambiguous, AuthFailed, RateLimited, Rejected
from provodka.operation import Outcome, Repeat, Request
from provodka.stores import ConnectorStore
from sandbox.base import Emulator
from sandbox.faults import Fault
from sandbox.senders.station import Station
from sandbox.senders.uis import TEMPLATE, Uis, filled
from tests.contract.case import NOW, RIGHT, Case, Writer, around

UIS = UisSettings.model_validate({"secret": RIGHT})
CALL = 4500000001
RECORD = "https://example.com/talk/4500000001.mp3"


def build() -> Receiver:
    return receiver("канал", UIS, around())


def in_url(body: bytes, secret: str | None) -> Delivery:
    return Delivery("POST", secret or "", {}, {}, body, NOW)


def in_body(body: bytes, secret: str | None) -> Delivery:
    field = b'{"secret":%b,' % json.dumps(secret).encode() if secret else b"{"
    return Delivery("POST", "", {}, {}, field + body.removeprefix(b"{"), NOW)


def told(mnemonic: str, seconds: int, **more: object) -> bytes:
    values = {
        "notification_mnemonic": mnemonic,
        "notification_time": f"2026-03-02 12:00:{seconds:02}.310",
        "call_session_id": CALL,
        "contact_phone_number": "79161112233",
        "virtual_phone_number": "74950003344",
        "direction": "in",
    }
    return filled(TEMPLATE, {**values, **more})


FINISHED = told("finished_call", 40, talk_time_duration=20, employee_full_name="Иванов Пётр")
SCENE = (
    told("in_call_session", 0),
    told("waiting_call", 4, employee_full_name="Иванов Пётр", leg_id=1),
    told("waiting_call", 4, employee_full_name="Смирнова Анна", leg_id=2),
    told("talk_started", 20, employee_full_name="Иванов Пётр", leg_id=1),
    FINISHED,
    told("record_call", 44, file_link=RECORD),
)
ASKED = Delivery("GET", RIGHT, {}, {"numa": "79161112233", "numb": "74950003344", "cdr_id": "1"}, b"", NOW)

CASES = [
    Case(
        "uis with a secret in the address",
        UIS,
        build,
        in_url,
        good=FINISHED,
        with_extra_fields=FINISHED.replace(b"{", b'{"new": {"unheard": [null]}, ', 1),
        unreadable=b'{"mnemonic": "finished_call", "talk": , "call": 1}',
        signs_body=False,
        scene=tuple(in_url(body, RIGHT) for body in SCENE),
        keys=frozenset({("call.finished", f"call:{CALL}"), ("call.recorded", f"rec:{RECORD}")}),
    ),
    Case(
        "uis with a secret in the template",
        UIS,
        build,
        in_body,
        good=FINISHED,
        with_extra_fields=FINISHED.replace(b"{", b'{"new": 1, ', 1),
        unreadable=b'{"mnemonic": "finished_call", "talk": , "call": 1}',
        signs_body=False,
    ),
]


@contextmanager
def station() -> Iterator[Emulator]:
    with Station(Uis()) as running:
        yield running


def connect(url: str, key: str, store: ConnectorStore) -> UisDialler:
    given = {"secret": RIGHT, "token": key, "from_number": "+74950003344"}
    settings = UisSettings.model_validate({**given, "data_url": f"{url}/uis/data", "call_url": f"{url}/uis/call"})
    made = dialler("канал", settings, replace(around(), store=store))
    assert made is not None
    return made


def order(text: str, extension: str = "") -> CallOrder:
    return CallOrder("+79160001122", extension, "", text)


def read_aloud(made: UisDialler, since: object) -> Outcome:
    return made.dial([Request("key-1", order("Заказ готов, ответьте на maria@example.ru"), since)])[0]


def connect_both(made: UisDialler, since: object) -> Outcome:
    return made.dial([Request("key-1", order("", "Иванов Пётр"), since)])[0]


def ordered(emulator: Emulator) -> int:
    assert isinstance(emulator, Station)
    return int(emulator.services[0].stats()["ordered"])


def says(mnemonic: str, **metadata: object) -> Fault:
    error = {"code": -32001, "message": mnemonic, "data": {"mnemonic": mnemonic, "metadata": metadata}}
    return Fault(path="/uis/call", status=200, body=json.dumps({"jsonrpc": "2.0", "id": "1", "error": error}))


LIMITED = says("limit_exceeded", limits={"minute_remaining": 0, "minute_reset": 42})
FAULTS = (
    (says("access_token_expired"), AuthFailed),
    (says("access_token_blocked"), AuthFailed),
    (says("ip_not_whitelisted"), AuthFailed),
    (says("component_disabled"), AuthFailed),
    (says("virtual_phone_number_not_found"), Rejected),
    (says("contact_in_blacklist"), Rejected),
    (says("internal_error"), Ambiguous),
    (LIMITED, RateLimited),
)

WRITERS = [
    Writer(
        name,
        station,
        connect,
        write,
        ordered,
        "/uis/call",
        "sandbox",
        Repeat.PERSON,
        lambda made: made.check(),
        FAULTS,
        LIMITED,
    )
    for name, write in (("uis reads a text", read_aloud), ("uis connects an employee", connect_both))
]
