"""MANGO makes calls and writes SMS in our name, and tells what became of them under our own key."""

from __future__ import annotations

import pytest

from connectors.mango.dialler import dialler
from connectors.mango.sms import messenger
from provodka.calls import CallOrder
from provodka.errors import AuthFailed, RateLimited, Rejected
from provodka.messages import ClientMessage
from provodka.operation import Done, Outcome, Request
from provodka.payloads import CallEvent, EventType, MessageState
from provodka.talks import DeliveryState
from sandbox.senders.service import Client
from tests.connectors.mango.conftest import Office
from tests.connectors.mango.hearing import Hearing

KEY = "0199c1d2e3f4a5b6c7d8e9f0:0a1b2c3d:2"
ORDER = CallOrder("+79161112233", "101", "+74950003344")
CLIENT = Client()


def dial(office: Office, order: CallOrder = ORDER, key: str = KEY) -> Outcome:
    [outcome] = office.part(dialler).dial([Request(key, order)])
    return outcome


def write(office: Office, text: str, to: str = "+79161112233", **settings: str) -> Outcome:
    [outcome] = office.part(messenger, **settings).write([Request(KEY, ClientMessage(to, text))])
    return outcome


def test_an_ordered_call_carries_the_key_of_the_action_that_ordered_it(office: Office, heard: Hearing) -> None:
    assert isinstance(dial(office), Done)
    assert office.mango.orders == [
        {"command_id": KEY, "from": {"extension": "101"}, "to_number": "79161112233", "line_number": "74950003344"}
    ]
    office.mango.press("ordered", CLIENT, heard.given)
    (event,) = heard.of(EventType.CALL_FINISHED)
    assert isinstance(event.payload, CallEvent)
    call = event.payload.call
    assert (call.order, call.phone, call.direction.value) == (KEY, "+79161112233", "out")
    assert not heard.of(EventType.CALL_STARTED)


def test_an_order_that_came_to_nothing_is_logged(
    office: Office, heard: Hearing, caplog: pytest.LogCaptureFixture
) -> None:
    dial(office)
    office.mango.press("refused", CLIENT, heard.given)
    assert heard.events == {}
    assert "4102 вызов не удался" in caplog.text


def test_the_extension_that_mango_knows_is_found_among_those_of_all_exchanges(office: Office) -> None:
    assert isinstance(dial(office, CallOrder("+79161112233", "anna@pbx", others=("+79990001100", "102"))), Done)
    assert office.mango.orders[0]["from"] == {"extension": "102"}
    outcome = dial(office, CallOrder("+79161112233", "anna@pbx"))
    assert isinstance(outcome, Rejected)
    assert "внутренним номерам" in outcome.hint


def test_mango_reads_no_texts(office: Office) -> None:
    assert office.part(dialler).reads_texts is False
    assert isinstance(dial(office, CallOrder("+79161112233", text="Ваш заказ готов")), Rejected)
    assert office.mango.orders == []


def test_a_refusal_for_good_is_not_repeated_and_a_second_one_waits_out_the_penalty(office: Office) -> None:
    first, second = (dial(office, CallOrder("+79161112233", "999")) for _ in range(2))
    assert isinstance(first, Rejected)
    assert (first.code, "внутренний номер" in first.hint) == ("3301", True)
    assert isinstance(second, RateLimited)
    assert (second.wait or 0) > 120
    held = dial(office)
    assert isinstance(held, RateLimited)
    assert office.mango.orders == []


def test_a_wrong_salt_is_not_tried_again_within_the_two_minutes(office: Office) -> None:
    [outcome] = office.part(dialler, salt="чужая").dial([Request(KEY, ORDER)])
    assert isinstance(outcome, AuthFailed)
    assert (outcome.wait or 0) > 120
    assert "salt" in outcome.hint


def test_an_sms_goes_in_the_name_of_an_employee(office: Office) -> None:
    assert write(office, "Замер завтра в 10:00", sms_sender="KROVLYA") == Done(KEY)
    assert office.mango.messages == [
        {
            "command_id": KEY,
            "text": "Замер завтра в 10:00",
            "from_extension": "101",
            "to_number": "79161112233",
            "sms_sender": "KROVLYA",
        }
    ]


@pytest.mark.parametrize(("button", "state"), [("delivered", "delivered"), ("undelivered", "failed")])
def test_the_fate_of_an_sms_is_told_once(office: Office, heard: Hearing, button: str, state: str) -> None:
    write(office, "Замер завтра")
    office.mango.press(button, CLIENT, heard.given)
    (event,) = heard.events.values()
    assert isinstance(event.payload, MessageState)
    sent = event.payload.sent
    assert (sent.id, sent.state, sent.service) == (KEY, DeliveryState(state), "sms")
    assert sent.error == ("" if state == "delivered" else "4302 SMS не отправлена")


@pytest.mark.parametrize(
    ("text", "fits"), [("ж" * 268, True), ("ж" * 269, False), ("w" * 612, True), ("w" * 613, False)]
)
def test_an_sms_that_is_too_long_is_not_sent(office: Office, text: str, fits: bool) -> None:
    outcome = write(office, text)
    assert isinstance(outcome, Done if fits else Rejected)
    assert len(office.mango.messages) == fits
    if isinstance(outcome, Rejected):
        assert "сократите" in outcome.hint


def test_an_sms_needs_a_phone(office: Office) -> None:
    assert isinstance(write(office, "Здравствуйте", "maria@example.ru"), Rejected)
    assert office.mango.messages == []


def test_without_an_employee_who_writes_the_channel_writes_no_sms(office: Office) -> None:
    assert office.part(messenger, sms_from="") is None
