"""MTS Exolve."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from connectors.exolve.channel import dialler, messenger
from connectors.exolve.settings import ExolveSettings
from provodka.calls import CallOrder
from provodka.errors import Rejected
from provodka.messages import ClientMessage
from provodka.operation import Outcome, Repeat, Request
from provodka.stores import ConnectorStore
from sandbox.base import Emulator
from sandbox.faults import Fault
from sandbox.senders.exolve import Exolve
from sandbox.senders.station import Station
from tests.contract.case import Writer, around

PHONE = "+79160001122"


@contextmanager
def station() -> Iterator[Emulator]:
    with Station(Exolve()) as opened:
        yield opened


def settings(url: str, key: str) -> ExolveSettings:
    written = {"key": key, "number": "79990001122", "api_url": f"{url}/exolve", "callback_id": 7, "read_timeout": 5}
    return ExolveSettings.model_validate(written)


class Both:
    """The messenger and the dialler of one channel."""

    def __init__(self, url: str, key: str, store: ConnectorStore) -> None:
        made = settings(url, key), around(store)
        self.sms, self.dialler = messenger("sms", *made), dialler("sms", *made)

    def close(self) -> None:
        self.sms.close()
        self.dialler.close()


def sms(both: Both, since: datetime | None) -> Outcome:
    message = ClientMessage(PHONE, f"Мария, звоните: {PHONE}, maria@example.ru")
    (outcome,) = both.sms.write([Request("k:1", message, since)])
    return outcome


def read_aloud(both: Both, since: datetime | None) -> Outcome:
    (outcome,) = both.dialler.dial([Request("k:2", CallOrder(PHONE, text="Ваш заказ готов"), since)])
    return outcome


def connected(both: Both, since: datetime | None) -> Outcome:
    (outcome,) = both.dialler.dial([Request("k:3", CallOrder(PHONE, "101", others=("79031112233",)), since)])
    return outcome


def done(emulator: Emulator) -> int:
    stats: dict[str, Any] = emulator.details()["exolve"]
    return int(stats["messages"]) + int(stats["calls"])


REFUSED = Fault(path="/exolve", status=400, body='{"error": {"code": 3, "message": "number can not send sms"}}')

WRITERS = [
    Writer(
        name,
        station,
        Both,
        write,
        done,
        "/exolve",
        "sandbox",
        Repeat.PERSON,
        lambda both: both.sms.check(),
        ((REFUSED, Rejected),),
        Fault(path="/exolve", status=429, body="{}", headers={"Retry-After": "7"}),
    )
    for name, write in (("exolve sms", sms), ("exolve reads a text", read_aloud), ("exolve connects", connected))
]
