"""Tilda."""

from __future__ import annotations

from urllib.parse import urlencode

from connectors.tilda.channel import TildaChannel
from connectors.tilda.settings import TildaSettings
from provodka.channel import Delivery
from tests.contract.case import KEY, NOW, RIGHT, Case


def in_path(body: bytes, secret: str | None) -> Delivery:
    return Delivery("POST", secret or "", {}, {}, body, NOW)


def in_api_key_field(body: bytes, secret: str | None) -> Delivery:
    field = urlencode({"ApiKey": secret}).encode() + b"&" if secret else b""
    return Delivery("POST", "", {}, {}, field + body, NOW)


TILDA = TildaSettings.model_validate({"secret": RIGHT})
TILDA_KEY = TildaSettings.model_validate({"secret": KEY, "api_key": {"name": "ApiKey", "value": RIGHT}})
TILDA_FORM = {"Name": "Мария", "Phone": "89161112233", "tranid": "1:1"}

CASES = [
    Case(
        "tilda",
        TILDA,
        lambda: TildaChannel("канал", TILDA),
        in_path,
        good=urlencode(TILDA_FORM).encode(),
        with_extra_fields=urlencode({**TILDA_FORM, "payment[нечто][0]": "1"}).encode(),
        unreadable=b"{",
        signs_body=False,
    ),
    Case(
        "tilda with an API key in a field",
        TILDA_KEY,
        lambda: TildaChannel("канал", TILDA_KEY),
        in_api_key_field,
        good=urlencode(TILDA_FORM).encode(),
        with_extra_fields=urlencode({**TILDA_FORM, "нечто": "1"}).encode(),
        unreadable=b"",
        signs_body=False,
        secrets=(RIGHT, KEY),
    ),
]
