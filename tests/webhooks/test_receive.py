"""The hooks over real HTTP, on a real journal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from provodka.errors import JournalUnavailableError
from provodka.event import Event
from provodka.journal import Journal, imports
from provodka.journal.imports import ImportJob, ImportState
from provodka.payloads import EventType, Unreadable
from tests.webhooks.site import Site
from webhooks.app import create_app
from webhooks.metrics import Metrics
from webhooks.receive import Door
from webhooks.server import WebServer


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(f"sqlite:///{tmp_path}/journal.sqlite")
    yield journal
    journal.close()


@pytest.fixture
def address(journal: Journal) -> Iterator[str]:
    door = Door({"site": Site()}, journal, lambda: datetime.now(UTC), 1000, Metrics())
    server = WebServer(create_app(door, journal), "127.0.0.1", 0, 4)
    server.start()
    yield f"http://127.0.0.1:{server.port}"
    server.stop()


def stored(journal: Journal) -> list[Event]:
    return [s.event for s in journal.claim_events(100)]


def test_a_delivery_is_on_disk_when_it_is_answered(address: str, journal: Journal) -> None:
    answer = requests.post(f"{address}/hooks/site/a/b", data=b"one", timeout=30)
    assert (answer.status_code, answer.text) == (200, "ok a/b")
    assert [e.external_id for e in stored(journal)] == ["one"]


def test_a_double_gets_the_same_reply_and_is_stored_once(address: str, journal: Journal) -> None:
    answers = [requests.post(f"{address}/hooks/site", data=b"one", timeout=30) for _ in range(2)]
    assert [(a.status_code, a.text) for a in answers] == [(200, "ok ")] * 2
    assert len(stored(journal)) == 1


def test_a_wrong_signature_gets_403_and_leaves_nothing(address: str, journal: Journal) -> None:
    assert requests.post(f"{address}/hooks/site", data=b"forged", timeout=30).status_code == 403
    assert stored(journal) == []


@pytest.mark.parametrize("body", [b"garbage", b"bug"])
def test_a_body_that_cannot_be_parsed_is_kept_for_support(address: str, journal: Journal, body: bytes) -> None:
    assert requests.post(f"{address}/hooks/site", data=body, timeout=30).status_code == 200
    (event,) = stored(journal)
    assert (event.type, event.raw) == (EventType.UNREADABLE, body)
    assert isinstance(event.payload, Unreadable)
    assert event.payload.why


def test_a_body_over_the_limit_gets_413(address: str, journal: Journal) -> None:
    assert requests.post(f"{address}/hooks/site", data=b"x" * 1001, timeout=30).status_code == 413
    chunks = iter([b"x" * 600, b"x" * 600])
    assert requests.post(f"{address}/hooks/site", data=chunks, timeout=30).status_code == 413
    assert stored(journal) == []


def test_an_unknown_channel_gets_404(address: str) -> None:
    assert requests.post(f"{address}/hooks/other", data=b"x", timeout=30).status_code == 404


def test_when_nothing_can_be_stored_the_sender_is_asked_to_come_again(
    address: str, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object, **_kwargs: object) -> None:
        raise JournalUnavailableError("database or disk is full")

    monkeypatch.setattr(journal, "accept", full)
    answer = requests.post(f"{address}/hooks/site", data=b"one", timeout=30)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0


def test_health_readiness_and_metrics_are_told(address: str, journal: Journal) -> None:
    requests.post(f"{address}/hooks/site", data=b"one", timeout=30)
    requests.post(f"{address}/hooks/site", data=b"forged", timeout=30)
    journal.trouble("crm", "401", "Выпустите новый токен")
    job = ImportJob("01a22a2ccf35cded", "list", "База.csv", "", "{}", 1, ImportState.STOPPED, journal.now())
    journal.write(lambda c: imports.add(c, job))
    assert requests.get(f"{address}/healthz", timeout=30).json() == {"status": "ok"}
    assert requests.get(f"{address}/readyz", timeout=30).json() == {"status": "ok", "troubles": ["crm"]}
    text = requests.get(f"{address}/metrics", timeout=30).text
    assert 'provodka_deliveries_total{channel="site",outcome="accepted"} 1.0' in text
    assert 'provodka_deliveries_total{channel="site",outcome="refused"} 1.0' in text
    assert 'provodka_events{state="received"} 1.0' in text
    assert "provodka_troubles 1.0" in text
    assert 'provodka_imports{state="stopped"} 1.0' in text


def test_what_cannot_be_read_of_a_get_is_kept_and_answered_in_the_senders_own_words(
    address: str, journal: Journal
) -> None:
    for number in ("1", "2"):
        asked = {"event": "0", "call": number, "token": "top-secret"}
        answer = requests.get(f"{address}/hooks/site", params=asked, timeout=30)
        assert (answer.status_code, answer.json()) == (200, {"success": True})
        assert answer.headers["Content-Type"] == "application/json"
    kept = stored(journal)
    assert [event.type for event in kept] == [EventType.UNREADABLE] * 2
    assert [event.raw for event in kept] == [b"event=0&call=1", b"event=0&call=2"]


def test_a_receiver_learns_the_address_that_the_proxy_on_this_machine_tells(address: str) -> None:
    told = {"X-Forwarded-For": "198.51.100.1, 203.0.113.7"}
    answers = [requests.post(f"{address}/hooks/site", b"who", headers=told, timeout=30) for told in ({}, told)]
    assert [answer.text for answer in answers] == ["127.0.0.1", "203.0.113.7"]
