"""Roistat."""

from __future__ import annotations

import json
from typing import Any

from connectors.roistat.channel import receiver
from connectors.roistat.settings import RoistatSettings
from provodka.channel import Delivery
from tests.contract.case import ASCII, NOW, Case, around


def in_path(body: bytes, secret: str | None) -> Delivery:
    return Delivery("POST", secret or "", {"content-type": "application/json"}, {}, body, NOW)


def notice(**more: Any) -> bytes:
    begun = {"id": "770001", "caller": "79161112233", "callee": "74950003344", "date": "2026-03-02 12:00:00"}
    return json.dumps({**begun, "utm_source": "yandex", "visit_id": "100500", **more}).encode()


OVER = {"duration": 123, "status": "ANSWER", "link": "https://example.com/r/770001.mp3"}
WHOLE = RoistatSettings.model_validate({"secret": ASCII})
BESIDE = RoistatSettings.model_validate({"secret": ASCII, "beside": "phone"})

CASES = [
    Case(
        name,
        settings,
        lambda settings=settings: receiver("канал", settings, around()),  # type: ignore[misc]
        in_path,
        good=notice(**OVER),
        with_extra_fields=notice(**OVER, нечто={"новое": [None]}),
        unreadable=b"{",
        signs_body=False,
        secret=ASCII,
        secrets=(ASCII,),
        scene=(in_path(notice(), ASCII), in_path(notice(**OVER), ASCII)),
        keys=frozenset({key}),
    )
    for name, settings, key in (
        ("roistat", WHOLE, ("call.finished", "call:770001")),
        ("roistat beside an exchange", BESIDE, ("call.tracked", "tracked:770001")),
    )
]
