"""The house of a config: what it lets go of at its end, and what it keeps to itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
import requests

from cli.config import read
from cli.house import House
from connectors.kinds import Kind
from provodka.journal import queries
from provodka.payloads import EventType
from tests.cli.ports import free_port

CONFIG = """\
client: Кровля
server: {{port: {port}}}
journal: {{url: "sqlite:///journal.sqlite"}}
channels:
  vk: {{type: vk, secret: vk-example-secret, confirmation: 0fexample, token: t, group: 190000001}}
  phone: {{type: zadarma, key: key-of-ours, secret: secret-of-theirs}}
"""


class Opened:
    """A part that counts how often it is closed."""

    medium = ""
    closed: ClassVar[Counter[str]] = Counter()

    def __init__(self, name: str) -> None:
        self.name = name

    def close(self) -> None:
        self.closed[self.name] += 1
        if self.name == "messenger of phone":
            raise OSError("the connection is gone already")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.format(port=free_port()), "utf-8")
    opened = House(read(path, {}))
    yield opened
    opened.close()


def test_every_part_is_closed_once_though_one_of_them_fails(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Opened, "closed", Counter())
    both = Opened("dialler and recordings of phone")

    def opened(self: Kind, part: str, name: str, *_: Any) -> Any:
        if name == "phone" and part in ("dialler", "recordings"):
            return both
        return Opened(f"{part} of {name}") if self.has(part, house.config.channels[name]) else None

    monkeypatch.setattr(Kind, "open", opened)
    for _ in range(2):
        assert house.watchers
        assert house.correspondents
        assert house.diallers
        assert house.recordings
        assert house.subscribers
    with pytest.raises(OSError, match="gone already"):
        house.close()
    alone = [f"{part} of {name}" for name in ("vk", "phone") for part in ("watcher", "messenger", "subscriber")]
    assert Opened.closed == dict.fromkeys([*alone, both.name], 1)


def test_what_cannot_be_read_is_kept_without_the_secrets_of_the_config(house: House) -> None:
    web = house.web()
    web.start()
    try:
        notice = {"type": "message_new", "group_id": 190000001, "secret": "vk-example-secret"}
        answer = requests.post(f"http://127.0.0.1:{web.port}/hooks/vk", json=notice, timeout=30)
    finally:
        web.stop()
    assert (answer.status_code, answer.text) == (200, "ok")
    [line] = house.journal.read(lambda c: queries.list_events(c, limit=2))
    assert line.event.event.type is EventType.UNREADABLE
    assert b'"secret": "***"' in line.event.event.raw
