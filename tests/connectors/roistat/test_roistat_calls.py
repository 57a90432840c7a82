"""Roistat: what a body of the reference says, whole and beside an exchange."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from connectors.roistat.channel import receiver
from connectors.roistat.settings import RoistatSettings
from provodka.channel import Delivery, Received, UnreadableError
from provodka.payloads import CallEvent, Direction, EventType
from tests.contract.case import ASCII, NOW, around, nothing

REFERENCE = (
    '{"id":"770001","caller":"79160001122","callee":"74950003344","date":"2025-12-01 11:00:00","visit_id":"100500",'
    '"marker":"direct1","order_id":null,"duration":123,"status":"ANSWER","link":"https://example.com/r/770001.mp3",'
    '"landing_page":"https://example.ru/?utm_source=yandex&utm_medium=cpc","domain":"example.ru","city":"Москва",'
    '"country":"Россия","ip":"203.0.113.7","first_visit":"1","referrer":"https://ya.ru/","utm_source":"yandex",'
    '"utm_medium":"cpc","utm_campaign":"brand","utm_term":"купить окна","utm_content":"b1",'
    '"google_client_id":"555.777","roistat_param_1":"","source_level_1":"direct1"}'
).encode()


def received(body: bytes, **settings: object) -> Received:
    channel = receiver("roistat", RoistatSettings.model_validate({"secret": ASCII, **settings}), around())
    return channel.receive(Delivery("POST", ASCII, {}, {}, body, NOW), nothing)


def test_the_body_of_the_reference_is_a_talk_with_its_recording_and_its_advert() -> None:
    (event,) = received(REFERENCE).events
    assert isinstance(event.payload, CallEvent)
    call, utm = event.payload.call, event.payload.utm
    assert event.type is EventType.CALL_FINISHED
    assert (call.direction, call.phone, call.line) == (Direction.IN, "+79160001122", "+74950003344")
    assert (call.talk_seconds, call.recording, call.tags) == (123, "https://example.com/r/770001.mp3", ("direct1",))
    assert call.started_at == datetime(2025, 12, 1, 8, 0, tzinfo=UTC)
    assert (utm.source, utm.medium, utm.campaign, utm.term, utm.content) == (
        "yandex",
        "cpc",
        "brand",
        "купить окна",
        "b1",
    )
    assert utm.clicks == {"roistat_visit": "100500"}


def test_beside_an_exchange_the_same_body_tells_only_where_the_call_came_from() -> None:
    (event,) = received(REFERENCE, beside=["phone"]).events
    assert isinstance(event.payload, CallEvent)
    assert event.type is EventType.CALL_TRACKED
    assert event.payload.utm.source == "yandex"
    assert (event.payload.call.line, event.payload.call.line_name) == ("", "+74950003344")


def test_where_both_see_the_same_number_it_is_compared() -> None:
    (event,) = received(REFERENCE, beside="phone", same_line=True).events
    assert isinstance(event.payload, CallEvent)
    assert event.payload.call.line == "+74950003344"


def test_a_visit_without_marks_has_the_marker_for_its_source() -> None:
    fields = {name: value for name, value in json.loads(REFERENCE).items() if not name.startswith("utm_")}
    (event,) = received(json.dumps({**fields, "landing_page": ""}).encode()).events
    assert isinstance(event.payload, CallEvent)
    assert (event.payload.utm.source, event.payload.utm.clicks) == ("direct1", {"roistat_visit": "100500"})


def test_a_call_of_nobody_known_beside_an_exchange_is_no_news() -> None:
    body = json.dumps({"id": "1", "caller": "79160001122", "date": "2025-12-01 11:00:00"}).encode()
    assert received(body, beside="phone").events == ()


def test_the_beginning_of_a_call_starts_it_and_a_missed_one_is_missed() -> None:
    fields = json.loads(REFERENCE)
    begun = {name: value for name, value in fields.items() if name not in ("duration", "status", "link")}
    assert [one.type for one in received(json.dumps(begun).encode()).events] == [EventType.CALL_STARTED]
    missed = json.dumps({**fields, "duration": 0, "status": "NOANSWER", "link": None}).encode()
    assert [one.type for one in received(missed).events] == [EventType.CALL_MISSED]


def test_a_body_about_nobody_is_unreadable() -> None:
    with pytest.raises(UnreadableError, match="caller"):
        received(b'{"event":"ping"}')


def test_a_hidden_caller_is_a_call_without_a_phone() -> None:
    (event,) = received(REFERENCE.replace(b"79160001122", b"anonymous")).events
    assert event.person.phones == ()
    assert replace(event).payload.call.id == "770001"  # type: ignore[union-attr]
