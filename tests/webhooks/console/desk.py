"""The console over real HTTP, on a journal of its own, and somebody who is signed in."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import requests
from argon2 import PasswordHasher

from provodka.errors import Problem
from provodka.event import utc_now
from provodka.journal import Journal
from support.saving import Saved, Unfit
from support.trial import Outcome, Tell, Trial
from webhooks.app import create_app
from webhooks.console.parts import Parts
from webhooks.console.settings import ConsoleSettings, Role
from webhooks.receive import Door
from webhooks.server import WebServer

PASSWORD = "верный пароль"
HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)  # a weak one, that costs no time


@dataclass
class Desk:
    """Serves the console of `parts` as `provodka run` does. `users` have their role as their name. Unless `more` brings
    those of a house, no config can be tried here and no test made."""

    journal: Journal
    more: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        users = {role.value: {"password": HASH, "role": role.value} for role in Role}
        given: dict[str, Any] = {
            "journal": self.journal,
            "settings": ConsoleSettings.model_validate({"users": users}),
            "client": "Кровля Плюс",
            "zone": ZoneInfo("Europe/Moscow"),
            "now": utc_now,
            "evaluate": lambda stored: None,
            "try_config": _no_config,
            "save_test": lambda stored: Saved(unfit=Unfit.NOT_PLANNED),
        }
        self.parts = Parts(**{**given, **self.more})
        door = cast("Door", SimpleNamespace(receivers={}, now=utc_now, body_limit=2**20, metrics=None))
        self.app = create_app(door, self.journal, console=lambda: self.parts)
        self.server = WebServer(self.app, "127.0.0.1", 0, 4)
        self.server.start()
        self.url = f"http://127.0.0.1:{self.server.port}/console"

    def close(self) -> None:
        self.server.stop()

    def sign_in(self, role: Role = Role.VIEW, password: str = PASSWORD) -> Visitor:
        """A browser's session of somebody with this role."""
        visitor = Visitor(self.url)
        visitor.answer = visitor.post("/sign-in", login=role.value, password=password)
        return visitor


class Visitor:
    """Keeps cookies and sends forms with the token of the page that they stand on."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.answer = requests.Response()

    def get(self, path: str, **params: str) -> requests.Response:
        return self.session.get(f"{self.url}{path}", params=params, timeout=30)

    def until(self, ready: Callable[[str], bool], path: str, **params: str) -> str:
        """The page, looked at again until it shows what is counted or made beside it, however busy the machine is."""
        end = time.monotonic() + 30
        while not ready(text := self.get(path, **params).text):
            assert time.monotonic() < end, text
            time.sleep(0.02)
        return text

    def post(self, path: str, page: str | None = None, forwarded: str = "", **fields: str) -> requests.Response:
        """As the form on `page` (the same path by default) would send it, through a proxy that adds `forwarded`."""
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.get(page or path).text)
        headers = {"X-Forwarded-For": forwarded} if forwarded else {}
        fields["csrf_token"] = token[1] if token else ""
        return self.session.post(f"{self.url}{path}", data=fields, headers=headers, timeout=30)


def _no_config(_: Trial, _tell: Tell) -> Outcome:
    return Outcome((Problem("config.yaml", 1, 1, "", "this console has no config to try another beside"),))


def sign_in(page: Any, name: str) -> None:
    """In a browser that stands before the door."""
    page.get_by_label("Имя").fill(name)
    page.get_by_label("Пароль").fill(PASSWORD)
    page.keyboard.press("Enter")


def on(folder: Path, now: Callable[[], datetime] = utc_now) -> Journal:
    """A new journal."""
    return Journal(f"sqlite:///{folder / 'journal.sqlite'}", now)
