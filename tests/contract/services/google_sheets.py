"""The script of a Google form."""

from __future__ import annotations

import json
from typing import Any

from connectors.google_sheets.channel import receiver
from connectors.google_sheets.settings import GoogleSheetsSettings
from provodka.channel import Delivery
from tests.contract.case import NOW, RIGHT, Case, around

SETTINGS = GoogleSheetsSettings.model_validate({"secret": RIGHT})
ANSWER = {
    "spreadsheetId": "1AbCexample",
    "sheet": "Ответы на форму (1)",
    "row": 17,
    "namedValues": {"Отметка времени": ["01.12.2025 11:00:00"], "Имя": ["Мария"], "Телефон": ["89161112233"]},
}


def body(**more: Any) -> bytes:
    return json.dumps({**ANSWER, **more}, ensure_ascii=False).encode()


def in_body(answer: bytes, secret: str | None) -> Delivery:
    """As the script posts it. What is no JSON object can hold no secret and has it in its address."""
    try:
        fields = json.loads(answer)
    except ValueError:
        return in_path(answer, secret)
    return Delivery("POST", "", {}, {}, json.dumps({**fields, "secret": secret}, ensure_ascii=False).encode(), NOW)


def in_path(answer: bytes, secret: str | None) -> Delivery:
    return Delivery("POST", secret or "", {}, {}, answer, NOW)


CASES = [
    Case(
        f"google forms with the secret in the {where}",
        SETTINGS,
        lambda: receiver("канал", SETTINGS, around()),
        deliver,
        good=body(),
        with_extra_fields=body(нечто=[{"новое": None}]),
        unreadable=b"{",
        signs_body=False,
    )
    for where, deliver in (("body", in_body), ("address", in_path))
]
