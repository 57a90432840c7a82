"""MANGO OFFICE on the page: calls to be sent, and its keeper of recordings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import ClassVar

from flask import Flask

from sandbox.senders.mango import MangoSender
from sandbox.senders.recordings import Recordings
from sandbox.senders.service import Answers, Client, Service, utc_now

LINE = "74950003344"


class Mango(Service):
    """A virtual exchange; its key and salt are `sandbox`."""

    name: ClassVar[str] = "mango"
    title: ClassVar[str] = "MANGO OFFICE"
    buttons: ClassVar[Mapping[str, str]] = {"call": "Входящий звонок", "missed": "Пропущенный звонок"}
    fields: ClassVar[Mapping[str, str]] = {
        "url": "Адрес приёмника",
        "key": "Ключ",
        "salt": "Соль",
        "extension": "Добавочный сотрудника",
    }
    defaults: ClassVar[Mapping[str, str]] = {
        "url": "http://127.0.0.1:8080/hooks/phone",
        "key": "sandbox",
        "salt": "sandbox",
        "extension": "101",
    }
    prefix: ClassVar[str] = "/vpbx"

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        super().__init__(now)
        self.recordings = Recordings(now)

    def call(self, client: Client, given: Mapping[str, str]) -> Answers:
        """A talk of two minutes, with its recording."""
        return _sender(given).call(client.digits, LINE, given["extension"] or None, started=self.now())

    def missed(self, client: Client, given: Mapping[str, str]) -> Answers:
        """Nobody answers."""
        rang = (given["extension"],) if given["extension"] else ()
        return _sender(given).missed(client.digits, LINE, rang, started=self.now())

    def mount(self, app: Flask) -> None:
        self.recordings.mount(app)

    def reset(self) -> None:
        self.recordings.clear()


def _sender(given: Mapping[str, str]) -> MangoSender:
    return MangoSender(given["url"], given["key"], given["salt"])
