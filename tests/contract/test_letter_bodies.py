"""Every example letter of the index beside the project is read to the event that it is; see test_channel_bodies.py."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.imap.parse import parse_letter
from connectors.imap.settings import ImapSettings
from provodka.event import Event
from tests.contract.test_channel_bodies import FOLDER, INDEX

EXPECTED: dict[str, dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("bodies").joinpath("letters.yaml").read_text("utf-8")
)
SETTINGS = ImapSettings(host="localhost", user="sales@example.ru", password="x", own_addresses=("example.ru",))
NOW = datetime(2025, 12, 1, 12, 0, tzinfo=UTC)

pytestmark = pytest.mark.skipif(not INDEX.exists(), reason="the example letters are not here: PROVODKA_BODIES")


def entries() -> list[dict[str, Any]]:
    if not INDEX.exists():
        return []
    return [one for one in json.loads(INDEX.read_text("utf-8"))["entries"] if one["kind"] == "mail"]


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: str(entry["file"]))
def test_a_letter_of_the_index_is_its_event_and_the_same_one_when_it_comes_again(entry: dict[str, Any]) -> None:
    event, again = (_read(entry["file"]) for _ in range(2))
    assert event.external_id == entry.get("idempotency_key", again.external_id) == again.external_id
    expected = EXPECTED[entry["file"]]
    told = {path: _at(event, path) for path in expected}
    assert told == expected


def _read(file: str) -> Event:
    raw = (FOLDER / file).read_bytes()
    event, _ = parse_letter(raw, channel="mail", folder="INBOX", received_at=NOW, internal_date=NOW, settings=SETTINGS)
    return event


def _at(event: Event, path: str) -> Any:
    if path == "files":
        return [file.name for file in event.payload.message.attachments]  # type: ignore[union-attr]
    value: Any = reduce(getattr, path.split("."), event)
    return list(value) if isinstance(value, tuple) else str(value)
