"""What of Telegram's updates becomes an event, and which."""

import base64
import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.talks.start import utm_of_start
from connectors.telegram.channel import TelegramChannel
from connectors.telegram.settings import TelegramSettings
from provodka.channel import UnreadableError
from provodka.payloads import EventType, Utm
from provodka.talks import MediaKind, MessageFile
from tests.contract.case import ASCII, nothing
from tests.contract.services.telegram import BOT, CHAT, MARIA, from_telegram, update, wrote

GROUP = {"id": -1001234567890, "type": "supergroup", "title": "Отдел продаж"}
SELLER = {"id": 900, "is_bot": False, "first_name": "Анна"}


def received(**told):
    return TelegramChannel("bot", BOT).receive(from_telegram(update(**told), ASCII), nothing)


def event(**told):
    [one] = received(**told).events
    return one


def message_of(**more):
    return event(message=wrote(**more)).payload.message


def test_a_text_is_a_message_of_its_person():
    told = event(message=wrote(text="Здравствуйте! Сколько стоит доставка?"))
    assert told.type is EventType.MESSAGE_RECEIVED
    assert told.external_id == "message:700100200:31"
    assert told.occurred_at == datetime(2025, 12, 1, 8, 0, tzinfo=UTC)
    assert (told.person.name, told.person.identities) == ("Мария Р", ("telegram:700100200",))
    message = told.payload.message
    assert (message.text, message.chat, message.service, message.account) == (
        "Здравствуйте! Сколько стоит доставка?",
        "700100200",
        "telegram",
        "55501",
    )


def test_an_own_contact_is_a_certain_phone():
    told = event(message=wrote(contact={"phone_number": "79160001122", "first_name": "Мария", "user_id": 700100200}))
    assert told.person.phones == ("+79160001122",)
    assert told.payload.message.text == "Контакт: Мария +79160001122"


@pytest.mark.parametrize("owner", [{"user_id": 5}, {}])
def test_somebody_elses_card_is_shown_but_is_not_the_writers_phone(owner):
    told = event(message=wrote(contact={"phone_number": "+79160001122", "first_name": "Пётр", **owner}))
    assert told.person.phones == ()
    assert "+79160001122" in told.payload.message.text


def test_a_number_in_a_forwarded_text_is_not_the_writers():
    told = event(message=wrote(text="Звоните +7 916 000-11-22", forward_origin={"type": "hidden_user"}))
    assert told.person.phones == ()


def test_a_number_typed_in_the_talk_is_the_writers():
    assert event(message=wrote(text="мой номер 8 916 000-11-22")).person.phones == ("+79160001122",)


def test_the_largest_size_of_a_picture_is_taken():
    sizes = [
        {"file_id": "middle", "width": 320, "height": 200, "file_size": 9_000},
        {"file_id": "large", "width": 1280, "height": 800, "file_size": 90_000},
        {"file_id": "small", "width": 90, "height": 60, "file_size": 900},
    ]
    message = message_of(photo=sizes, caption="Вот крыша")
    assert message.text == "Вот крыша"
    assert message.files == (MessageFile(MediaKind.PICTURE, "large", "", "image/jpeg", 90_000),)


@pytest.mark.parametrize(
    ("kind", "file", "media"),
    [
        ("voice", {"mime_type": "audio/ogg"}, MediaKind.VOICE),
        ("video", {"mime_type": "video/mp4"}, MediaKind.VIDEO),
        ("video_note", {}, MediaKind.VIDEO),
        ("audio", {"mime_type": "audio/mpeg", "file_name": "a.mp3"}, MediaKind.AUDIO),
        ("document", {"mime_type": "application/pdf", "file_name": "Смета.pdf"}, MediaKind.FILE),
        ("document", {"mime_type": "image/png", "file_name": "план.png"}, MediaKind.PICTURE),
    ],
)
def test_files_are_told_by_their_kind(kind, file, media):
    [found] = message_of(**{kind: {"file_id": "f", "file_size": 5, **file}}).files
    assert (found.kind, found.ref, found.name, found.size) == (media, "f", file.get("file_name", ""), 5)


def test_an_animation_is_one_file_though_it_comes_with_a_document():
    clip = {"file_id": "clip", "file_name": "clip.mp4", "mime_type": "video/mp4"}
    assert len(message_of(animation=clip, document=clip).files) == 1


