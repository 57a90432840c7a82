"""Beeline's cloud exchange."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from connectors.beeline.channel import receiver
from connectors.beeline.outside import dialler
from connectors.beeline.settings import BeelineSettings
from connectors.calls.callback import CallbackDialler
from provodka.calls import CallOrder
from provodka.channel import Delivery, Receiver
from provodka.errors import AuthFailed, Rejected
from provodka.operation import Outcome, Repeat, Request
from provodka.stores import ConnectorStore
from sandbox.base import Emulator
from sandbox.faults import Fault
from sandbox.senders.beeline import LOCAL, REMOTE, Beeline, xsi_event
from sandbox.senders.station import Station
from tests.contract.case import KEY, NOW, RIGHT, Case, Probe, Writer, around

BEELINE = BeelineSettings.model_validate({"secret": RIGHT, "token": KEY})
START = int(NOW.timestamp() * 1000) - 200_000
ANNA, IVAN = "9230000511", "9230000510"


def build() -> Receiver:
    return receiver("канал", BEELINE, around())


def posted(body: bytes, secret: str | None) -> Delivery:
    return Delivery("POST", secret or "", {}, {}, body, NOW)


def told(kind: str, employee: str, started: int = 0, answered: int = 0, released: int = 0, by: str = "") -> bytes:
    times = {"startTime": started, "answerTime": answered, "releaseTime": released}
    texts = {name: str(START + seconds * 1000) for name, seconds in times.items() if seconds or name == "startTime"}
    leg = f"callhalf-{employee[-1]}:0"
    more = {"releasingParty": by} if by else {}
    return xsi_event(kind, leg, "1001:1", employee, "79161112233", texts={**texts, **more})


FINISHED = told("CallReleasedEvent", IVAN, answered=14, released=134, by=REMOTE)
SCENE = (
    told("CallReceivedEvent", IVAN),
    told("CallReceivedEvent", ANNA),
    told("CallAnsweredEvent", IVAN, answered=14),
    told("CallReleasedEvent", ANNA, released=14, by=LOCAL),
    FINISHED,
)

CASES = [
    Case(
        "beeline",
        BEELINE,
        build,
        posted,
        good=FINISHED,
        with_extra_fields=FINISHED.replace(b"</xsi:call>", b"<xsi:new><xsi:newer/></xsi:new></xsi:call>"),
        unreadable=b"<xsi:Event>",
        signs_body=False,
        secrets=(RIGHT, KEY),
        probes=(
            Probe(posted(b"<Event><eventData><state/></eventData></Event>", RIGHT)),
            Probe(posted(b"<ChannelHeartBeat/>", RIGHT)),
        ),
        scene=tuple(posted(body, RIGHT) for body in SCENE),
        keys=frozenset({("call.finished", "call:1001:1")}),
    ),
]


@contextmanager
def station() -> Iterator[Emulator]:
    with Station(Beeline()) as running:
        yield running


def connect(url: str, key: str, store: ConnectorStore) -> CallbackDialler:
    given = {"secret": RIGHT, "token": key, "api_url": f"{url}/beeline"}
    return dialler("канал", BeelineSettings.model_validate(given), replace(around(), store=store))


def connect_both(made: CallbackDialler, since: object) -> Outcome:
    return made.dial([Request("key-1", CallOrder("+79160001122", IVAN), since)])[0]


def ordered(emulator: Emulator) -> int:
    assert isinstance(emulator, Station)
    return int(emulator.services[0].stats()["ordered"])


PATH = "/beeline/abonents/"
WRITERS = [
    Writer(
        "beeline",
        station,
        connect,
        connect_both,
        ordered,
        PATH,
        "sandbox",
        Repeat.PERSON,
        lambda made: made.check(),
        (
            (Fault(path=PATH, status=401, body="{}"), AuthFailed),
            (Fault(path=PATH, status=403, body="{}"), AuthFailed),
            (Fault(path=PATH, status=404, body='{"errorCode": "AbonentNotFound"}'), Rejected),
            (Fault(path=PATH, status=400, body='{"errorCode": "WrongNumber", "description": "no"}'), Rejected),
        ),
        Fault(path=PATH, status=429, body="slow down", headers={"Retry-After": "30"}),
    ),
]
