"""MANGO OFFICE."""

from __future__ import annotations

import json
from hashlib import sha256
from urllib.parse import urlencode

from connectors.mango.channel import MangoChannel
from connectors.mango.settings import MangoSettings
from provodka.channel import Delivery
from tests.contract.case import KEY, NOW, RIGHT, Case


def in_mango_envelope(body: bytes, secret: str | None) -> Delivery:
    fields = {"vpbx_api_key": KEY, "json": body.decode()}
    if secret:
        fields = {"sign": sha256(f"{KEY}{body.decode()}{secret}".encode()).hexdigest(), **fields}
    return Delivery("POST", "events/summary", {}, {}, urlencode(fields).encode(), NOW)


MANGO = MangoSettings.model_validate({"api_key": KEY, "salt": RIGHT})
SUMMARY = {"entry_id": "e1", "call_direction": 1, "from": {"number": "79161112233"}, "talk_time": 0, "end_time": 1}

CASES = [
    Case(
        "mango",
        MANGO,
        lambda: MangoChannel("канал", MANGO),
        in_mango_envelope,
        good=json.dumps(SUMMARY).encode(),
        with_extra_fields=json.dumps({**SUMMARY, "нечто": {"новое": [None]}}).encode(),
        unreadable=b"{",
        signs_body=True,
        secrets=(RIGHT, KEY),
    ),
]
