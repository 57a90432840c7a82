"""Calls of any telephony: a field map, words and clocks of all sorts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.anycalls.channel import receiver
from connectors.anycalls.settings import AnyCallsSettings
from provodka.channel import Delivery, Part, Received, RefusedError
from provodka.payloads import Call, CallEvent, Direction, EventType
from tests.contract.case import ASCII, NOW, around, nothing

MAP = {
    "call": "call.id",
    "direction": "call.type",
    "caller": "call.from",
    "callee": "call.to",
    "employee": ["call.user", "call.sip"],
    "started": "started",
    "talk": "talk",
    "outcome": "result",
    "recording": "record",
    "event": "state",
}


def settings(**more: Any) -> AnyCallsSettings:
    return AnyCallsSettings.model_validate({"secret": ASCII, "map": MAP, **more})


def received(body: dict[str, Any], parts: Any = nothing, sender: str = "", **more: Any) -> Received:
    delivery = Delivery("POST", ASCII, {}, {}, json.dumps(body).encode(), NOW, sender)
    return receiver("mobile", settings(**more), around()).receive(delivery, parts)


def call_of(received: Received) -> Call:
    (event,) = received.events
    assert isinstance(event.payload, CallEvent)
    return event.payload.call


def body(kind: str = "outgoing", talk: int = 90, **more: Any) -> dict[str, Any]:
    return {"call": {"id": "m-1", "type": kind, "from": "79031112233", "to": "79160001122"}, "talk": talk, **more}


def test_a_call_from_an_employees_mobile_is_an_outgoing_talk_with_the_client() -> None:
    sent = body()
    sent["call"]["user"] = "79031112233"
    call = call_of(received(sent))
    assert (call.direction, call.phone, call.line) == (Direction.OUT, "+79160001122", "+79031112233")
    assert (call.extension, call.talk_seconds, call.outcome) == ("79031112233", 90, "talked")


@pytest.mark.parametrize(
    ("kind", "talk", "expected"),
    [
        ("incoming", 30, EventType.CALL_FINISHED),
        ("Входящий", 0, EventType.CALL_MISSED),
        ("outgoing", 0, EventType.CALL_FINISHED),
    ],
)
def test_direction_and_length_decide_what_it_is(kind: str, talk: int, expected: EventType) -> None:
    (event,) = received(body(kind, talk)).events
    assert event.type is expected


def test_a_talk_among_employees_gives_no_event() -> None:
    assert received(body("internal")).events == ()


def test_the_sender_may_have_words_of_its_own() -> None:
    words = {
        "directions": {"с мобильного": "out"},
        "outcomes": {"голосовая почта": "missed"},
        "events": {"hangup": "ended", "new": "started", "file": "recorded"},
    }
    assert call_of(received(body("С мобильного", state="hangup"), words=words)).direction is Direction.OUT
    missed = body("incoming", 0, state="hangup", result="Голосовая почта")
    assert received(missed, words=words).events[0].type is EventType.CALL_MISSED
    late = received(body("incoming", state="file", record="https://example.com/1.mp3"), words=words)
    assert late.events[0].type is EventType.CALL_RECORDED
    unknown = received(body("incoming", state="music-on-hold"), words=words)
    assert (unknown.events, len(unknown.parts)) == ((), 1)


def test_a_direction_that_is_nowhere_told_is_the_one_of_the_settings() -> None:
    sent = {"call": {"id": "1", "from": "79031112233", "to": "79160001122"}, "talk": 5}
    assert call_of(received(sent)).phone == "+79031112233"
    assert call_of(received(sent, words={"direction": "out"})).phone == "+79160001122"


def test_notices_of_one_call_are_joined_in_any_order() -> None:
    begun = received({"call": {"id": "m-1", "type": "incoming", "from": "79160001122", "sip": "101"}, "state": "x"})
    kept: list[Part] = list(begun.parts)
    ended = received({"call": {"id": "m-1"}, "talk": 40}, lambda key: [one for one in kept if one.key == key])
    call = call_of(ended)
    assert (call.phone, call.extension, call.talk_seconds) == ("+79160001122", "101", 40)


def test_a_form_and_a_query_are_read_as_json_is() -> None:
    flat = {"secret": ASCII, "map": {"call": "id", "phone": "num", "talk": "sec"}}
    channel = receiver("mobile", AnyCallsSettings.model_validate(flat), around())
    form = Delivery("POST", "", {}, {"token": ASCII}, b"id=7&num=89160001122&sec=12", NOW)
    query = Delivery("GET", "", {}, {"token": ASCII, "id": "7", "num": "8 (916) 000-11-22", "sec": "12"}, b"", NOW)
    events = [channel.receive(one, nothing).events[0] for one in (form, query)]
    assert events[0].payload == events[1].payload


def test_addresses_that_are_not_the_senders_are_refused() -> None:
    with pytest.raises(RefusedError, match="comes from 203"):
        received(body(), sender="203.0.113.7", senders=["10.0.0.0/8"])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"map": {"call": "id"}}, "nobody could be known"),
        ({"map": {"phone": "num"}, "words": {"events": {"a": "ended"}}}, "means nothing without map.event"),
        ({"map": {"fone": "num"}}, "Extra inputs"),
    ],
)
def test_settings_that_cannot_work_are_mistakes(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        AnyCallsSettings.model_validate({"secret": ASCII, "map": MAP, **wrong})
