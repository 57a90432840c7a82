"""Sipuni."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import urlencode

from connectors.calls.callback import CallbackDialler
from connectors.sipuni.channel import dialler, receiver
from connectors.sipuni.settings import SipuniSettings
from provodka.calls import CallOrder
from provodka.channel import Delivery, Receiver
from provodka.errors import AuthFailed, RateLimited, Rejected
from provodka.operation import Outcome, Repeat, Request
from provodka.stores import ConnectorStore
from sandbox.base import Emulator
from sandbox.faults import Fault
from sandbox.senders.sipuni import USER, Sipuni
from sandbox.senders.station import Station
from tests.contract.case import NOW, RIGHT, Case, Probe, Writer, around

SIPUNI = SipuniSettings.model_validate({"secret": RIGHT})
CALL = "1772442000.55701"
START = 1772442000
RECORD = f"https://example.com/record/{CALL}.mp3"


def build() -> Receiver:
    return receiver("канал", SIPUNI, around())


def posted(body: bytes, secret: str | None) -> Delivery:
    return Delivery("POST", secret or "", {}, {}, body, NOW)


def told(event: str, employee: str, seconds: int, answered: int = 0, **more: str) -> bytes:
    fields = {
        "event": event,
        "call_id": CALL,
        "src_num": "79161112233",
        "src_type": "1",
        "dst_num": f"015856{employee}",
        "dst_type": "2",
        "short_dst_num": employee,
        "timestamp": str(START + seconds),
        "call_start_timestamp": str(START),
        "call_answer_timestamp": str(START + answered if answered else 0),
        "pbxdstnum": "74950003344",
        **more,
    }
    return urlencode(fields).encode()


FINISHED = told("2", "101", 134, 14, status="ANSWER", call_record_link=RECORD)
SCENE = (
    told("1", "101", 0),
    told("1", "102", 0),
    told("3", "101", 14, 14),
    told("4", "102", 14, status="CANCEL"),
    FINISHED,
)
SAYS_YES = b'{"success": true}'

CASES = [
    Case(
        "sipuni",
        SIPUNI,
        build,
        posted,
        good=FINISHED,
        with_extra_fields=FINISHED + b"&new=1&more[a][]=2",
        unreadable=b"{",
        signs_body=False,
        probes=(
            Probe(Delivery("GET", RIGHT, {}, {}, b"", NOW), body=SAYS_YES, content_type="application/json"),
            Probe(
                posted(b"event=17&call_id=5", RIGHT),
                body=SAYS_YES,
                content_type="application/json",
            ),
        ),
        scene=tuple(posted(body, RIGHT) for body in SCENE),
        keys=frozenset({("call.finished", f"call:{CALL}")}),
    ),
]


@contextmanager
def station() -> Iterator[Emulator]:
    with Station(Sipuni()) as running:
        yield running


def connect(url: str, key: str, store: ConnectorStore) -> CallbackDialler:
    given = {"secret": RIGHT, "user": USER, "key": key, "api_url": f"{url}/sipuni"}
    made = dialler("канал", SipuniSettings.model_validate(given), replace(around(), store=store))
    assert made is not None
    return made


def connect_both(made: CallbackDialler, since: object) -> Outcome:
    return made.dial([Request("key-1", CallOrder("+79160001122", "101"), since)])[0]


def ordered(emulator: Emulator) -> int:
    assert isinstance(emulator, Station)
    return int(emulator.services[0].stats()["ordered"])


def says(words: str) -> Fault:
    return Fault(path="/sipuni/callback", status=200, body=f'{{"success": false, "message": "{words}"}}')


WRITERS = [
    Writer(
        "sipuni",
        station,
        connect,
        connect_both,
        ordered,
        "/sipuni/callback",
        "sandbox",
        Repeat.PERSON,
        lambda made: made.check(),
        ((says("invalid hash"), AuthFailed), (says("sipnumber not found"), Rejected), (says("limit"), RateLimited)),
        says("too many requests"),
    ),
]
