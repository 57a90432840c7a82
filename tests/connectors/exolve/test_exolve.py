"""MTS Exolve: what goes out, and the calls of its history."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.exolve.channel import dialler, messenger, watcher
from connectors.exolve.settings import ExolveSettings
from provodka.calls import CallOrder
from provodka.channel import Around
from provodka.errors import ConnectorError, Rejected
from provodka.event import Event, utc_now
from provodka.journal import Journal, queries
from provodka.messages import ClientMessage
from provodka.operation import Done, Outcome, Request
from provodka.payloads import CallEvent, EventType
from sandbox.senders.exolve import Exolve
from sandbox.senders.station import Station
from tests.connectors.memory_store import MemoryStore
from tests.contract.case import MOSCOW

REFERENCE = '{"number":"79990001122","destination":"79160001122","text":"Ваш заказ готов"}'


@pytest.fixture(scope="module")
def station() -> Iterator[Station]:
    with Station(Exolve()) as opened:
        yield opened


@pytest.fixture
def service(station: Station) -> Exolve:
    (one,) = station.services
    assert isinstance(one, Exolve)
    one.reset()
    return one


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(f"sqlite:///{tmp_path}/journal.sqlite")
    yield made
    made.close()


def settings(station: Station, **more: Any) -> ExolveSettings:
    written = {"key": "sandbox", "number": "79990001122", "api_url": f"{station.url}/exolve", **more}
    return ExolveSettings.model_validate(written)


def around() -> Around:
    return Around(MemoryStore(), MOSCOW)


def written(station: Station, message: ClientMessage, **more: Any) -> Outcome:
    (outcome,) = messenger("sms", settings(station, **more), around()).write([Request("k", message)])
    return outcome


def test_an_sms_is_the_body_of_the_reference_and_has_an_id_beyond_53_bits(station: Station, service: Exolve) -> None:
    outcome = written(station, ClientMessage("8 (916) 000-11-22", "Ваш заказ готов"))
    assert isinstance(outcome, Done)
    assert int(outcome.remote_id) > 2**53
    assert service.messages == [json.loads(REFERENCE)]


@pytest.mark.parametrize(
    ("message", "more", "words"),
    [
        (ClientMessage("maria@example.ru", "x"), {}, "нет номера"),
        (ClientMessage("+79160001122", "x" * 1001), {}, "длиннее"),
        (ClientMessage("+79160001122", "x"), {"number": "78001112233"}, "8-800"),
    ],
    ids=["no phone", "too long", "a number that cannot send"],
)
def test_what_cannot_be_sent_is_refused_with_its_cure(
    station: Station, service: Exolve, message: ClientMessage, more: dict[str, Any], words: str
) -> None:
    outcome = written(station, message, **more)
    assert isinstance(outcome, Rejected)
    assert words in outcome.hint
    assert service.messages == []


def test_an_employee_is_rung_by_whichever_of_their_numbers_is_one(station: Station, service: Exolve) -> None:
    made = dialler("sms", settings(station, callback_id=7), around())
    order = CallOrder("+79160001122", "101", others=("+79031112233",))
    (outcome,) = made.dial([Request("k:1", order)])
    assert isinstance(outcome, Done)
    (asked,) = service.calls
    assert [asked[f"line_{n}"]["destinations"][0]["number"] for n in (1, 2)] == ["79031112233", "79160001122"]


@pytest.mark.parametrize(
    ("more", "order", "words"),
    [
        ({}, CallOrder("+79160001122", "79031112233"), "callback_id"),
        ({"callback_id": 7}, CallOrder("+79160001122", "101"), "extension"),
    ],
)
def test_what_cannot_be_dialled_is_refused_with_its_cure(
    station: Station, service: Exolve, more: dict[str, Any], order: CallOrder, words: str
) -> None:
    (outcome,) = dialler("sms", settings(station, **more), around()).dial([Request("k", order)])
    assert isinstance(outcome, Rejected)
    assert words in outcome.hint
    assert service.calls == []


# the history


def look(station: Station, journal: Journal, **more: Any) -> list[Event]:
    net = watcher("sms", settings(station, history=more), around())
    assert net is not None
    assert net._look is not None
    net._look(journal)
    net.close()
    return [line.event.event for line in reversed(journal.read(lambda c: queries.list_events(c, limit=500)))]


def began(journal: Journal, ago: timedelta) -> None:
    journal.accept([], cursors={"exolve:sms:history": (utc_now() - ago).isoformat()})


def test_the_history_is_read_from_the_first_start_on_and_each_call_once(
    station: Station, service: Exolve, journal: Journal
) -> None:
    service.add("79160001122", 90)
    assert look(station, journal) == [], "the past is left alone"
    began(journal, timedelta(minutes=5))
    service.add("79160001122", 0, ago=60)
    service.add("79160009999", 30, "outgoing", ago=50)
    for _ in range(2):
        events = look(station, journal)
    assert sorted(event.type for event in events) == [
        EventType.CALL_FINISHED,
        EventType.CALL_FINISHED,
        EventType.CALL_MISSED,
    ]
    calls = {event.payload.call.phone for event in events if isinstance(event.payload, CallEvent)}
    assert calls == {"+79160001122", "+79160009999"}


def test_a_long_history_is_read_by_pages(station: Station, service: Exolve, journal: Journal) -> None:
    began(journal, timedelta(minutes=5))
    for number in range(230):
        service.add(f"79160{number:06}", 10, ago=60)
    assert len(look(station, journal)) == 230


def test_fields_may_be_called_anything(station: Station, service: Exolve, journal: Journal) -> None:
    began(journal, timedelta(minutes=5))
    moment = (utc_now() - timedelta(seconds=60)).isoformat()
    service.history.append({"id": 5, "kto": "89160001122", "kogda": moment, "skolko": 12, "date_start": moment})
    (event,) = look(station, journal, map={"call": "id", "caller": "kto", "started": "kogda", "talk": "skolko"})
    assert isinstance(event.payload, CallEvent)
    assert (event.payload.call.phone, event.payload.call.talk_seconds) == ("+79160001122", 12)


def test_an_answer_that_is_otherwise_than_expected_is_named_with_its_cure(
    station: Station, service: Exolve, journal: Journal
) -> None:
    began(journal, timedelta(minutes=5))
    with pytest.raises(Rejected) as caught:
        look(station, journal, list="records")
    assert "history.list" in caught.value.hint
    service.history.append({"date_start": (utc_now() - timedelta(seconds=60)).isoformat()})
    with pytest.raises(ConnectorError) as caught_too:
        look(station, journal)
    assert "history.map" in caught_too.value.hint
    assert journal.cursor("exolve:sms:history"), "it is tried again from where it stood"


def test_without_history_in_the_settings_nothing_is_read(station: Station) -> None:
    assert watcher("sms", settings(station), around()) is None


def test_the_key_shows_nowhere(station: Station) -> None:
    made = messenger("sms", settings(station, key="very-secret"), around())
    assert made.check()
    assert "very-secret" not in repr(made) + repr(vars(made)) + " ".join(made.check())
