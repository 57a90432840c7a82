"""Zadarma."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from connectors.zadarma.channel import receiver
from connectors.zadarma.dialler import dialler
from connectors.zadarma.settings import ZadarmaSettings
from connectors.zadarma.sms import messenger
from provodka.calls import CallOrder
from provodka.channel import Delivery
from provodka.errors import AuthFailed, RateLimited, Rejected
from provodka.messages import ClientMessage
from provodka.operation import Outcome, Repeat, Request
from provodka.stores import ConnectorStore
from sandbox.base import Emulator
from sandbox.faults import Fault
from sandbox.senders.station import Station
from sandbox.senders.zadarma import COVERED, INCOMING, Zadarma, zadarma_sign
from tests.contract.case import NOW, RIGHT, Case, Probe, Writer, around

ZADARMA = ZadarmaSettings.model_validate({"secret": RIGHT})
ID = "in_a1b2c3d4"
CALL = {"caller_id": "+79161112233", "called_did": "74950003344", "call_start": "2026-03-02 12:00:00"}


def notice(event: str, **fields: str) -> bytes:
    """What the signature covers comes last."""
    return urlencode({"event": event, "pbx_call_id": ID, **fields, **CALL}).encode()


def signed(body: bytes, secret: str | None) -> Delivery:
    fields = dict(parse_qsl(body.decode(), keep_blank_values=True))
    text = "".join(fields.get(name, "") for name in COVERED.get(fields.get("event", ""), INCOMING))
    headers = {"signature": zadarma_sign(text, secret)} if secret else {}
    return Delivery("POST", "", headers, {}, body, NOW)


RECORD = urlencode({"event": "NOTIFY_RECORD", "call_id_with_rec": "1.2", "pbx_call_id": ID}).encode()
UNANSWERED = {"duration": "0", "disposition": "no answer", "status_code": "19", "is_recorded": "0"}
SCENE = (
    notice("NOTIFY_START"),
    notice("NOTIFY_INTERNAL", internal="101"),
    notice("NOTIFY_ANSWER", internal="101", destination="101"),
    notice("NOTIFY_END", internal="101", duration="123", disposition="answered", call_id_with_rec="1.2"),
    RECORD,
)
CASES = [
    Case(
        "zadarma",
        ZADARMA,
        lambda: receiver("канал", ZADARMA, around()),
        signed,
        good=notice("NOTIFY_END", internal="101", **UNANSWERED),
        with_extra_fields=notice("NOTIFY_END", internal="101", **UNANSWERED, **{"нечто[a][]": "1"}),
        unreadable=urlencode({"event": "NOTIFY_END", **CALL}).encode(),
        signs_body=True,
        probes=(
            Probe(Delivery("GET", "", {}, {"zd_echo": "k3v9s2"}, b"", NOW), body=b"k3v9s2", content_type="text/plain"),
            Probe(signed(notice("NOTIFY_OF_A_NEWER_KIND"), RIGHT)),
        ),
        scene=tuple(signed(body, RIGHT) for body in SCENE),
        keys=frozenset({("call.finished", f"call:{ID}"), ("call.recorded", "rec:1.2")}),
    ),
]


def connected(part: Callable[..., Any]) -> Callable[[str, str, ConnectorStore], Any]:
    def connect(url: str, key: str, store: ConnectorStore) -> Any:
        given = {"secret": "sandbox", "key": key, "base_url": f"{url}/zadarma"}
        return part("канал", ZadarmaSettings.model_validate(given), around(store))

    return connect


def dial(connector: Any, since: datetime | None) -> Outcome:
    return connector.dial([Request("contract-1", CallOrder("+79160001122", "ivanov", others=("101",)), since)])[0]


def send(connector: Any, since: datetime | None) -> Outcome:
    message = ClientMessage("+79160001122", "Мария, ждём вас: maria@example.ru")
    return connector.write([Request("contract-1", message, since)])[0]


def done(what: str) -> Callable[[Emulator], int]:
    return lambda emulator: len(emulator.details()["zadarma"][what])


def refusals(path: str) -> tuple[tuple[Fault, Any], ...]:
    return (
        (Fault(path=path, status=200, body='{"status": "error", "message": "Wrong number"}'), Rejected),
        (Fault(path=path, status=400, body='{"status": "error", "message": "Insufficient funds"}'), Rejected),
        (Fault(path=path, status=401, body='{"status": "error", "message": "Not authorized"}'), AuthFailed),
        (Fault(path=path, status=429, body='{"status": "error", "message": "Limit"}'), RateLimited),
    )


WRITERS = [
    Writer(
        name,
        lambda: Station(Zadarma()),
        connected(part),
        write,
        done(what),
        path,
        "sandbox",
        Repeat.PERSON,
        lambda one: one.check(),
        faults=refusals(path),
        limited=Fault(path=path, status=429, headers={"X-RateLimit-Reset": "33"}, body="{}"),
    )
    for name, part, write, what, path in (
        ("zadarma calls", dialler, dial, "callbacks", "/zadarma/v1/request/callback"),
        ("zadarma sends sms", messenger, send, "messages", "/zadarma/v1/sms/send"),
    )
]
