"""What UIS fills into our template becomes the call that it tells of, and what it leaves empty breaks nothing."""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as drawn
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.uis.channel import receiver
from connectors.uis.settings import UisSettings
from provodka.calls import Caller
from provodka.channel import Delivery, Received, RefusedError, UnreadableError
from provodka.payloads import CallEvent
from sandbox.senders.uis import TEMPLATE, filled
from tests.contract.case import NOW, around, nothing

GUIDE = Path(__file__).parents[3] / "docs/ru/channels/uis.md"
REFERENCE = (
    '{"secret":"uis-example-secret","mnemonic":"finished_call","name":"Завершение звонка",'
    '"time":"2025-12-01 11:02:17.310","call":4500000001,"phone":"79160001122","line":"74950003344","direction":"in",'
    '"employee":"Иванов Пётр","talk":123,"record":"https://example.com/talk/4500000001.mp3"}'
).encode()
EVERYTHING = {
    "notification_mnemonic": "finished_call",
    "notification_name": "Завершение звонка",
    "notification_time": "2025-12-01 11:02:17.310",
    "direction": "in",
    "contact_phone_number": "79160001122",
    "virtual_phone_number": "74950003344",
    "employee_full_name": "Иванов Пётр",
    "employee_id": 501,
    "start_time": "2025-12-01 11:00:00",
    "talk_time_duration": 123,
    "finish_reason": "operator_disconnects",
    "tag_names": ["Целевой", "Повторный, VIP"],
    "file_link": "https://example.com/talk/4500000001.mp3",
    "external_id": "e1:0:call",
    "utm_source": "yandex",
    "utm_campaign": "brand",
    "call_session_id": 4500000001,
}


def receive(body: bytes, *, callers: Any = None, query: dict[str, str] | None = None, **settings: Any) -> Received:
    given = UisSettings.model_validate({"secret": "uis-example-secret", **settings})
    channel = receiver("phone", given, around(callers=callers))
    return channel.receive(Delivery("POST", "uis-example-secret", {}, query or {}, body, NOW), nothing)


def event_of(received: Received) -> CallEvent:
    (event,) = received.events
    assert isinstance(event.payload, CallEvent)
    return event.payload


def test_the_body_of_the_reference_is_a_finished_call() -> None:
    settings = UisSettings.model_validate({"secret": "uis-example-secret"})
    channel = receiver("phone", settings, around())
    (event,) = channel.receive(Delivery("POST", "", {}, {}, REFERENCE, NOW), nothing).events
    assert (event.type.value, event.external_id) == ("call.finished", "call:4500000001")
    assert event.person.phones == ("+79160001122",)
    assert event.occurred_at.isoformat() == "2025-12-01T08:02:17.310000+00:00"
    assert isinstance(event.payload, CallEvent)
    call = event.payload.call
    assert (call.line, call.extension, call.talk_seconds) == ("+74950003344", "Иванов Пётр", 123)
    assert call.recording == "https://example.com/talk/4500000001.mp3"
    assert b"uis-example-secret" not in event.raw


def test_the_guide_shows_the_very_template_that_the_parser_reads() -> None:
    assert f"```text\n{TEMPLATE}```\n" in GUIDE.read_text("utf-8")


def test_every_place_of_the_template_comes_through() -> None:
    event = event_of(receive(filled(TEMPLATE, EVERYTHING)))
    call = event.call
    assert (call.id, call.phone, call.order) == ("4500000001", "+79160001122", "e1:0:call")
    assert (call.talk_seconds, call.reason) == (123, "operator_disconnects")
    assert call.tags == ("Целевой", "Повторный", "VIP")
    assert call.started_at is not None
    assert call.started_at.isoformat() == "2025-12-01T08:00:00+00:00"
    assert (event.utm.source, event.utm.campaign) == ("yandex", "brand")


def test_empty_places_of_the_template_leave_it_whole() -> None:
    few = {name: EVERYTHING[name] for name in ("notification_mnemonic", "call_session_id", "contact_phone_number")}
    body = filled(TEMPLATE, few)
    assert json.loads(body)["talk"] == []
    call = event_of(receive(body)).call
    assert (call.phone, call.talk_seconds, call.extension) == ("+79160001122", 0, "")


def test_a_template_without_brackets_whose_place_is_empty_is_kept_raw() -> None:
    with pytest.raises(UnreadableError, match="looks like JSON but is not"):
        receive(REFERENCE.replace(b'"talk":123', b'"talk":'))


def test_a_secret_in_a_broken_body_is_still_found_and_a_wrong_one_refused() -> None:
    channel = receiver("phone", UisSettings.model_validate({"secret": "uis-example-secret"}), around())
    broken = REFERENCE.replace(b'"talk":123', b'"talk":')
    with pytest.raises(UnreadableError):
        channel.receive(Delivery("POST", "", {}, {}, broken, NOW), nothing)
    wrong = broken.replace(b"uis-example-secret", b"another")
    for body in (wrong, b"\x1f\x8b damaged", b'{"secret": "\\u"}', b""):
        with pytest.raises(RefusedError):
            channel.receive(Delivery("POST", "", {}, {}, body, NOW), nothing)


