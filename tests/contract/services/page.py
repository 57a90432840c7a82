"""A questionnaire of ours, at the personal link of a deal: the mark of the lead in the address is the secret."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote, urlencode

from connectors.page.channel import PageChannel
from connectors.page.settings import PageSettings
from connectors.pages.fields import STAMP
from connectors.pages.guard import Guard
from provodka.channel import Delivery
from provodka.own_pages import LeadMarks
from tests.contract import case
from tests.contract.case import NOW, Case

KEY = b"the key of the journal"
SETTINGS = PageSettings.model_validate(
    {
        "title": "Анкета",
        "personal": True,
        "fields": [{"label": "Имя", "means": "name"}, {"label": "Телефон", "kind": "phone"}, {"label": "Бюджет"}],
    }
)
AROUND = replace(case.around(), key=KEY, pages="https://we.example.ru/f")
MARK = LeadMarks(KEY).of("17", NOW + timedelta(days=90), "канал")


def posted(body: bytes, secret: str | None) -> Delivery:
    """As a browser sends it that was given the page a minute before."""
    path = secret or ""
    guard = Guard(KEY, "канал", SETTINGS.at_least, SETTINGS.per_address)
    stamp = f"{STAMP}={quote(guard.stamp(path, NOW - timedelta(minutes=1)))}".encode()
    sent = b"&".join((stamp, body)) if b"=" in body else body
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return Delivery("POST", path, headers, {}, sent, NOW, "93.184.216.34")


GOOD = {"Имя": "Мария", "Телефон": "8 916 111-22-33", "Бюджет": "100000"}

CASES = [
    Case(
        "questionnaire by a personal link",
        SETTINGS,
        lambda: PageChannel("канал", SETTINGS, AROUND),
        posted,
        good=urlencode(GOOD).encode(),
        with_extra_fields=urlencode({**GOOD, "prv_lead": "17", "чужое": "1"}).encode(),
        unreadable=b"{",
        signs_body=False,
        secret=MARK,
        secrets=(MARK, KEY.decode()),
    )
]
