"""Notices of MANGO about one call, written by hand, and a journal that takes them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlencode

from connectors.mango.channel import MangoChannel
from connectors.mango.settings import MangoSettings
from provodka.channel import Delivery, Part, Received
from provodka.event import Event
from provodka.payloads import Call, CallEvent, EventType

KEY, SALT = "ключ-1", "соль-1"
START = 1_772_442_000
NOW = datetime.fromtimestamp(START + 300, UTC)
ENTRY, RECORDING = "ZW50cnk6MQ==", "cmVj/OjE="
CUSTOMER, LINE = "79161112233", "74950003344"

Notice = tuple[str, dict[str, Any]]


def leg(state: str, after: int, seq: int, call: str = "leg-2", **fields: Any) -> Notice:
    told = {
        "entry_id": ENTRY,
        "call_id": call,
        "seq": seq,
        "timestamp": START + after,
        "call_state": state,
        "location": "abonent",
        "from": {"number": CUSTOMER, "taken_from_call_id": "leg-1"},
        "to": {"extension": "101", "number": "sip:anna@a.example", "line_number": LINE},
    }
    return "events/call", {**told, **fields}


def menu(state: str, after: int, seq: int) -> Notice:
    to = {"number": LINE, "line_number": LINE}
    return leg(state, after, seq, "leg-1", location="ivr", **{"from": {"number": CUSTOMER}, "to": to})


def summary(talk: int | str = START + 14, **fields: Any) -> Notice:
    told = {
        "entry_id": ENTRY,
        "call_direction": 1,
        "from": {"number": CUSTOMER},
        "to": {"extension": "101", "number": "sip:anna@a.example"},
        "line_number": LINE,
        "create_time": START,
        "forward_time": START + 6,
        "talk_time": talk,
        "end_time": START + 134,
        "entry_result": 1,
        "disconnect_reason": 1110,
    }
    return "events/summary", {**told, **fields}


def added(recording: str = RECORDING, after: int = 190) -> Notice:
    return "events/record/added", {
        "entry_id": ENTRY,
        "recording_id": recording,
        "timestamp": START + after,
        "user_id": -1,
    }


def link(recording: str = RECORDING, after: int = 190, days: int = 365) -> str:
    until = str(START + after + days * 86_400)
    sign = sha256(f"{KEY}{until}{recording}{SALT}".encode()).hexdigest()
    base = "https://app.mango-office.ru/vpbx/queries/recording/link"
    return f"{base}/{quote(recording, safe='')}/play/{KEY}/{until}/{sign}"


ANSWERED = [
    menu("Appeared", 0, 1),
    menu("Disconnected", 6, 2),
    leg("Appeared", 6, 1),
    leg("Connected", 14, 2),
    ("events/recording", {"entry_id": ENTRY, "recording_id": RECORDING, "recording_state": "Started", "seq": 1}),
    leg("Disconnected", 134, 3, disconnect_reason=1110),
    summary(),
    added(),
]


class Journal:
    """Keeps parts and events as the real one does: a known part or (channel, external_id) is left out."""

    def __init__(self, **settings: Any) -> None:
        told = {"api_key": KEY, "salt": SALT, **settings}
        self.channel = MangoChannel("phone", MangoSettings.model_validate(told))
        self.parts: dict[tuple[str, str], Part] = {}
        self.events: dict[str, Event] = {}

    def known(self, key: str) -> Sequence[Part]:
        return [part for part in self.parts.values() if part.key == key]

    def take(self, notice: Notice, now: datetime = NOW) -> Received:
        path, fields = notice
        text = json.dumps(fields, ensure_ascii=False)
        sign = sha256(f"{KEY}{text}{SALT}".encode()).hexdigest()
        body = urlencode({"vpbx_api_key": KEY, "sign": sign, "json": text}).encode()
        received = self.channel.receive(Delivery("POST", path, {}, {}, body, now), self.known)
        for part in received.parts:
            self.parts.setdefault((part.key, part.id), part)
        for event in received.events:
            self.events.setdefault(event.external_id, event)
        return received

    def take_all(self, notices: Iterable[Notice]) -> Journal:
        for notice in notices:
            self.take(notice)
        return self

    def types(self) -> list[str]:
        return [event.type.value for event in self.events.values()]

    def event(self, kind: EventType) -> Event:
        (event,) = [event for event in self.events.values() if event.type is kind]
        return event

    def call(self, kind: EventType) -> Call:
        payload = self.event(kind).payload
        assert isinstance(payload, CallEvent)
        return payload.call


def moment(after: int) -> datetime:
    return datetime.fromtimestamp(START + after, UTC)