def test_each_picture_of_an_album_is_a_message_of_its_own():
    photo = [{"file_id": "a", "width": 1, "height": 1}]
    first = event(message=wrote(photo=photo, media_group_id="17", caption="Три фото"))
    second = event(message={**wrote(photo=photo, media_group_id="17"), "message_id": 32})
    assert {first.external_id, second.external_id} == {"message:700100200:31", "message:700100200:32"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"location": {"latitude": 55.75, "longitude": 37.61}}, "Место на карте: 55.75, 37.61"),
        (
            {"venue": {"title": "Склад", "address": "Ленина, 1", "location": {"latitude": 5, "longitude": 6}}},
            "Склад, Ленина, 1",
        ),
        ({"sticker": {"file_id": "s", "emoji": "👍"}}, "Стикер 👍"),
        ({"dice": {"emoji": "🎲", "value": 4}}, "🎲 4"),
        ({"poll": {"question": "Когда?", "options": [{"text": "Завтра"}]}}, "Опрос: Когда?\n– Завтра"),
    ],
)
def test_what_has_no_words_is_said_in_words(content, said):
    assert message_of(**content).text.startswith(said)


def test_a_message_of_a_group_is_marked_and_belongs_to_who_wrote_it():
    told = event(message={**wrote(text="Кто возьмёт?"), "chat": GROUP})
    assert told.payload.message.group
    assert told.payload.message.chat == "-1001234567890"
    assert told.person.messengers == ("telegram:700100200",)
    assert told.external_id == "message:-1001234567890:31"


def test_an_answer_names_the_message_that_it_quotes():
    assert message_of(text="Да", reply_to_message={"message_id": 29}).answers == "700100200:29"


def test_an_edited_message_is_an_event_of_its_own_for_each_new_text():
    told = event(edited_message=wrote(text="На субботу", edit_date=1764576100))
    assert told.type is EventType.MESSAGE_EDITED
    assert told.payload.message.id == "700100200:31"
    later = event(edited_message=wrote(text="На воскресенье", edit_date=1764576200))
    assert told.external_id != later.external_id


def test_a_place_shared_live_is_no_stream_of_edits():
    place = {"latitude": 55.75, "longitude": 37.61, "live_period": 900}
    assert not received(edited_message=wrote(location=place, edit_date=1764576100)).events


def test_start_begins_a_chat_with_the_marks_of_its_link_and_is_no_message():
    told = event(message=wrote(text="/start src-yandex_cmp-brand"))
    assert told.type is EventType.CHAT_STARTED
    assert told.payload.utm == Utm(source="yandex", campaign="brand")
    assert event(message=wrote(text="/start")).payload.utm == Utm()


def test_who_blocks_the_bot_has_stopped_the_chat():
    member = {"user": {"id": 55501, "is_bot": True}, "status": "kicked"}
    told = event(my_chat_member={"chat": CHAT, "from": MARIA, "date": 1764576000, "new_chat_member": member})
    assert told.type is EventType.CHAT_STOPPED
    assert (told.payload.chat, told.person.messengers) == ("700100200", ("telegram:700100200",))


def test_a_button_is_a_message_with_its_label_and_stops_turning_by_the_reply():
    keys = {"inline_keyboard": [[{"text": "Да, звоните", "callback_data": "call:yes"}]]}
    below = {**wrote(text="Позвонить вам?"), "from": {"id": 55501, "is_bot": True}, "reply_markup": keys}
    answer = received(callback_query={"id": "3007", "from": MARIA, "message": below, "data": "call:yes"})
    [told] = answer.events
    message = told.payload.message
    assert (message.button, message.text, message.answers) == ("call:yes", "Да, звоните", "700100200:31")
    assert told.external_id == "message:button:3007"
    assert json.loads(answer.reply.body) == {"method": "answerCallbackQuery", "callback_query_id": "3007"}


def test_in_a_business_account_the_client_writes_and_the_owner_answers():
    more = {"business_connection_id": "bc1"}
    asked = event(business_message=wrote(text="Есть в наличии?", **more))
    assert asked.type is EventType.MESSAGE_RECEIVED
    assert asked.payload.message.chat == "bc1/700100200"
    answered = event(business_message={**wrote(text="Есть", **more), "from": SELLER, "message_id": 32})
    assert answered.type is EventType.MESSAGE_SENT
    assert (answered.payload.staff, answered.person.messengers) == ("Анна", ("telegram:700100200",))
    ours = {**wrote(text="Ответ бота", **more), "from": SELLER, "sender_business_bot": {"id": 55501}}
    assert not received(business_message=ours).events


