"""A page and those who fill it in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from connectors.pages.fields import STAMP
from connectors.pages.guard import Guard
from provodka.channel import Around, Delivery, Part
from tests.contract import case

NOW = datetime(2026, 3, 2, 9, 4, tzinfo=UTC)
KEY = b"the key of the journal"


def around(**more: Any) -> Around:
    return replace(case.around(), key=KEY, pages="https://we.example.ru/f", **more)


class Visitor:
    """Somebody with a browser: `opened` seconds ago they were given the page at `path`."""

    def __init__(self, channel: Any, path: str = "", sender: str = "93.184.216.34") -> None:
        self.channel, self.path, self.sender = channel, path, sender
        self.query: Mapping[str, str] = {}
        self.parts: list[Part] = []

    def delivery(self, body: bytes = b"", method: str = "GET", now: datetime = NOW, **headers: str) -> Delivery:
        return Delivery(method, self.path, headers, self.query, body, now, self.sender)

    def sees(self) -> str:
        return self.channel.show(self.delivery()).body.decode()

    def stamp(self, seconds: float = 60, now: datetime = NOW, path: str | None = None) -> str:
        guard = Guard(KEY, self.channel.name, timedelta(0), 1)
        return guard.stamp(self.path if path is None else path, now - timedelta(seconds=seconds))

    def posts(self, fields: Mapping[str, str | Sequence[str]], now: datetime = NOW, seconds: float = 60) -> Any:
        return self.sends(urlencode({STAMP: self.stamp(seconds, now), **fields}, doseq=True).encode(), now)

    def sends(self, body: bytes, now: datetime = NOW, **headers: str) -> Any:
        delivery = self.delivery(body, "POST", now, **headers)
        received = self.channel.receive(delivery, lambda key: [part for part in self.parts if part.key == key])
        self.parts += received.parts
        return received
