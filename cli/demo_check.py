"""What the CRM must hold when the demo's scenes have been played."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import requests

from sandbox.server import Sandbox

SPOKEN: Final = ("Перезвонить", "Ответить в чате: Здравствуйте!")
"""The tasks of leads in which nothing was written down."""


def dump(sandbox: Sandbox) -> list[dict[str, Any]]:
    """All leads of the emulated amoCRM."""
    answer = requests.get(f"{sandbox.amocrm.url}/_sandbox/dump", timeout=10)
    answer.raise_for_status()
    found = answer.json()
    leads: list[dict[str, Any]] = found["leads"] if isinstance(found, dict) else found
    return leads


def differences(leads: list[dict[str, Any]]) -> Iterator[str]:
    """What is not as the scenes should have left it; leads that a visitor made by hand do not count."""
    for who, phone, texts, calls in (
        ("Мария", "79160001122", ("Позвонить клиенту",), 0),
        ("Пётр Кузнецов", "79160007788", ("Ответить на письмо «Ремонт крыши»",), 1),
        ("", "79160003344", ("Перезвонить",), 1),
        ("Сергей", "", ("Ответить в чате: Здравствуйте!",), 0),
    ):
        own = [lead for lead in leads if (phone in _digits(lead) if phone else who in _names(lead))]
        if len(own) != 1:
            yield f"{who}: {len(own)} leads instead of one"
            continue
        yield from _lead_differences(who, own[0], texts, calls)


def _lead_differences(who: str, lead: Mapping[str, Any], texts: tuple[str, ...], calls: int) -> Iterator[str]:
    if who and lead["contacts"][0]["name"] != who:
        yield f"{who}: the contact is called {lead['contacts'][0]['name']}"
    if lead["responsible_email"] not in ("anna@krovlya.ru", "ivan@krovlya.ru"):
        yield f"{who}: responsible is {lead['responsible']}"
    tasks = tuple(task["text"] for task in lead["tasks"])
    if tasks != texts:
        yield f"{who}: the tasks are {tasks}, not {texts}"
    if len(lead["calls"]) != calls:
        yield f"{who}: {len(lead['calls'])} calls instead of {calls}"
    if not lead["notes"] and texts[0] not in SPOKEN:
        yield f"{who}: what was written is not in the card"


def _names(lead: Mapping[str, Any]) -> set[str]:
    return {contact["name"] for contact in lead["contacts"]}


def _digits(lead: Mapping[str, Any]) -> set[str]:
    phones = (phone for contact in lead["contacts"] for phone in contact["phones"])
    return {"".join(c for c in phone if c.isdigit()) for phone in phones}
