"""Viber."""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from datetime import datetime

from connectors.viber.channel import ViberChannel
from connectors.viber.messenger import ViberMessenger
from connectors.viber.settings import ViberSettings
from provodka.channel import Delivery
from provodka.errors import Ambiguous, AuthFailed, RateLimited, Rejected
from provodka.messages import ClientMessage
from provodka.operation import Outcome, Repeat, Request
from provodka.stores import ConnectorStore
from sandbox.base import Emulator
from sandbox.faults import Fault
from sandbox.senders.station import Station
from sandbox.senders.viber import PERSON, Viber
from tests.contract.case import NOW, RIGHT, Case, Probe, Writer, around

BOT = ViberSettings.model_validate({"token": RIGHT, "name": "Ромашка", "welcome": "Здравствуйте!"})
MARIA = {"id": PERSON, "name": "Мария", "language": "ru", "country": "RU", "api_version": 10}


def signed(body: bytes, secret: str | None) -> Delivery:
    headers = {"content-type": "application/json"}
    if secret:
        headers["x-viber-content-signature"] = hmac.new(secret.encode(), body, "sha256").hexdigest()
    return Delivery("POST", "", headers, {}, body, NOW)


def notice(event: str, token: int = 5850000000000000103, **told: object) -> bytes:
    return json.dumps({"event": event, "timestamp": 1764576020000, "message_token": token, **told}).encode()


def wrote(**more: object) -> bytes:
    return notice("message", sender=MARIA, message={"type": "text", "text": "Мой номер +79161112233", **more})


CASES = [
    Case(
        "viber",
        BOT,
        lambda: ViberChannel("канал", BOT),
        signed,
        good=wrote(),
        with_extra_fields=wrote(нечто={"новое": [None]}),
        unreadable=b'{"event":"message","message_token":1}',
        signs_body=True,
        probes=(
            Probe(signed(notice("webhook"), RIGHT)),
            Probe(signed(notice("client_status"), RIGHT)),
        ),
        scene=(
            signed(notice("subscribed", 1, user=MARIA), RIGHT),
            signed(wrote(), RIGHT),
            signed(notice("delivered", 7, user_id=PERSON), RIGHT),
            signed(notice("seen", 7, user_id=PERSON), RIGHT),
            signed(notice("unsubscribed", 9, user_id=PERSON), RIGHT),
        ),
        keys=frozenset(
            {
                ("chat.started", "started:1"),
                ("message.received", "message:5850000000000000103"),
                ("message.state", "state:7:delivered"),
                ("message.state", "state:7:read"),
                ("chat.stopped", "stopped:9"),
            }
        ),
    ),
]


def connect(url: str, key: str, store: ConnectorStore) -> ViberMessenger:
    given = {"token": key, "name": "Ромашка", "api_url": url + "/viber", "read_timeout": 2}
    return ViberMessenger("viber", ViberSettings.model_validate(given), around(store))


def write(viber: ViberMessenger, since: datetime | None) -> Outcome:
    text = "Мария, +79160001122, maria@example.ru"
    return viber.write([Request("contract-1", ClientMessage(PERSON, text), since)])[0]


class Talking(Viber):
    """A bot to which one person is subscribed."""

    def reset(self) -> None:
        super().reset()
        self.webhook = "http://127.0.0.1:9/hooks/viber"
        self.subscribed.add(PERSON)


def done(emulator: Emulator) -> int:
    sent: int = emulator.details()["viber"]["sent"]
    return sent


def said(viber: ViberMessenger) -> Sequence[str]:
    return viber.check()


def status(code: int) -> Fault:
    body = json.dumps({"status": code, "status_message": "words"})
    return Fault(path="/viber/pa/send_message", status=200, body=body)


WRITERS = [
    Writer(
        "viber",
        lambda: Station(Talking()),
        connect,
        write,
        done,
        "/viber/pa/send_message",
        "sandbox",
        Repeat.PERSON,
        said,
        faults=(
            (status(2), AuthFailed),
            (status(6), Rejected),
            (status(3), Rejected),
            (status(12), RateLimited),
            (status(77), Rejected),
            (status(900), Ambiguous),
        ),
        limited=status(12),
    ),
]
