"""Every example body of the services, posted over HTTP to a running product: the reply that its sender expects, and the
event that it is.

The bodies lie in a folder with an `INDEX.json` (method, headers, secrets, expected reply), beside the project or where
`PROVODKA_BODIES` says: they are no part of the project, so that without them this says so and tests nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from cli.config import read
from cli.house import House
from provodka.event import Event
from provodka.journal import queries
from tests.cli.ports import free_port
from tests.docs.markdown import ROOT

HERE = Path(__file__).with_name("bodies")
FOLDER = Path(os.environ.get("PROVODKA_BODIES", ROOT.parent / "shared/reference/channels"))
INDEX = FOLDER / "INDEX.json"
EXPECTED: dict[str, list[dict[str, Any]]] = yaml.safe_load((HERE / "expected.yaml").read_text("utf-8"))
CHANNELS: dict[str, str] = {
    "meta-leadgen": "meta",
    "instagram": "meta",
    "green-api": "greenapi",
    "google-forms": "google_sheets",
    **dict.fromkeys(("elementor", "cf7", "generic"), "form"),
}
"""Ours by theirs, where the two are called differently."""

SHOPS = {"robokassa-result-sha256.txt": "robokassa-sha256"}
"""Channels beside the first of their sort, where settings differ by body."""

URL_SECRET = "url-secret"  # where the sender has no signature

pytestmark = pytest.mark.skipif(not INDEX.exists(), reason="the example bodies are not here: PROVODKA_BODIES")


def entries() -> list[dict[str, Any]]:
    if not INDEX.exists():
        return []
    known = {settings["type"] for settings in config()["channels"].values()}
    found: list[dict[str, Any]] = json.loads(INDEX.read_text("utf-8"))["entries"]
    return [one for one in found if one["kind"] == "in" and CHANNELS.get(one["channel"], one["channel"]) in known]


def of_entry(entry: Mapping[str, Any]) -> str:
    """The channel of the config that an entry is for."""
    return SHOPS.get(entry["file"]) or CHANNELS.get(entry["channel"], entry["channel"])


def config() -> dict[str, Any]:
    written: dict[str, Any] = yaml.safe_load((HERE / "config.yaml").read_text("utf-8"))
    return written


@dataclass
class Product:
    """The running product, and what its journal holds."""

    house: House
    url: str

    def post(self, entry: Mapping[str, Any]) -> requests.Response:
        body = (FOLDER / entry["file"]).read_bytes()
        channel = of_entry(entry)
        path = entry.get("path") or ""
        tail = f"/{URL_SECRET}" if path.startswith("/hook/") or channel in URL_ALONE else path
        with requests.Session() as session:
            session.trust_env = False
            where = f"{self.url}/hooks/{channel}{tail}"
            if entry["method"] == "GET":
                return session.get(f"{where}?{body.decode()}", timeout=30)
            return session.post(where, body, headers=entry.get("headers") or {}, timeout=30)

    def events(self, after: int) -> list[tuple[int, Event]]:
        lines = self.house.journal.read(lambda c: queries.list_events(c, after_seq=after, limit=50))
        found = [(line.event.seq, line.event.event) for line in lines]
        return sorted(found, key=lambda one: one[0])


URL_ALONE = frozenset({"beeline"})  # without a signature, though the index does not say where the secret is


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("bodies")
    port = free_port()
    written = config() | {
        "server": {"port": port, "public_url": f"http://127.0.0.1:{port}"},
        "journal": {"url": f"sqlite:///{folder / 'journal.sqlite'}"},
    }
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(written, allow_unicode=True), "utf-8")
    house = House(read(path))
    web = house.web()
    web.start()
    yield Product(house, f"http://127.0.0.1:{port}")
    web.stop()
    house.close()


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: str(entry["file"]))
def test_a_body_of_the_index_gets_its_reply_and_is_its_event_once(product: Product, entry: dict[str, Any]) -> None:
    newest = product.house.journal.read(lambda c: queries.list_events(c, limit=1))
    before = newest[0].event.seq if newest else 0
    answer = product.post(entry)
    reply = entry["reply"]
    assert answer.status_code == (403 if reply["status"] in (401, 403) else reply["status"])
    if "text" in reply:
        assert answer.text == reply["text"]
    if "body" in reply and entry["file"] not in UNKNOWN_HERE:
        assert answer.json() == reply["body"]
    if entry["file"] in UNKNOWN_HERE:
        assert answer.json() == UNKNOWN_HERE[entry["file"]] if answer.content else UNKNOWN_HERE[entry["file"]] is None
    came = product.events(before) if before else product.events(0)
    expected = EXPECTED.get(entry["file"], [])
    assert [event.type.value for _, event in came] == [one["type"] for one in expected]
    for (_, event), says in zip(came, expected, strict=True):
        told = {path: _at(event, path) for path in says if path != "type"}
        assert told == {path: _plain(value) for path, value in says.items() if path != "type"}
    last = came[-1][0] if came else before
    assert product.post(entry).status_code == answer.status_code
    assert [seq for seq, _ in product.events(last or before)] == []


UNKNOWN_HERE: dict[str, Any] = {"megafon-contact.txt": {}, "zadarma-notify-start.txt": None}
"""What is answered where nobody is known, as here."""


def _at(event: Event, path: str) -> Any:
    value: Any = event
    for name in path.split("."):
        value = getattr(value, name)
    return _plain(value)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple | list) else str(value) if isinstance(value, str | Decimal) else value
