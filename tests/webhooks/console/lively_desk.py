"""The console of the lively month, served, with people of each role."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final
from unittest import mock

from cli.console import console_parts
from cli.house import House
from sandbox.openid import CLIENT_ID, SECRET, OpenId
from tests.webhooks.console.desk import HASH, Desk
from tests.webhooks.console.lively import Month
from tests.webhooks.console.lively_house import NOW
from webhooks.console.settings import ConsoleSettings, Role

LOGINS: Final = {Role.VIEW: "vera", Role.OPERATE: "oleg", Role.ADMINISTER: "marina"}


@contextmanager
def lively(folder: Path) -> Iterator[tuple[Month, Desk]]:
    """The console of that firm, with people of each role (`LOGINS`), also by a provider."""
    month = Month(folder)
    house = House(month.config)
    parts = console_parts(house)
    with OpenId(now=NOW.timestamp) as provider, mock.patch.dict(os.environ, month.environ):
        openid = {
            "issuer": provider.url,
            "client_id": CLIENT_ID,
            "client_secret": SECRET,
            "title": "Войти через «Кровлю Плюс»",
            "roles": {"operate": ["support"], "administer": ["ivan@krovlya.ru"]},
            "claim": "groups",
        }
        people = {"vera": "Вера Лунина", "oleg": "Олег Смирнов", "marina": "Марина Волкова"}
        users = {login: {"password": HASH, "role": role.value, "name": people[login]} for role, login in LOGINS.items()}
        settings = ConsoleSettings.model_validate({"users": users, "openid": openid})
        kept = ("zone", "channels", "lead_url", "contact_url", "crm", "rules", "try_config", "save_test",
                "tests_file", "team", "calendar", "distributions")  # fmt: skip
        given = {name: getattr(parts, name) for name in kept} | {"evaluate": month.planner.again}
        ends = {"долгосрочный токен amoCRM": NOW + timedelta(days=10, hours=3)}
        desk = Desk(month.journal, {**given, "now": month.clock, "settings": settings, "token_ends": ends})
        desk.parts = replace(desk.parts, public_url=desk.url.removesuffix("/console"))
        try:
            yield month, desk
        finally:
            desk.close()
            house.close()
            month.journal.close()
