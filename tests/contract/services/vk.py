"""VK."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from connectors.vk.channel import VkChannel, book_of
from connectors.vk.messenger import VkMessenger, messenger
from connectors.vk.settings import VkSettings
from provodka.channel import Delivery
from provodka.errors import Ambiguous, AuthFailed, RateLimited, Rejected
from provodka.messages import ClientMessage
from provodka.operation import Outcome, Repeat, Request
from provodka.stores import ConnectorStore
from sandbox.base import Emulator
from sandbox.faults import Fault
from sandbox.senders.station import Station
from sandbox.senders.vk import PERSON, Vk
from tests.contract.case import KEY, NOW, RIGHT, Case, Probe, Writer, around

GROUP = 190000001
VK = VkSettings.model_validate({"group": GROUP, "token": KEY, "secret": RIGHT, "confirmation": "0fexample"})


def build() -> VkChannel:
    return VkChannel("канал", VK, book_of(VK, around()))


def signed(body: bytes, secret: str | None) -> Delivery:
    """The secret stands among the fields."""
    fields = json.loads(body)
    if secret:
        fields["secret"] = secret
    return Delivery("POST", "", {"content-type": "application/json"}, {}, json.dumps(fields).encode(), NOW)


def notice(kind: str, told: object, **more: object) -> bytes:
    return json.dumps(
        {"type": kind, "object": told, "group_id": GROUP, "event_id": "e1", "v": "5.199", **more}
    ).encode()


def message(**more: object) -> dict[str, Any]:
    body = {"date": 1764576000, "from_id": PERSON, "id": 1501, "out": 0, "peer_id": PERSON, "random_id": 0}
    return {**body, "conversation_message_id": 12, "attachments": [], "text": "Наберите +79161112233", **more}


def lead(**more: object) -> bytes:
    answers = [{"key": "phone_number", "question": "Телефон", "answer": "+79161112233"}]
    form = {
        "lead_id": 77,
        "group_id": GROUP,
        "user_id": PERSON,
        "form_id": 3,
        "form_name": "Расчёт",
        "answers": answers,
    }
    return notice("lead_forms_new", {**form, **more})


CASES = [
    Case(
        "vk message",
        VK,
        build,
        signed,
        good=notice("message_new", {"message": message(), "client_info": {}}),
        with_extra_fields=notice("message_new", {"message": message(нечто=[{"новое": None}]), "ещё": 1}, новое=[]),
        unreadable=notice("message_new", ["rubbish"]),
        signs_body=False,
        secrets=(RIGHT, KEY),
        probes=(
            Probe(signed(json.dumps({"type": "confirmation", "group_id": GROUP}).encode(), None), body=b"0fexample"),
            Probe(signed(json.dumps({"type": "confirmation", "group_id": GROUP}).encode(), RIGHT), body=b"0fexample"),
            Probe(signed(notice("wall_post_new", {"id": 1}), RIGHT), body=b"ok"),
            Probe(signed(notice("remove", {}), RIGHT), body=b"ok"),
        ),
        scene=(
            signed(notice("message_allow", {"user_id": PERSON, "key": "utm_vk"}), RIGHT),
            signed(notice("message_new", {"message": message()}, event_id="e2"), RIGHT),
            signed(notice("message_edit", message(update_time=1764576060), event_id="e3"), RIGHT),
            signed(notice("message_deny", {"user_id": PERSON}, event_id="e4"), RIGHT),
        ),
        keys=frozenset(
            {
                ("chat.started", "started:e1"),
                ("message.received", "message:1501"),
                ("message.edited", "edit:message:1501:1764576060:143983f07806885b"),
                ("chat.stopped", "stopped:e4"),
            }
        ),
    ),
    Case(
        "vk lead form",
        VK,
        build,
        signed,
        good=lead(),
        with_extra_fields=lead(нечто={"новое": [None]}),
        unreadable=notice("lead_forms_new", None),
        signs_body=False,
        secrets=(RIGHT, KEY),
    ),
]


def connect(url: str, key: str, store: ConnectorStore) -> VkMessenger:
    given = {"group": GROUP, "token": key, "api_url": url + "/vk", "receive": "polling", "read_timeout": 2}
    made = messenger("vk", VkSettings.model_validate(given), around(store))
    assert made is not None
    return made


def write(vk: VkMessenger, since: datetime | None) -> Outcome:
    text = "Мария, +79160001122, maria@example.ru"
    return vk.write([Request("contract-1", ClientMessage(str(PERSON), text), since)])[0]


class Talking(Vk):
    """A community to which one person has written already."""

    def reset(self) -> None:
        super().reset()
        self.deliver = False
        self.community.allowed.add(PERSON)


def start() -> Station:
    return Station(Talking())


def done(emulator: Emulator) -> int:
    sent: int = emulator.details()["vk"]["sent"]
    return sent


def said(vk: VkMessenger) -> Sequence[str]:
    return vk.check()


def error(code: int) -> Fault:
    body = json.dumps({"error": {"error_code": code, "error_msg": "words", "request_params": []}})
    return Fault(path="/vk/method/messages.send", status=200, body=body)


WRITERS = [
    Writer(
        "vk",
        start,
        connect,
        write,
        done,
        "/vk/method/messages.send",
        "sandbox",
        Repeat.KEY,
        said,
        faults=(
            (error(5), AuthFailed),
            (error(27), AuthFailed),
            (error(6), RateLimited),
            (error(9), RateLimited),
            (error(901), Rejected),
            (error(914), Rejected),
            (error(10), Ambiguous),
        ),
        limited=error(9),
    ),
]
