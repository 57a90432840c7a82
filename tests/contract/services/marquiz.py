"""Marquiz: JSON, form-encoded, and the older shape."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from connectors.marquiz.channel import MarquizChannel
from connectors.marquiz.settings import MarquizSettings
from provodka.channel import Delivery
from tests.contract.case import NOW, RIGHT, Case, Probe


def in_path(body: bytes, secret: str | None) -> Delivery:
    return Delivery("POST", secret or "", {}, {}, body, NOW)


MARQUIZ = MarquizSettings.model_validate({"secret": RIGHT})
LEAD: dict[str, Any] = {
    "contacts": {"name": "Мария", "phone": "+7 (916) 111-22-33"},
    "answers": [{"q": "Сколько окон?", "a": "3"}],
    "quiz": {"id": "q1", "name": "Расчёт окон"},
    "created": "2026-03-02T09:00:00.000Z",
}
OLDER = {"name": "Мария", "phone": "+79161112233", "results": [{"name": "Сколько окон?", "value": "3"}]}


def build() -> MarquizChannel:
    return MarquizChannel("канал", MARQUIZ)


CASES = [
    Case(
        "marquiz",
        MARQUIZ,
        build,
        in_path,
        good=json.dumps(LEAD).encode(),
        with_extra_fields=json.dumps({**LEAD, "extra": {"нечто": [{"новое": None}]}}).encode(),
        unreadable=b"{",
        signs_body=False,
        probes=(Probe(Delivery("GET", RIGHT, {}, {}, b"", NOW), body=b"ok"),),
    ),
    Case(
        "marquiz as a form",
        MARQUIZ,
        build,
        in_path,
        good=urlencode({"contacts[name]": "Мария", "contacts[phone]": "+79161112233", "quiz[id]": "q1"}).encode(),
        with_extra_fields=urlencode(
            {"contacts[phone]": "+79161112233", "contacts[name]": "Мария", "x[a][]": 1}
        ).encode(),
        unreadable=b"",
        signs_body=False,
    ),
    Case(
        "marquiz of the older shape",
        MARQUIZ,
        build,
        in_path,
        good=json.dumps(OLDER).encode(),
        with_extra_fields=json.dumps({**OLDER, "цена": 1}).encode(),
        unreadable=b"hello",
        signs_body=False,
    ),
]
