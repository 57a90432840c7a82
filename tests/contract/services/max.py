"""MAX."""

from __future__ import annotations

import json
from datetime import datetime

from connectors.max.channel import MaxChannel
from connectors.max.messenger import MaxMessenger
from connectors.max.settings import MaxSettings
from provodka.channel import Delivery
from provodka.errors import ConnectorError, RateLimited, Rejected
from provodka.messages import ClientMessage
from provodka.operation import Outcome, Repeat, Request
from provodka.stores import ConnectorStore
from sandbox.base import Emulator
from sandbox.faults import Fault
from sandbox.senders.max import PERSON, Max
from sandbox.senders.station import Station
from tests.contract.case import ASCII, NOW, Case, Probe, Writer

TOKEN = "f9LHodD0cOL-example-token-of-the-bot"  # shaped as one, and nobody's
BOT = MaxSettings.model_validate({"token": TOKEN, "secret": ASCII})
MARIA = {"user_id": PERSON, "first_name": "Мария", "last_name": "", "name": "Мария", "is_bot": False}
DIALOG = {"chat_id": 880001, "chat_type": "dialog", "user_id": 55501}


def from_max(body: bytes, secret: str | None) -> Delivery:
    headers = {"content-type": "application/json"}
    if secret:
        headers["x-max-bot-api-secret"] = secret
    return Delivery("POST", "", headers, {}, body, NOW)


def update(kind: str, **told: object) -> bytes:
    return json.dumps({"update_type": kind, "timestamp": 1764576000000, **told}).encode()


def wrote(text: str = "", *attachments: object, **more: object) -> dict[str, object]:
    body = {"mid": "mid.0000000000abcdef01", "seq": 115000000000000001, "text": text, "attachments": list(attachments)}
    return {"recipient": DIALOG, "timestamp": 1764576000000, "body": body, "sender": MARIA, **more}


def nothing_of(kind: str, **told: object) -> Probe:
    return Probe(from_max(update(kind, **told), ASCII))


CASES = [
    Case(
        "max",
        BOT,
        lambda: MaxChannel("канал", BOT),
        from_max,
        good=update("message_created", message=wrote("Сколько стоит? 8 916 111-22-33")),
        with_extra_fields=update(
            "message_created", message=wrote("Сколько стоит? +79161112233", more=[None]), newer={"deep": [1]}
        ),
        unreadable=b'{"update_type": "',
        signs_body=False,
        secret=ASCII,
        secrets=(ASCII, TOKEN),
        probes=(
            nothing_of("dialog_muted", chat_id=880001, user=MARIA),
            nothing_of("message_removed", message_id="mid.1", chat_id=880001, user_id=PERSON),
            nothing_of("message_created", message=wrote("я бот", sender={**MARIA, "is_bot": True})),
            nothing_of("message_created", message=wrote("")),
        ),
    ),
]


def connect(url: str, key: str, store: ConnectorStore) -> MaxMessenger:
    settings = {"token": key, "secret": ASCII, "api_url": f"{url}/max"}
    return MaxMessenger("max", MaxSettings.model_validate(settings), store, sleep=lambda _: None)


def write(bot: MaxMessenger, since: datetime | None) -> Outcome:
    [outcome] = bot.write([Request("key", ClientMessage(str(PERSON), "+79160001122, maria@example.ru"), since)])
    return outcome


def sent(emulator: Emulator) -> int:
    assert isinstance(emulator, Station)
    return int(emulator.details()["max"]["sent"])


def refusal(status: int, code: str, said: str, kind: type[ConnectorError]) -> tuple[Fault, type[ConnectorError]]:
    body = json.dumps({"code": code, "message": said})
    return Fault(kind="status", status=status, body=body, path="/max/messages"), kind


LIMITED = Fault(kind="status", status=429, body='{"code": "too.many.requests"}', headers={"Retry-After": "7"})

WRITERS = [
    Writer(
        "max",
        lambda: Station(Max()),
        connect,
        write,
        done=sent,
        path="/max/messages",
        right_key="sandbox",
        repeat=Repeat.PERSON,
        check=lambda bot: bot.check(),
        faults=(
            refusal(403, "chat.denied", "error.dialog.suspended", Rejected),
            refusal(404, "dialog.not.found", "Dialog not found", Rejected),
            refusal(404, "chat.notfound", "error.dialog.notfound", Rejected),
            refusal(400, "proto.payload", "text: size must be between 0 and 4000", Rejected),
            (LIMITED, RateLimited),
        ),
        limited=LIMITED,
    ),
]
