"""What of MAX's updates becomes an event, and which."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.max.channel import MaxChannel
from connectors.max.settings import MaxSettings
from provodka.channel import UnreadableError
from provodka.payloads import EventType
from provodka.talks import MediaKind
from tests.contract.case import ASCII, nothing
from tests.contract.services.max import BOT, MARIA, from_max, update, wrote


def received(kind, **told):
    return MaxChannel("max", BOT).receive(from_max(update(kind, **told), ASCII), nothing)


def event(kind, **told):
    [one] = received(kind, **told).events
    return one


def message(text="", *attachments, **more):
    return event("message_created", message=wrote(text, *attachments, **more))


def contact(number="79160001122", owner=330001, info="max_info"):
    vcard = f"BEGIN:VCARD\r\nVERSION:3.0\r\nTEL;TYPE=cell:{number}\r\nFN:Мария\r\nEND:VCARD\r\n"
    return {"type": "contact", "payload": {"vcf_info": vcard, info: {"user_id": owner, "first_name": "Мария"}}}


def test_a_text_is_a_message_of_its_person_who_is_answered_by_their_own_number():
    told = message("Здравствуйте!")
    assert told.type is EventType.MESSAGE_RECEIVED
    assert told.external_id == "message:mid.0000000000abcdef01"
    assert told.occurred_at == datetime(2025, 12, 1, 8, 0, tzinfo=UTC)
    assert (told.person.name, told.person.identities) == ("Мария", ("max:330001",))
    said = told.payload.message
    assert (said.text, said.chat, said.service, said.account) == ("Здравствуйте!", "330001", "max", BOT.account)


@pytest.mark.parametrize("info", ["max_info", "tam_info"])
def test_an_own_contact_is_a_certain_phone(info):
    told = message("", contact(info=info))
    assert told.person.phones == ("+79160001122",)
    assert told.payload.message.text == "Контакт: Мария +79160001122"


def test_somebody_elses_card_is_shown_but_is_not_the_writers_phone():
    told = message("", contact(owner=5))
    assert told.person.phones == ()
    assert "+79160001122" in told.payload.message.text


def test_a_folded_vcard_is_read():
    card = {"vcf_info": "BEGIN:VCARD\nitem1.TEL:+7 916 000\n -11-22\nFN:Ма\n рия\nEND:VCARD", "max_info": MARIA}
    told = message("", {"type": "contact", "payload": card})
    assert (told.person.phones, told.payload.message.text) == (("+79160001122",), "Контакт: Мария +7 916 000-11-22")


def test_files_are_told_by_their_kind():
    files = message(
        "Вот",
        {"type": "image", "payload": {"url": "https://i.oneme.ru/1", "token": "t", "photo_id": 1}},
        {"type": "file", "payload": {"url": "https://f.oneme.ru/2", "token": "t"}, "filename": "Смета.pdf", "size": 9},
        {"type": "video", "payload": {"url": "https://v.oneme.ru/3", "token": "t-3"}},
        {"type": "audio", "payload": {"url": "https://a.oneme.ru/4", "token": "t"}},
        {"type": "inline_keyboard", "payload": {"buttons": []}},
    ).payload.message.files
    assert [(one.kind, one.ref, one.name, one.size) for one in files] == [
        (MediaKind.PICTURE, "https://i.oneme.ru/1", "", 0),
        (MediaKind.FILE, "https://f.oneme.ru/2", "Смета.pdf", 9),
        (MediaKind.VIDEO, "video:t-3", "", 0),
        (MediaKind.AUDIO, "https://a.oneme.ru/4", "", 0),
    ]


@pytest.mark.parametrize(
    ("piece", "said"),
    [
        ({"type": "location", "latitude": 55.75, "longitude": 37.61}, "Место на карте: 55.75, 37.61"),
        ({"type": "share", "payload": {"url": "https://example.ru/roof"}}, "https://example.ru/roof"),
        ({"type": "sticker", "payload": {"code": "c"}}, "Стикер"),
    ],
)
def test_what_has_no_words_is_said_in_words(piece, said):
    assert message("", piece).payload.message.text.startswith(said)


def test_a_forwarded_message_is_its_content_and_its_numbers_are_not_the_writers():
    link = {"type": "forward", "message": {"mid": "mid.2", "text": "Звоните +7 916 000-11-22"}}
    told = message("", link=link)
    assert told.payload.message.text == "Звоните +7 916 000-11-22"
    assert told.person.phones == ()


def test_an_answer_names_the_message_that_it_quotes():
    link = {"type": "reply", "message": {"mid": "mid.2", "text": "Позвонить?"}}
    assert message("Да", link=link).payload.message.answers == "mid.2"


def test_a_message_of_a_group_is_answered_in_the_group():
    told = message("Кто возьмёт?", recipient={"chat_id": -70001, "chat_type": "chat"}).payload.message
    assert (told.group, told.chat) == (True, "chat:-70001")


def test_a_button_is_a_message_with_its_label():
    keys = {"type": "inline_keyboard", "payload": {"buttons": [[{"text": "Да", "payload": "call:yes"}]]}}
    below = wrote("Позвонить?", keys)
    callback = {"callback_id": "cb1", "payload": "call:yes", "user": MARIA, "timestamp": 1764576040000}
    told = event("message_callback", callback=callback, message=below)
    said = told.payload.message
    assert (said.button, said.text, said.answers) == ("call:yes", "Да", "mid.0000000000abcdef01")
    assert told.external_id == "message:button:cb1"


def test_an_edited_message_is_an_event_of_its_own():
    told = event("message_edited", message=wrote("На субботу"))
    assert told.type is EventType.MESSAGE_EDITED
    assert told.payload.message.id == "mid.0000000000abcdef01"


def test_a_start_carries_the_marks_of_its_link_and_a_stop_ends_the_chat():
    started = event("bot_started", chat_id=880001, user=MARIA, payload="utm_vk_spring")
    assert started.type is EventType.CHAT_STARTED
    assert (started.payload.utm.source, started.payload.utm.campaign) == ("vk", "spring")
    assert event("bot_started", chat_id=880001, user=MARIA, payload=None).payload.utm.source == ""
    stopped = event("bot_stopped", chat_id=880001, user=MARIA)
    assert stopped.type is EventType.CHAT_STOPPED
    assert (stopped.payload.chat, stopped.person.messengers) == ("330001", ("max:330001",))


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"update_type": 7}', b"\xff\xfe"])
def test_what_is_no_update_is_unreadable(body):
    with pytest.raises(UnreadableError):
        MaxChannel("max", BOT).receive(from_max(body, ASCII), nothing)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
MEMBERS = ("body", "sender", "recipient", "link", "text", "attachments", "payload", "user", "callback", "chat_id")
NAMES = st.sampled_from(MEMBERS)
KINDS = st.sampled_from(("message_created", "message_edited", "message_callback", "bot_started", "bot_stopped"))


@settings(max_examples=50)
@given(KINDS, st.dictionaries(NAMES, JSON, max_size=4), st.dictionaries(NAMES, JSON, max_size=4))
def test_whatever_members_an_update_has_it_breaks_nothing(kind, members, around):
    told = {"user": MARIA, "callback": {"user": MARIA}, "message": {**wrote("Привет"), **members}, **around}
    assert len(received(kind, **told).events) <= 1


@pytest.mark.parametrize("piece", [{}, {"type": "contact"}, {"type": "image"}, {"type": ["x"]}, {"payload": 5}])
def test_an_odd_attachment_breaks_nothing(piece):
    assert message("Привет", piece).payload.message.text.startswith("Привет")


@pytest.mark.parametrize(
    ("more", "complaint"),
    [({}, "without a secret"), ({"secret": "with_line"}, "not what MAX takes"), ({"secret": "four"}, "not what MAX")],
)
def test_a_webhook_needs_a_secret_that_max_takes(more, complaint):
    with pytest.raises(ValidationError, match=complaint):
        MaxSettings.model_validate({"token": "t", **more})


def test_the_bots_name_is_no_secret():
    assert BOT.token.get_secret_value() not in f"{BOT!r} {BOT.account}"
    assert json.dumps(BOT.account)
