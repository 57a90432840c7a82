"""What WhatsApp tells: every kind of message, people without a number, fates of ours that overtake one another."""

import json

import pytest

from connectors.whatsapp.channel import WhatsappChannel
from connectors.whatsapp.settings import WhatsappSettings
from provodka.channel import Delivery, RefusedError
from provodka.payloads import EventType
from provodka.talks import DeliveryState, MediaKind
from tests.connectors import talk_bodies
from tests.contract.case import NOW, nothing
from tests.contract.services.whatsapp import CHECK, GIVEN, SETTINGS, delivered, says, signed, status

SECRET = "meta-example-app-secret"
EXAMPLE = WhatsappSettings.model_validate({**GIVEN, "app_secret": SECRET})


def heard(value, parts=nothing):
    """The events of one value."""
    return WhatsappChannel("wa", SETTINGS).receive(signed(delivered(value), GIVEN["app_secret"]), parts).events


def one(message, **more):
    [event] = heard({"messages": [{"from": "79160001122", "id": "w1", "timestamp": "1764576000", **message}], **more})
    return event


def example(body):
    delivery = Delivery("POST", "", {"x-hub-signature-256": body.signature}, {}, body.raw, NOW)
    [event] = WhatsappChannel("wa", EXAMPLE).receive(delivery, nothing).events
    return event


def test_the_example_of_a_text_with_its_own_signature_is_a_message():
    event = example(talk_bodies.WHATSAPP_MESSAGE_TEXT)
    assert event.external_id == "message:wamid.HBgLNzkxNjAwMDExMjIVAgASGBQzQUZFMDAwMQA="
    assert event.payload.message.text == "Здравствуйте!"
    assert (event.person.name, event.person.phone) == ("Мария", "+79160001122")
    assert event.person.messengers == ("whatsapp:79160001122", "whatsapp:RU.1349000000001")
    assert (event.payload.message.chat, event.payload.message.account) == ("79160001122", "106540000000001")
    assert event.occurred_at.isoformat() == "2025-12-01T08:00:00+00:00"


def test_the_other_examples_are_read_with_their_own_signatures():
    advert = example(talk_bodies.WHATSAPP_MESSAGE_AD)
    assert (advert.payload.message.about, advert.payload.utm.clicks) == ("Окна со скидкой", {"ctwa_clid": "ARexample"})
    voice = example(talk_bodies.WHATSAPP_MESSAGE_AUDIO)
    assert [(file.kind, file.ref) for file in voice.payload.message.files] == [(MediaKind.VOICE, "1013000000000001")]
    hidden = example(talk_bodies.WHATSAPP_MESSAGE_NO_PHONE)
    assert (hidden.person.identities, hidden.person.name) == (("whatsapp:RU.1349000000001",), "Мария")
    failed = example(talk_bodies.WHATSAPP_STATUS_FAILED)
    assert failed.external_id == "state:wamid.HBgLNzkxNjAwMDExMjIVAgARGBI5MDAwAA==:failed"
    assert "24 часов" in failed.payload.sent.error


def test_a_wrong_word_at_the_check_of_the_address_is_refused():
    for query in ({}, {**CHECK, "hub.verify_token": "чужое"}, {**CHECK, "hub.mode": "unsubscribe"}):
        with pytest.raises(RefusedError):
            WhatsappChannel("wa", SETTINGS).receive(Delivery("GET", "", {}, query, b"", NOW), nothing)


def test_somebody_who_hides_the_number_is_known_by_the_id_with_our_business():
    value = {"contacts": [{"profile": {"name": "Мария", "username": "masha_r"}, "user_id": "RU.1349000000001"}]}
    said = {"from_user_id": "RU.1349000000001", "id": "w1", "timestamp": "1764576120", "type": "text"}
    [event] = heard({**value, "messages": [{**said, "text": {"body": "Привет, мой номер 8 916 111-22-33"}}]})
    assert event.person.messengers == ("whatsapp:RU.1349000000001",)
    assert event.person.phones == ("+79161112233",)  # typed by the person
    assert event.payload.message.chat == "RU.1349000000001"
    [nameless] = heard({**value, "messages": [{"id": "w2", "type": "text", "text": {"body": "Привет"}}]})
    assert nameless.person.messengers == ("whatsapp:RU.1349000000001",)


def test_the_number_of_a_foreigner_is_not_taken_for_a_russian_one():
    [event] = heard({"messages": [{"from": "12025550123", "id": "w1", "type": "text", "text": {"body": "Hi"}}]})
    assert event.person.phones == ("+12025550123",)


