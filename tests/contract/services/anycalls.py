"""Any telephony with a field map."""

from __future__ import annotations

import json
from typing import Any

from connectors.anycalls.channel import receiver
from connectors.anycalls.settings import AnyCallsSettings
from provodka.channel import Delivery
from tests.contract.case import ASCII, NOW, Case, around


def in_path(body: bytes, secret: str | None) -> Delivery:
    return Delivery("POST", secret or "", {}, {}, body, NOW)


def notice(**more: Any) -> bytes:
    call = {"id": "m-1", "type": "outgoing", "from": "79031112233", "to": "79161112233"}
    return json.dumps({"call": call, "talk": 90, **more}).encode()


MOBILE = AnyCallsSettings.model_validate(
    {
        "secret": ASCII,
        "map": {
            "call": "call.id",
            "direction": "call.type",
            "caller": "call.from",
            "callee": "call.to",
            "talk": "talk",
            "event": "event",
        },
        "words": {"events": {"begin": "started", "record": "recorded"}},
    }
)

CASES = [
    Case(
        "any calls",
        MOBILE,
        lambda: receiver("канал", MOBILE, around()),
        in_path,
        good=notice(),
        with_extra_fields=notice(нечто={"новое": [None]}),
        unreadable=b"<xml/>",
        signs_body=False,
        secret=ASCII,
        secrets=(ASCII,),
        scene=(in_path(notice(event="begin"), ASCII), in_path(notice(), ASCII)),
        keys=frozenset({("call.finished", "call:m-1")}),
    ),
]
