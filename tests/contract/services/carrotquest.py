"""Carrot quest."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from connectors.carrotquest.channel import CarrotQuestChannel
from connectors.carrotquest.settings import CarrotQuestSettings
from provodka.channel import Delivery
from tests.contract.case import NOW, RIGHT, Case, Probe

CARROT = CarrotQuestSettings.model_validate({"token": RIGHT, "events": ["Оставил заявку"]})
USER: dict[str, Any] = {"id": "15", "props": {"$name": "Мария", "$phone": "+79161112233"}}
EVENT = {"id": "900", "created": "2026-03-02T09:00:00.000Z", "type": {"id": 7, "name": "Оставил заявку"}}


def notice(user: dict[str, Any] = USER, **more: str) -> bytes:
    fields = {"type": "event", "user": json.dumps(user), "user_id": "15", "event": json.dumps(EVENT)}
    return urlencode({**fields, "event_id": "900", "event_name": "Оставил заявку", **more}).encode()


def in_token_field(body: bytes, secret: str | None) -> Delivery:
    field = urlencode({"token": secret}).encode() + b"&" if secret else b""
    return Delivery("POST", "", {}, {}, field + body, NOW)


CASES = [
    Case(
        "carrotquest",
        CARROT,
        lambda: CarrotQuestChannel("канал", CARROT),
        in_token_field,
        good=notice(),
        with_extra_fields=notice({**USER, "props_custom": {"нечто": [{"новое": None}]}}, нечто="1"),
        unreadable=b"type=event&user=%7B",
        signs_body=False,
        probes=(
            Probe(in_token_field(notice(event_name="Открыл страницу"), RIGHT), body=b"ok"),
            Probe(in_token_field(b"type=something_new", RIGHT), body=b"ok"),
        ),
    ),
]