def test_an_event_of_the_future_is_of_now():
    told = event(message=wrote(text="из будущего", date=4_000_000_000))
    assert told.occurred_at == told.received_at


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"update_id": "7"}', b'{"ok": true}', b"\xff\xfe"])
def test_what_is_no_update_is_unreadable(body):
    with pytest.raises(UnreadableError):
        TelegramChannel("bot", BOT).receive(from_telegram(body, ASCII), nothing)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
MEMBERS = (
    "from chat text photo document contact location venue poll date reply_markup inline_keyboard id message_id options "
    "file_id width file_size user_id phone_number new_chat_member status"
)
NAMES = st.sampled_from(MEMBERS.split())


PIECE = JSON | st.dictionaries(NAMES, JSON, max_size=4)
KINDS = st.sampled_from(["message", "edited_message", "business_message", "callback_query", "my_chat_member"])


@settings(max_examples=30)
@given(KINDS, st.dictionaries(NAMES, PIECE, max_size=4))
def test_whatever_members_an_update_has_it_breaks_nothing(kind, members):
    delivery = from_telegram(update(**{kind: wrote(**members)}), ASCII)
    assert len(TelegramChannel("bot", BOT).receive(delivery, nothing).events) <= 1


WORD = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=8)


@given(st.builds(Utm, source=WORD, medium=WORD, campaign=WORD, content=WORD, term=WORD))
def test_marks_survive_both_ways_of_writing_them(utm):
    short = f"src-{utm.source}_med-{utm.medium}_cmp-{utm.campaign}_cnt-{utm.content}_trm-{utm.term}"
    assert utm_of_start(short) == utm
    marks = {name: getattr(utm, name) for name in ("source", "medium", "campaign", "content", "term")}
    query = "&".join(f"utm_{name}={value}" for name, value in marks.items())
    assert utm_of_start(base64.urlsafe_b64encode(query.encode()).decode().rstrip("=")) == utm


@pytest.mark.parametrize(
    ("payload", "utm"),
    [
        ("", Utm()),
        ("utm_vk_spring", Utm(source="vk", campaign="spring")),
        ("utm_vk", Utm(source="vk")),
        ("src-vk-ads", Utm(source="vk-ads")),
        ("order-17", Utm(clicks={"start": "order-17"})),
        ("src-vk_17", Utm(clicks={"start": "src-vk_17"})),
        (base64.urlsafe_b64encode("utm_source=яндекс&yclid=5".encode()).decode(), Utm("яндекс", clicks={"yclid": "5"})),
    ],
)
def test_a_payload_is_read_or_kept_as_it_is(payload, utm):
    assert utm_of_start(payload) == utm


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ({"receive": "webhook"}, "without a secret"),
        ({"receive": "webhook", "secret": "с пробелом"}, "not what Telegram takes"),
        ({"receive": "webhook", "secret": "x" * 257}, "not what Telegram takes"),
    ],
)
def test_a_webhook_needs_a_secret_that_telegram_takes(more, complaint):
    with pytest.raises(ValidationError, match=complaint):
        TelegramSettings.model_validate({"type": "telegram", "token": "1:x", **more})


def test_off_is_off_also_as_yaml_reads_it():
    assert TelegramSettings.model_validate({"type": "telegram", "token": "1:x", "receive": False}).receive == "off"


@pytest.mark.parametrize("odd", [5, "x", [5], [[5]], {"file_id": 5}, True])
@pytest.mark.parametrize(
    "member",
    ["photo", "document", "poll", "venue", "contact", "sticker", "reply_to_message", "text", "date", "caption"],
)
def test_an_odd_member_breaks_nothing(member, odd):
    assert len(received(message=wrote(**{member: odd})).events) <= 1
    assert len(received(callback_query={"id": 1, "from": MARIA, "message": {member: odd}, "data": odd}).events) == 1


def test_receiving_loads_no_library_of_telegram():
    code = "import sys, connectors.telegram.channel, connectors.telegram.settings; print('telegram' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"
