"""What Sipuni tells of a call, by GET or POST, becomes that call; and it always gets the words that it wants."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import settings as drawn
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.sipuni.api import signed
from connectors.sipuni.channel import receiver
from connectors.sipuni.settings import SipuniSettings
from provodka.channel import Delivery, Received, RefusedError, UnreadableError
from provodka.payloads import Call, CallEvent
from tests.connectors.calls.memory_intake import MemoryIntake
from tests.contract.case import NOW, around, nothing

REFERENCE = (
    "event=2&call_id=1764576000.55701&src_num=79160001122&src_type=1&dst_num=101&short_dst_num=101&dst_type=2"
    "&timestamp=1764576137&status=ANSWER&call_start_timestamp=1764576000&call_answer_timestamp=1764576014"
    "&call_record_link=https%3A%2F%2Fexample.com%2Frecord%2F1764576000.55701.mp3&is_inner_call=0&user_id=015856"
    "&channel=SIP%2F101-0001&treeName=%D0%9E%D1%81%D0%BD%D0%BE%D0%B2%D0%BD%D0%B0%D1%8F&treeNumber=000-101"
    "&pbxdstnum=74950003344"
)
FIELDS = dict(parse_qsl(REFERENCE))
SUCCESS = b'{"success": true}'


def receive(method: str = "POST", **changed: str) -> Received:
    fields = {name: text for name, text in {**FIELDS, **changed}.items() if text}
    body, query = (urlencode(fields).encode(), {}) if method == "POST" else (b"", fields)
    channel = receiver("phone", SipuniSettings.model_validate({"secret": "s"}), around())
    return channel.receive(Delivery(method, "s", {}, query, body, NOW), nothing)


def call_of(received: Received) -> Call:
    (event,) = received.events
    assert isinstance(event.payload, CallEvent)
    return event.payload.call


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_body_of_the_reference_is_a_finished_call(method: str) -> None:
    received = receive(method)
    (event,) = received.events
    assert (event.type.value, event.external_id) == ("call.finished", "call:1764576000.55701")
    assert event.person.phones == ("+79160001122",)
    call = call_of(received)
    assert (call.line, call.extension, call.group) == ("+74950003344", "101", "Основная")
    assert (call.talk_seconds, call.wait_seconds, call.reason) == (123, 14, "ANSWER звонок завершён")
    assert call.recording == "https://example.com/record/1764576000.55701.mp3"
    assert (received.reply.body, received.reply.content_type) == (SUCCESS, "application/json")


@pytest.mark.parametrize(
    ("changed", "kind", "outcome"),
    [
        ({"status": "NOANSWER", "call_answer_timestamp": "0"}, "call.missed", "missed"),
        ({"status": "CANCEL", "call_answer_timestamp": ""}, "call.missed", "missed"),
        ({"status": "ANSWER", "call_answer_timestamp": "0"}, "call.missed", "missed"),  # by seconds before words
        ({"status": "CHANUNAVAIL", "call_answer_timestamp": "0"}, "call.missed", "failed"),
        ({"status": "CANCEL", "call_answer_timestamp": "0", "dst_type": "1", "dst_num": ""}, "call.missed", "menu"),
    ],
)
def test_how_a_call_ended(changed: dict[str, str], kind: str, outcome: str) -> None:
    received = receive(**changed)
    assert [event.type.value for event in received.events] == [kind]
    assert call_of(received).outcome == outcome


@pytest.mark.parametrize(("status", "outcome"), [("BUSY", "not_reached"), ("CONGESTION", "failed")])
def test_a_call_of_ours_that_nobody_took_is_no_missed_call(status: str, outcome: str) -> None:
    ours = {"src_num": "015856101", "src_type": "2", "short_src_num": "101", "dst_num": "79160001122", "dst_type": "1"}
    received = receive(**ours, short_dst_num="", status=status, call_answer_timestamp="0")
    assert [event.type.value for event in received.events] == ["call.finished"]
    call = call_of(received)
    assert (call.phone, call.extension, call.outcome) == ("+79160001122", "101", outcome)


def test_the_short_number_is_the_employees_and_an_outside_telephone_is_itself() -> None:
    assert call_of(receive(dst_num="015856101")).extension == "101"
    assert call_of(receive(dst_num="79990001100", short_dst_num="", dst_type="1")).extension == "+79990001100"


def test_a_line_that_is_called_is_no_employee() -> None:
    call = call_of(receive(event="1", dst_num="74950003344", short_dst_num="", dst_type="1", pbxdstnum=""))
    assert (call.line, call.extension) == ("+74950003344", "")


def test_the_hang_up_of_a_colleagues_telephone_is_no_missed_call() -> None:
    channel = receiver("phone", SipuniSettings.model_validate({"secret": "s"}), around())
    intake = MemoryIntake(NOW)
    nobody = {"call_answer_timestamp": "0", "status": "CANCEL", "call_record_link": ""}
    for changed in (
        {"event": "1"},
        {"event": "1", "dst_num": "102", "short_dst_num": "102"},
        {"event": "3"},
        {"event": "2", "dst_num": "102", "short_dst_num": "102", **nobody},
        {"event": "2"},
    ):
        delivery = Delivery("GET", "s", {}, {**FIELDS, **changed}, b"", NOW)
        received = channel.receive(delivery, lambda key: intake.parts("phone", key))
        intake.accept(received.events, channel="phone", parts=received.parts)
    assert set(intake.types().values()) == {"call.started", "call.finished"}
    call = intake.calls()["call:1764576000.55701"]
    assert (call.extension, call.talk_seconds, call.rung) == ("101", 123, ("101", "102"))


@pytest.mark.parametrize("changed", [{"is_inner_call": "1"}, {"src_type": "2", "src_num": "102"}])
def test_talks_among_employees_give_nothing(changed: dict[str, str]) -> None:
    received = receive(**changed)
    assert (received.events, received.reply.body) == ((), SUCCESS)


def test_a_passed_on_call_is_known_by_its_second_leg() -> None:
    told = receive(event="1", transfer_from="101", dst_num="015856102", short_dst_num="102")
    assert told.events == ()  # no second start of the call
    assert "transfer" in told.parts[0].body


def test_moments_out_of_all_reason_are_left_out() -> None:
    call = call_of(receive(timestamp="17645761370001", call_start_timestamp="soon", call_answer_timestamp="1e400"))
    assert (call.started_at, call.ended_at, call.talk_seconds) == (None, None, 0)


@pytest.mark.parametrize("lacking", ["event", "call_id"])
def test_what_cannot_be_read_gets_the_words_of_success_all_the_same(lacking: str) -> None:
    with pytest.raises(UnreadableError, match=f"without {lacking}") as caught:
        receive(**{lacking: ""})
    assert caught.value.reply.body == SUCCESS


@drawn(max_examples=60)
@given(st.dictionaries(st.sampled_from(sorted(FIELDS)), st.text(max_size=12)))
def test_whatever_stands_in_the_parameters_gets_the_words_of_success(changed: dict[str, str]) -> None:
    try:
        reply = receive("GET", **changed).reply
    except UnreadableError as error:
        reply = error.reply
    assert reply.body == SUCCESS


def test_the_secret_may_stand_in_the_query_and_then_it_is_kept_nowhere() -> None:
    channel = receiver("phone", SipuniSettings.model_validate({"secret": "top-secret"}), around())
    received = channel.receive(Delivery("GET", "", {}, {**FIELDS, "token": "top-secret"}, b"", NOW), nothing)
    assert len(received.events) == 1
    assert b"top-secret" not in received.events[0].raw
    with pytest.raises(RefusedError):
        channel.receive(Delivery("GET", "", {}, FIELDS, b"", NOW), nothing)


def test_the_hash_of_the_reference_is_made() -> None:
    given = {"antiaon": "0", "phone": "79160001122", "reverse": "0", "sipnumber": "101", "user": "015856"}
    assert signed(given, "sipuni-example-secret") == "a071d9de33b2881bf6a21593da659f93"
    assert signed(given, "Sipuni-Example-Secret", lower=True) == "a071d9de33b2881bf6a21593da659f93"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"user": "015856"}, "come together"),
        ({"key": "k"}, "come together"),
        ({"columns": {"colour": "Цвет"}}, "kind"),
        ({"poll": "1s"}, "greater than or equal"),
        ({"api_url": "http://sipuni.com/api"}, "use https"),
    ],
)
def test_a_mistake_in_the_settings_is_named(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        SipuniSettings.model_validate({"secret": "s", **settings})
