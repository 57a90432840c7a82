"""MegaFon's virtual exchange."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from connectors.megafon.channel import receiver
from connectors.megafon.dialler import dialler
from connectors.megafon.settings import MegafonSettings
from provodka.calls import CallOrder
from provodka.channel import Delivery
from provodka.errors import AuthFailed, Rejected
from provodka.operation import Outcome, Repeat, Request
from provodka.stores import ConnectorStore
from sandbox.base import Emulator
from sandbox.faults import Fault
from sandbox.senders.megafon import Megafon
from sandbox.senders.station import Station
from tests.contract.case import NOW, RIGHT, Case, Probe, Writer, around

MEGAFON = MegafonSettings.model_validate({"crm_token": RIGHT})
CALL = {"callid": "6034d5e1", "phone": "79161112233", "diversion": "74950003344"}


def command(cmd: str, **fields: str) -> bytes:
    return urlencode({"cmd": cmd, **CALL, **fields}).encode()


def event(state: str, user: str, **fields: str) -> bytes:
    return command("event", type=state, user=user, ext="", direction="in", **fields)


def with_token(body: bytes, secret: str | None) -> Delivery:
    token = urlencode({"crm_token": secret}).encode() if secret else b""
    return Delivery("POST", "", {}, {}, b"&".join(filter(None, (body, token))), NOW)


MISSED = {"type": "in", "status": "Missed", "user": "", "start": "20260302T090000Z", "duration": "0", "link": ""}
TALKED = {**MISSED, "status": "Success", "user": "ivanov", "duration": "123", "link": "https://a.megapbx.ru/1.mp3"}
SCENE = (
    event("INCOMING", "ivanov"),
    event("INCOMING", "petrova"),
    event("ACCEPTED", "ivanov"),
    event("CANCELLED", "petrova"),
    command("history", **TALKED),
)
CASES = [
    Case(
        "megafon",
        MEGAFON,
        lambda: receiver("канал", MEGAFON, around()),
        with_token,
        good=command("history", **MISSED),
        with_extra_fields=command("history", **MISSED, **{"нечто[новое]": "1", "telnum_name": "Офис"}),
        unreadable=b"cmd=event&type=INCOMING&phone=79161112233",
        signs_body=False,
        probes=(
            Probe(with_token(command("contact"), RIGHT), body=b"{}", content_type="application/json"),
            Probe(with_token(command("newer"), RIGHT)),
        ),
        scene=tuple(with_token(body, RIGHT) for body in SCENE),
        keys=frozenset({("call.finished", "call:6034d5e1")}),
    ),
]


def connected(path: str, **more: str) -> Callable[[str, str, ConnectorStore], Any]:
    def connect(url: str, key: str, store: ConnectorStore) -> Any:
        given = {"crm_token": RIGHT, "url": f"{url}/megafon{path}", "api_key": key, **more}
        return dialler("канал", MegafonSettings.model_validate(given), around(store))

    return connect


def dial(connector: Any, since: datetime | None) -> Outcome:
    order = CallOrder("+79160001122", "510", others=("ivanov", "+79230000510"))
    return connector.dial([Request("contract-1", order, since)])[0]


def ordered(emulator: Emulator) -> int:
    return len(emulator.details()["megafon"]["orders"])


NOBODY = '{"message": "User sidorov not found"}'
WRITERS = [
    Writer(
        f"megafon calls{word}",
        lambda: Station(Megafon()),
        connected(path, **more),
        dial,
        ordered,
        f"/megafon{path}",
        "sandbox",
        Repeat.PERSON,
        lambda one: one.check(),
        faults=(
            (Fault(path=f"/megafon{path}", status=404, body=NOBODY), Rejected),
            (Fault(path=f"/megafon{path}", status=403, body="{}"), AuthFailed),
        ),
    )
    for word, path, more in (("", "/crmapi/v1", {}), (" by the older API", "/sys/crm_api.wcgp", {"api": "form"}))
]