def test_an_advert_that_opened_the_chat_is_where_it_came_from():
    advert = {"source_url": "https://fb.me/xExample", "source_type": "ad", "source_id": "120200000000001"}
    event = one(
        {"type": "text", "text": {"body": "Хочу"}, "referral": {**advert, "headline": "Окна", "ctwa_clid": "AR"}}
    )
    utm = event.payload.utm
    assert (utm.source, utm.medium, utm.content, utm.clicks) == ("meta", "ad", "120200000000001", {"ctwa_clid": "AR"})
    assert (event.payload.message.about, event.payload.message.about_url) == ("Окна", "https://fb.me/xExample")
    marked = {**advert, "source_url": "https://example.ru/?utm_source=insta&utm_campaign=spring"}
    utm = one({"type": "text", "text": {"body": "Хочу"}, "referral": marked}).payload.utm
    assert (utm.source, utm.campaign) == ("insta", "spring")


@pytest.mark.parametrize(
    ("message", "text", "button"),
    [
        ({"type": "button", "button": {"text": "Да", "payload": "yes"}}, "Да", "yes"),
        (
            {
                "type": "interactive",
                "interactive": {"type": "button_reply", "button_reply": {"id": "b1", "title": "Замер"}},
            },
            "Замер",
            "b1",
        ),
        (
            {
                "type": "interactive",
                "interactive": {"type": "list_reply", "list_reply": {"id": "r2", "title": "Крыша"}},
            },
            "Крыша",
            "r2",
        ),
        (
            {
                "type": "interactive",
                "interactive": {
                    "type": "nfm_reply",
                    "nfm_reply": {
                        "name": "flow",
                        "body": "Sent",
                        "response_json": '{"Площадь": 120, "flow_token": "x"}',
                    },
                },
            },
            "Площадь: 120",
            "flow",
        ),
        (
            {
                "type": "location",
                "location": {"latitude": 55.7, "longitude": 37.6, "name": "Офис", "address": "Москва"},
            },
            "Место: Офис, Москва https://maps.google.com/?q=55.7,37.6",
            "",
        ),
        (
            {
                "type": "order",
                "order": {
                    "text": "скорее",
                    "product_items": [
                        {"product_retailer_id": "A-17", "quantity": 2, "item_price": 500, "currency": "RUB"}
                    ],
                },
            },
            "Заказ из каталога WhatsApp:\nA-17: 2 × 500 RUB\nскорее",
            "",
        ),
        ({"type": "reaction", "reaction": {"message_id": "w0", "emoji": "👍"}}, "👍", ""),
        (
            {"type": "unsupported", "errors": [{"code": 131051, "title": "poll"}]},
            "[сообщение, которого WhatsApp не передаёт: poll]",
            "",
        ),
        ({"type": "hologram"}, "[сообщение, которого WhatsApp не передаёт: hologram]", ""),
    ],
)
def test_every_kind_of_message_says_something(message, text, button):
    event = one(message)
    assert (event.payload.message.text, event.payload.message.button) == (text, button)


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("image", {"id": "m1", "mime_type": "image/jpeg", "caption": "Крыша"}, (MediaKind.PICTURE, "")),
        ("sticker", {"id": "m1", "mime_type": "image/webp"}, (MediaKind.PICTURE, "")),
        ("video", {"id": "m1", "mime_type": "video/mp4"}, (MediaKind.VIDEO, "")),
        ("audio", {"id": "m1", "mime_type": "audio/ogg; codecs=opus", "voice": True}, (MediaKind.VOICE, "")),
        ("audio", {"id": "m1", "mime_type": "audio/mpeg"}, (MediaKind.AUDIO, "")),
        (
            "document",
            {"id": "m1", "mime_type": "application/pdf", "filename": "План.pdf"},
            (MediaKind.FILE, "План.pdf"),
        ),
    ],
)
def test_files_are_known_by_their_ids(kind, body, expected):
    event = one({"type": kind, kind: body})
    [file] = event.payload.message.files
    assert (file.ref, file.kind, file.name) == ("m1", *expected)
    assert event.payload.message.text == body.get("caption", "")


def test_a_card_of_somebody_else_is_told_but_its_number_is_not_the_writers():
    card = {"name": {"formatted_name": "Пётр"}, "phones": [{"phone": "+7 916 555-44-33"}]}
    said = {"from_user_id": "RU.1", "id": "w1", "type": "contacts", "contacts": [card]}
    [event] = heard({"messages": [said]})
    assert event.payload.message.text == "Контакт: Пётр +7 916 555-44-33"
    assert event.person.phones == ()


def test_an_answer_names_the_message_that_it_quotes_and_a_reaction_taken_back_says_nothing():
    assert one({"type": "text", "text": {"body": "Да"}, "context": {"id": "w0"}}).payload.message.answers == "w0"
    assert (
        heard({"messages": [{"from": "7916", "id": "w1", "type": "reaction", "reaction": {"message_id": "w0"}}]}) == ()
    )


