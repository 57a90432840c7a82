"""What Viber tells, byte for byte as it posts it."""

from __future__ import annotations

import hmac
import json
from datetime import UTC, datetime

import pytest

from connectors.viber.channel import ViberChannel
from connectors.viber.settings import ViberSettings
from provodka.channel import Delivery, RefusedError, UnreadableError
from provodka.payloads import EventType
from provodka.talks import DeliveryState, MediaKind
from tests.contract.case import NOW, nothing

TOKEN = "44example0000000-viber-auth-token"
GIVEN = {"token": TOKEN, "name": "Ромашка", "welcome": "Здравствуйте! Чем помочь?"}
WEBHOOK = b'{"event":"webhook","timestamp":1764576000000,"message_token":5850000000000000101}'
STARTED = (
    '{"event":"conversation_started","timestamp":1764576010000,"message_token":5850000000000000102,"type":"open",'
    '"context":"utm_vk_spring","user":{"id":"01234567890A=","name":"Мария","avatar":"https://example.com/a.jpg",'
    '"language":"ru","country":"RU","api_version":10},"subscribed":false}'
).encode()
MESSAGE = (
    '{"event":"message","timestamp":1764576020000,"message_token":5850000000000000103,"sender":{"id":"01234567890A=",'
    '"name":"Мария","avatar":"https://example.com/a.jpg","language":"ru","country":"RU","api_version":10},'
    '"message":{"type":"text","text":"Сколько стоит доставка?","tracking_data":"lead:17"}}'
).encode()
SIGNED = {
    WEBHOOK: "2d66e617f2ce9e5a4dc1effa894936765343220b9c9d002f3fd0b50442ad2138",
    STARTED: "608b97dfcccf145ae610fbcdc18f1b92a168552718900d081a1f597882ab7b98",
    MESSAGE: "d251509ae87eeeee0b175498bf4a605c13d9f5c516d3b8421a509c1249802c23",
}


def delivered(body: bytes, signature: str = "", **more: str):
    signature = signature or hmac.new(TOKEN.encode(), body, "sha256").hexdigest()
    delivery = Delivery("POST", "", {"x-viber-content-signature": signature}, {}, body, NOW)
    return ViberChannel("viber", ViberSettings.model_validate({**GIVEN, **more})).receive(delivery, nothing)


def notice(event: str, **told: object) -> bytes:
    body = {"event": event, "timestamp": 1764576020000, "message_token": 9007199254740993, **told}
    return json.dumps(body, ensure_ascii=False).encode()


def message(name: str = "Мария", **body: object) -> bytes:
    return notice("message", sender={"id": "A=", "name": name}, message=body)


def only(body: bytes):
    [event] = delivered(body).events
    return event


@pytest.mark.parametrize("body", SIGNED, ids=["webhook", "started", "message"])
def test_the_vendors_signatures_are_those_that_we_expect(body):
    assert delivered(body, SIGNED[body]).reply.status == 200


def test_a_signature_in_the_address_is_taken_too_and_a_wrong_one_never():
    channel = ViberChannel("viber", ViberSettings.model_validate(GIVEN))
    good = Delivery("POST", "", {}, {"sig": SIGNED[MESSAGE]}, MESSAGE, NOW)
    assert len(channel.receive(good, nothing).events) == 1
    for query in ({"sig": SIGNED[WEBHOOK]}, {"sig": ""}, {}):
        with pytest.raises(RefusedError):
            channel.receive(Delivery("POST", "", {}, query, MESSAGE, NOW), nothing)


def test_setting_the_address_is_answered_and_leaves_nothing():
    received = delivered(WEBHOOK)
    assert (received.reply.status, received.reply.body, received.events) == (200, b"", ())