@pytest.mark.parametrize(
    ("mnemonic", "more", "kind"),
    [
        ("lost_call", {}, "call.missed"),
        ("finished_call", {"talk_time_duration": 0}, "call.missed"),
        ("finished_call", {"talk_time_duration": 0, "direction": "out"}, "call.finished"),
        ("in_call_session", {}, "call.started"),
        ("record_call", {}, "call.recorded"),
    ],
)
def test_a_moment_makes_its_event(mnemonic: str, more: dict[str, Any], kind: str) -> None:
    received = receive(filled(TEMPLATE, {**EVERYTHING, "notification_mnemonic": mnemonic, **more}))
    assert [event.type.value for event in received.events] == [kind]


@pytest.mark.parametrize("mnemonic", ["out_call_session", "waiting_call", "talk_started", "talk_finished"])
def test_the_other_moments_of_an_outgoing_call_are_only_kept(mnemonic: str) -> None:
    received = receive(filled(TEMPLATE, {**EVERYTHING, "notification_mnemonic": mnemonic, "direction": "out"}))
    assert (received.events, len(received.parts)) == ((), 1)


def test_talks_among_employees_give_nothing() -> None:
    assert receive(filled(TEMPLATE, {**EVERYTHING, "is_internal": True})).events == ()


def test_an_account_may_name_its_moments_otherwise() -> None:
    body = filled(TEMPLATE, {**EVERYTHING, "notification_mnemonic": "my_own_end"})
    received = receive(body, moments={"my_own_end": "ended"})
    assert event_of(received).call.talk_seconds == 123


def test_a_moment_that_nobody_has_explained_is_kept_and_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        received = receive(filled(TEMPLATE, {**EVERYTHING, "notification_mnemonic": "my_own_end"}))
    assert (received.events, received.reply.status) == ((), 200)
    assert [part.id for part in received.parts] == ["my_own_end:Иванов Пётр"]
    assert "my_own_end is in no moments" in caplog.text


def test_notifications_about_anything_else_are_answered_and_dropped() -> None:
    received = receive(b'{"mnemonic": "chat_started", "call": []}')
    assert (received.events, received.parts, received.reply.status) == ((), (), 200)


@pytest.mark.parametrize("body", [b"{}", b'{"mnemonic": "finished_call", "call": []}'])
def test_a_call_without_its_id_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableError, match="came without"):
        receive(body)


def test_values_of_odd_kinds_are_no_reason_to_fail() -> None:
    odd = {
        "talk_time_duration": "Infinity",
        "notification_time": "yesterday",
        "direction": 7,
        "tag_names": [None, [["a"]]],
    }
    call = event_of(receive(filled(TEMPLATE, {**EVERYTHING, **odd}))).call
    assert (call.talk_seconds, call.tags) == (0, ("a",))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
PLACES = st.sampled_from(["call", "mnemonic", "time", "phone", "line", "talk", "tags", "record", "leg", "utm_source"])


@drawn(max_examples=60)
@given(st.dictionaries(PLACES, JSON), st.sampled_from([None, "finished_call", "record_call", "in_call_session"]))
def test_whatever_stands_in_the_places_is_read_or_refused_by_name(places: dict[str, Any], mnemonic: str | None) -> None:
    body = json.dumps({**places, **({"mnemonic": mnemonic} if mnemonic else {})}).encode()
    with suppress(UnreadableError):
        received = receive(body)
        assert received.reply.status == 200
        assert len(received.events) <= 1


class Known:
    def who_calls(self, phone: str) -> Caller | None:
        known = {
            "+79160001122": Caller("Мария", ("Иванов Пётр", "101", "+79990001122")),
            "+79160003344": Caller("Олег", ("Смирнова Анна",)),
        }
        return known.get(phone)


@pytest.mark.parametrize(
    ("numa", "answer"),
    [
        ("79160001122", {"phones": ["101", "79990001122"]}),
        ("79160003344", {"returned_code": 5}),  # the responsible has a name only
        ("79167777777", {"returned_code": 5}),
        ("anonymous", {"returned_code": 5}),
        ("", {"returned_code": 5}),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_call_is_led_to_its_responsible(numa: str, answer: dict[str, Any], method: str) -> None:
    asked = {"numa": numa, "numb": "74950003344", "cdr_id": "1"}
    body = b"&".join(f"{name}={value}".encode() for name, value in asked.items()) if method == "POST" else b""
    received = receive(body, query=asked if method == "GET" else {}, callers=Known(), unknown_code=5)
    assert json.loads(received.reply.body) == answer
    assert received.reply.content_type == "application/json"
    assert (received.events, received.parts) == ((), ())


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"moments": {"x": "finish"}}, "ended"),
        ({"from_number": "12"}, "is not a telephone number"),
        ({"record_url": "https://x/{id}"}, "knows only"),
        ({"data_url": "http://uis.example.ru"}, "use https"),
        ({"secret": ""}, "at least 1"),
    ],
)
def test_a_mistake_in_the_settings_is_named(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        UisSettings.model_validate({"secret": "s", **settings})


def test_the_account_may_live_in_another_zone() -> None:
    channel = receiver("phone", UisSettings.model_validate({"secret": "s", "zone": "Asia/Vladivostok"}), around())
    delivery = Delivery("POST", "s", {}, {}, filled(TEMPLATE, EVERYTHING), NOW)
    (event,) = channel.receive(delivery, nothing).events
    assert event.occurred_at.isoformat() == "2025-12-01T01:02:17.310000+00:00"
