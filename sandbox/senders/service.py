"""What a service outside is here: buttons that send what the real one sends, and its own API where we call it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

import requests
from flask import Flask

Answers = list[requests.Response]


@dataclass(frozen=True, slots=True)
class Client:
    """Who writes or calls."""

    name: str = "Мария"
    phone: str = "+7 (916) 000-11-22"
    email: str = "maria@example.ru"
    text: str = "Нужен замер в субботу"

    @property
    def digits(self) -> str:
        """The phone as exchanges write it: 79160001122."""
        return "".join(sign for sign in self.phone if sign.isdigit())


def utc_now() -> datetime:
    return datetime.now(UTC)


class Service:
    """One service. A subclass names itself and what the page shows; each button is a method of that name.

    `fields` are the settings of its buttons with their Russian labels; `defaults` what they are at first: `url` is the
    address of the receiver, the others are the published keys of the sandbox. `given` of a button holds them all.
    `prefix` is where its API is mounted, below the port of the senders (empty where it has none).
    """

    name: ClassVar[str]
    title: ClassVar[str]
    group: ClassVar[str] = "Телефония"  # Телефония, Мессенджеры, Формы, Почта, Оплаты
    buttons: ClassVar[Mapping[str, str]]
    fields: ClassVar[Mapping[str, str]] = {"url": "Адрес приёмника"}
    defaults: ClassVar[Mapping[str, str]] = {}
    prefix: ClassVar[str] = ""

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        self.now = now

    @property
    def own_page(self) -> str:
        """Where its own page is, below the port of the senders; empty where it has none."""
        return ""

    def press(self, button: str, client: Client, given: Mapping[str, str]) -> Answers:
        """What the button does: the receiver's answers, in the order of sending."""
        pressed: Callable[[Client, Mapping[str, str]], Answers] = getattr(self, button)
        return pressed(client, given)

    def point(self, given: Mapping[str, str]) -> None:
        """Told where the receiver at hand is, for what it sends by itself."""

    def mount(self, app: Flask) -> None:
        """Add the routes of its API, all of them below `prefix`."""

    def reset(self) -> None:
        """Forget everything; `stats` start anew."""

    def stats(self) -> dict[str, Any]:
        """What has been done here, for tests and the page: sent messages, ordered calls, …"""
        return {}


def as_json(body: object) -> bytes:
    """JSON as most services write it."""
    return json.dumps(body, ensure_ascii=False).encode()