def test_who_opens_the_chat_is_welcomed_in_the_answer_and_known_by_the_link():
    received = delivered(STARTED)
    assert json.loads(received.reply.body) == {
        "sender": {"name": "Ромашка"},
        "type": "text",
        "text": "Здравствуйте! Чем помочь?",
    }
    assert received.reply.content_type.startswith("application/json")
    [event] = received.events
    assert (event.type, event.external_id) == (EventType.CHAT_STARTED, "started:5850000000000000102")
    assert (event.person.name, event.person.messengers) == ("Мария", ("viber:01234567890A=",))
    assert (event.payload.utm.source, event.payload.utm.campaign) == ("vk", "spring")
    assert event.occurred_at == datetime(2025, 12, 1, 8, 0, 10, tzinfo=UTC)


def test_without_a_welcome_the_answer_is_empty():
    assert delivered(STARTED, welcome="").reply.body == b""


def test_a_message_keeps_its_number_that_no_double_holds():
    event = only(MESSAGE)
    assert (event.type, event.external_id) == (EventType.MESSAGE_RECEIVED, "message:5850000000000000103")
    said = event.payload.message
    assert (said.text, said.chat, said.account) == ("Сколько стоит доставка?", "01234567890A=", "Ромашка")
    assert only(message(type="text", text="x")).payload.message.id == "9007199254740993"


@pytest.mark.parametrize(
    ("body", "text", "files"),
    [
        ({"type": "picture", "text": "крыша", "media": "https://m/p"}, "крыша", [(MediaKind.PICTURE, "https://m/p")]),
        ({"type": "video", "media": "https://m/v", "size": 10}, "", [(MediaKind.VIDEO, "https://m/v")]),
        ({"type": "file", "media": "https://m/f", "file_name": "п.pdf"}, "", [(MediaKind.FILE, "https://m/f")]),
        ({"type": "location", "location": {"lat": 55.7, "lon": 37.6}}, "Место: 55.7, 37.6", []),
        ({"type": "url", "media": "https://shop"}, "https://shop", []),
        ({"type": "sticker", "sticker_id": 46105}, "[стикер]", []),
        ({"type": "hologram"}, "[hologram]", []),
    ],
)
def test_every_kind_of_message_says_something(body, text, files):
    said = only(message(**body)).payload.message
    assert (said.text, [(file.kind, file.ref) for file in said.files]) == (text, files)


@pytest.mark.parametrize(
    ("whose", "phones"), [("Мария", ("+79160001122",)), ("", ("+79160001122",)), ("Пётр Слесарь", ())]
)
def test_a_shared_number_is_the_writers_where_the_card_has_their_name(whose, phones):
    event = only(message(type="contact", contact={"name": whose, "phone_number": "79160001122"}))
    assert event.person.phones == phones
    assert "79160001122" in event.payload.message.text


@pytest.mark.parametrize(
    ("event", "state", "error"),
    [
        ("delivered", DeliveryState.DELIVERED, ""),
        ("seen", DeliveryState.READ, ""),
        ("failed", DeliveryState.FAILED, "Viber не доставил сообщение: device off"),
    ],
)
def test_what_became_of_ours_is_told_by_its_number(event, state, error):
    told = only(notice(event, user_id="A=", desc="device off"))
    assert (told.type, told.payload.sent.id) == (EventType.MESSAGE_STATE, "9007199254740993")
    assert (told.payload.sent.state, told.payload.sent.error) == (state, error)


def test_who_leaves_and_comes_back_is_told():
    assert only(notice("unsubscribed", user_id="A=")).type is EventType.CHAT_STOPPED
    assert only(notice("subscribed", user={"id": "A=", "name": "Мария"})).type is EventType.CHAT_STARTED


@pytest.mark.parametrize(
    "body",
    [
        b'"text"',
        notice("message", sender={"id": "A="}),
        notice("message", message={"type": "text"}),
        notice("unsubscribed"),
        b'{"event":"seen","user_id":"A="}',
    ],
)
def test_authentic_rubbish_is_unreadable(body):
    with pytest.raises(UnreadableError):
        delivered(body)
