"""Requests of partners: from the page at their link, and from their own program with a key."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote, urlencode

from connectors.pages.fields import STAMP
from connectors.pages.guard import Guard
from connectors.partner.channel import PartnerChannel
from connectors.partner.settings import PartnersSettings
from provodka.channel import Delivery
from tests.contract import case
from tests.contract.case import ASCII, NOW, Case

KEY = b"the key of the journal"
SETTINGS = PartnersSettings.model_validate(
    {
        "title": "Заявка клиента",
        "fields": [{"label": "Имя", "means": "name"}, {"label": "Телефон", "kind": "phone"}, {"label": "Оператор"}],
        "partners": {"romashka": {"title": "Ромашка"}, "call_centre": {"title": "Колл-центр", "secret": ASCII}},
    }
)
AROUND = replace(case.around(), key=KEY, pages="https://we.example.ru/f")


def channel() -> PartnerChannel:
    return PartnerChannel("канал", SETTINGS, AROUND)


LINK = channel().links()["romashka"].rpartition("/")[2]


def by_link(body: bytes, secret: str | None) -> Delivery:
    path = secret or ""
    guard = Guard(KEY, "канал", SETTINGS.at_least, SETTINGS.per_address)
    stamp = f"{STAMP}={quote(guard.stamp(path, NOW - timedelta(minutes=1)))}".encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return Delivery("POST", path, headers, {}, b"&".join((stamp, body)) if b"=" in body else body, NOW)


def by_program(body: bytes, secret: str | None) -> Delivery:
    headers = {"authorization": f"Bearer {secret}"} if secret else {}
    return Delivery("POST", "", {"content-type": "application/json", **headers}, {}, body, NOW)


def by_api_key(body: bytes, secret: str | None) -> Delivery:
    return Delivery("POST", "", {"x-api-key": secret} if secret else {}, {}, body, NOW)


GOOD = {"Имя": "Мария", "Телефон": "8 916 111-22-33", "Оператор": "17"}


def program(name: str, deliver: object) -> Case:
    return Case(
        name,
        SETTINGS,
        channel,
        deliver,  # type: ignore[arg-type]
        good=json.dumps(GOOD).encode(),
        with_extra_fields=json.dumps({**GOOD, "чужое": [{"a": 1}]}).encode(),
        unreadable=b"{",
        signs_body=False,
        secret=ASCII,
        secrets=(ASCII,),
    )


CASES = [
    Case(
        "partner's page",
        SETTINGS,
        channel,
        by_link,
        good=urlencode(GOOD).encode(),
        with_extra_fields=urlencode({**GOOD, "чужое": "1"}).encode(),
        unreadable=b"{",
        signs_body=False,
        secret=LINK,
        secrets=(LINK, ASCII),
    ),
    program("call centre with a bearer key", by_program),
    program("call centre with X-Api-Key", by_api_key),
]
