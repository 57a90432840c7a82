"""Taplink."""

from __future__ import annotations

import hmac
import json
from typing import Any

from connectors.taplink.channel import TaplinkChannel
from connectors.taplink.settings import TaplinkSettings
from provodka.channel import Delivery
from tests.contract.case import NOW, RIGHT, Case, Probe

TAPLINK = TaplinkSettings.model_validate({"secret": RIGHT})
DATA: dict[str, Any] = {
    "profile_id": "56",
    "lead_id": "123",
    "records": [
        {"value": "Мария", "type": "3", "title": "Имя"},
        {"value": "+79161112233", "type": "1", "title": "Телефон"},
    ],
}


def signed(body: bytes, secret: str | None) -> Delivery:
    headers = {"taplink-signature": hmac.new(secret.encode(), body, "sha1").hexdigest()} if secret else {}
    return Delivery("POST", "", headers, {}, body, NOW)


def notice(action: str, **data: Any) -> bytes:
    return json.dumps({"action": action, "data": {**DATA, **data}}).encode()


CASES = [
    Case(
        "taplink",
        TAPLINK,
        lambda: TaplinkChannel("канал", TAPLINK),
        signed,
        good=notice("leads.created"),
        with_extra_fields=notice("leads.created", нечто=[{"новое": None}]),
        unreadable=b"{",
        signs_body=True,
        probes=(
            Probe(signed(notice("leads.status"), RIGHT), body=b"ok"),
            Probe(signed(notice("payments.created", order_id="7", order_status_id=1), RIGHT), body=b"ok"),
        ),
    ),
    Case(
        "taplink payment",
        TAPLINK,
        lambda: TaplinkChannel("канал", TAPLINK),
        signed,
        good=notice("payments.created", order_id="7", order_status_id=2, budget="250.00"),
        with_extra_fields=notice("payments.created", order_id="7", order_status_id=2, budget="250.00", нечто=None),
        unreadable=b"[]",
        signs_body=True,
    ),
]