def test_one_broken_message_does_not_lose_the_others():
    good = {"from": "79160001122", "type": "text", "text": {"body": "Да"}}
    events = heard(
        {"messages": [{**good, "id": "w1"}, {"type": "text"}, "rubbish", {**good, "id": "w2", "timestamp": "x"}]}
    )
    assert [(event.type, event.external_id.partition(":")[0]) for event in events] == [
        (EventType.MESSAGE_RECEIVED, "message"),
        (EventType.UNREADABLE, "unreadable"),
        (EventType.UNREADABLE, "unreadable"),
        (EventType.MESSAGE_RECEIVED, "message"),
    ]
    assert json.loads(events[1].raw) == {"type": "text"}
    assert events[3].occurred_at == NOW


def test_several_entries_and_changes_of_one_delivery_are_all_read():
    def change(number):
        message = {"from": "79160001122", "id": number, "type": "text", "text": {"body": "Да"}}
        return {"field": "messages", "value": {"messages": [message]}}

    entries = [{"id": "1", "changes": [change("a"), change("b"), "rubbish"]}, {"id": "2", "changes": [change("c")]}, 5]
    body = json.dumps({"object": "whatsapp_business_account", "entry": entries}).encode()
    received = WhatsappChannel("wa", SETTINGS).receive(signed(body, GIVEN["app_secret"]), nothing)
    assert [event.payload.message.id for event in received.events] == ["a", "b", "c"]


def test_news_of_our_messages_are_ranked_and_failures_speak_russian():
    stored = []

    def parts(key):
        return [part for part in stored if part.key == key]

    told = []
    for delivery in (status("sent"), status("read"), status("delivered"), status("played")):
        received = WhatsappChannel("wa", SETTINGS).receive(delivery, parts)
        stored.extend(received.parts)
        told += [event.payload.sent.state for event in received.events]
    assert set(told) == {DeliveryState.READ}  # «delivered» came too late to be news
    error = {"code": 131047, "title": "Re-engagement message", "error_data": {"details": "more than 24 hours"}}
    [failed] = WhatsappChannel("wa", SETTINGS).receive(status("failed", errors=[error]), nothing).events
    assert failed.external_id == "state:wamid.9:failed"
    assert "24 часов" in failed.payload.sent.error
    assert "131047" in failed.payload.sent.error
    [other] = (
        WhatsappChannel("wa", SETTINGS).receive(status("failed", errors=[{"code": 7, "title": "Oops"}]), nothing).events
    )
    assert other.payload.sent.error == "WhatsApp не доставил сообщение: 7: Oops"


def test_a_talk_with_another_number_of_ours_names_it():
    said = {"from": "79160001122", "id": "w1", "type": "text", "text": {"body": "Да"}}
    [event] = heard({"metadata": {"phone_number_id": "5"}, "messages": [said]})
    assert (event.payload.message.chat, event.payload.message.account) == ("5/79160001122", "5")
    assert event.person.messengers == ("whatsapp:79160001122",)


def test_a_changed_number_joins_the_old_one_with_the_new_one():
    [event] = heard(
        {"messages": [{"from": "79160001122", "id": "w1", "type": "system", "system": {"wa_id": "79995554433"}}]}
    )
    assert event.type is EventType.CHAT_STARTED
    assert event.person.messengers == ("whatsapp:79995554433", "whatsapp:79160001122")
    assert event.person.phones == ("+79995554433", "+79160001122")


def test_what_was_written_from_the_phone_of_the_business_is_a_message_of_ours():
    echo = {"from": "74950003344", "to": "79160001122", "id": "w1", "timestamp": "1764576000", "type": "text"}
    change = {"field": "smb_message_echoes", "value": {"message_echoes": [{**echo, "text": {"body": "Добрый день"}}]}}
    body = json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}).encode()
    [event] = WhatsappChannel("wa", SETTINGS).receive(signed(body, GIVEN["app_secret"]), nothing).events
    assert event.type is EventType.MESSAGE_SENT
    assert event.person.identities == ("phone:+79160001122", "whatsapp:79160001122")


def test_what_meta_tells_of_its_own_troubles_is_logged(caplog):
    assert heard({"errors": [{"code": 130429, "title": "Rate limit hit"}]}) == ()
    assert "130429: Rate limit hit" in caplog.text


def test_a_text_without_a_text_is_a_message_all_the_same():
    [event] = (
        WhatsappChannel("wa", SETTINGS).receive(says({"from": "7916", "id": "w1", "type": "text"}), nothing).events
    )
    assert (event.external_id, event.payload.message.text) == ("message:w1", "")
