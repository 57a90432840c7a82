"""What VK tells becomes events, byte for byte as it posts it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from connectors.vk.channel import VkChannel, book_of
from connectors.vk.settings import VkSettings
from provodka.channel import Delivery, RefusedError, UnreadableError
from provodka.event import Event
from provodka.payloads import EventType
from provodka.talks import MediaKind
from tests.contract.case import NOW, around, nothing

SECRET = "vk-example-secret"
SETTINGS = VkSettings.model_validate({"group": 190000001, "secret": SECRET, "confirmation": "0fexample"})
CONFIRMATION = b'{"type":"confirmation","group_id":190000001}'
MESSAGE = (
    '{"type":"message_new","object":{"message":{"date":1764576000,"from_id":100200300,"id":1501,"version":10000031,'
    '"out":0,"peer_id":100200300,"text":"Здравствуйте!","conversation_message_id":12,"fwd_messages":[],'
    '"important":false,"is_hidden":false,"attachments":[],"random_id":0,"ref":"utm_spring","ref_source":"ads"},'
    '"client_info":{"button_actions":["text","open_link"],"keyboard":true,"inline_keyboard":true,"carousel":true,'
    '"lang_id":0}},"group_id":190000001,"event_id":"5e6f0000000000000000000000000000000000a1","v":"5.199",'
    '"secret":"vk-example-secret"}'
).encode()
LEAD = (
    '{"type":"lead_forms_new","object":{"lead_id":77,"group_id":190000001,"user_id":100200300,"form_id":3,'
    '"form_name":"Расчёт окна","ad_id":555001,"answers":[{"key":"first_name","question":"Имя","answer":"Мария"},'
    '{"key":"phone_number","question":"Номер телефона","answer":"+79160001122"},{"key":"custom_0",'
    '"question":"Сколько окон?","answer":"3"}]},"group_id":190000001,'
    '"event_id":"5e6f0000000000000000000000000000000000a2","v":"5.199","secret":"vk-example-secret"}'
).encode()


@pytest.fixture
def house(store):
    return around(store)


@pytest.fixture
def receive(house):
    book = book_of(SETTINGS, house)
    channel = VkChannel("vk", SETTINGS, book)

    def received(body: bytes) -> list[Event]:
        reply = channel.receive(Delivery("POST", "", {"x-retry-counter": "1"}, {}, body, NOW), nothing)
        assert reply.reply.body == b"ok"
        return list(reply.events)

    received.book = book
    received.channel = channel
    return received


def notice(kind: str, told: object, **more: object) -> bytes:
    body = {"type": kind, "object": told, "group_id": 190000001, "event_id": "e1", "secret": SECRET, **more}
    return json.dumps(body, ensure_ascii=False).encode()


def message(**more: object) -> bytes:
    body = {"date": 1764576000, "from_id": 7, "id": 5, "peer_id": 7, "text": "", **more}
    return notice("message_new", {"message": body, "client_info": {}})


def test_the_confirmation_is_answered_with_the_string_of_the_settings_and_nothing_is_kept(receive):
    received = receive.channel.receive(Delivery("POST", "", {}, {}, CONFIRMATION, NOW), nothing)
    assert (received.reply.status, received.reply.body, received.events) == (200, b"0fexample", ())


@pytest.mark.parametrize(
    "changed",
    [{"secret": "wrong"}, {"group_id": 190000002}, {"group_id": 190000002, "secret": SECRET}, {"secret": None}],
)
def test_a_confirmation_of_another_community_or_with_a_wrong_secret_is_refused(receive, changed):
    body = json.dumps({**json.loads(CONFIRMATION), **changed}).encode()
    with pytest.raises(RefusedError):
        receive.channel.receive(Delivery("POST", "", {}, {}, body, NOW), nothing)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"secret=vk-example-secret", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_object_has_no_secret_and_is_refused(receive, body):
    with pytest.raises(RefusedError):
        receive(body)


def test_a_message_tells_who_wrote_what_and_where_they_came_from(receive):
    (event,) = receive(MESSAGE)
    assert (event.type, event.external_id) == (EventType.MESSAGE_RECEIVED, "message:1501")
    assert event.person.messengers == ("vk:100200300",)
    assert event.occurred_at == datetime(2025, 12, 1, 8, 0, tzinfo=UTC)
    said = event.payload.message
    assert (said.text, said.chat, said.service, said.account) == ("Здравствуйте!", "100200300", "vk", "190000001")
    assert event.payload.utm.source == "spring"
    assert event.payload.utm.clicks["ref_source"] == "ads"
    assert SECRET.encode() not in event.raw


def test_both_shapes_of_a_message_are_one_message(receive):
    whole = json.loads(MESSAGE)
    whole["object"] = whole["object"]["message"]
    (new,), (old,) = receive(MESSAGE), receive(json.dumps(whole).encode())
    assert (new.external_id, new.person, new.payload) == (old.external_id, old.person, old.payload)


def test_a_ref_that_says_no_source_leaves_that_to_ref_source(receive):
    (event,) = receive(message(ref="banner7", ref_source="community_action_button"))
    assert event.payload.utm.source == "community_action_button"
    assert event.payload.utm.clicks["start"] == "banner7"


def test_attachments_are_files_where_they_can_be_had_and_words_where_not(receive):
    hung = [
        {"type": "photo", "photo": {"id": 1, "owner_id": 7, "sizes": [
            {"url": "https://u/s.jpg", "width": 75, "height": 75},
            {"url": "https://u/z.jpg", "width": 1280, "height": 720}]}},
        {"type": "doc", "doc": {"title": "план.pdf", "size": 2048, "url": "https://u/doc"}},
        {"type": "audio_message", "audio_message": {"link_ogg": "https://u/v.ogg", "link_mp3": "https://u/v.mp3"}},
        {"type": "sticker", "sticker": {"images": [{"url": "https://u/st.png", "width": 64, "height": 64}]}},
        {"type": "video", "video": {"id": 4, "owner_id": 7, "title": "Крыша"}},
        {"type": "wall", "wall": {"id": 8, "owner_id": -9}},
        {"type": "link", "link": {"title": "Каталог", "url": "https://shop"}},
        {"type": "audio", "audio": {"artist": "А", "title": "Б", "url": ""}},
        {"type": "hologram", "hologram": {}},
    ]  # fmt: skip
    (event,) = receive(
        message(text="Смотрите", attachments=hung, geo={"coordinates": {"latitude": 55.7, "longitude": 37}})
    )
    said = event.payload.message
    assert [(file.kind, file.ref) for file in said.files] == [
        (MediaKind.PICTURE, "https://u/z.jpg"),
        (MediaKind.FILE, "https://u/doc"),
        (MediaKind.VOICE, "https://u/v.mp3"),
        (MediaKind.PICTURE, "https://u/st.png"),
    ]
    assert (said.files[1].name, said.files[1].size) == ("план.pdf", 2048)
    assert said.text.splitlines() == [
        "Смотрите",
        "Видео: Крыша https://vk.com/video7_4",
        "Запись: https://vk.com/wall-9_8",
        "Каталог https://shop",
        "[audio]",
        "[hologram]",
        "Место: 55.7, 37",
    ]


def test_an_article_of_the_community_is_what_the_talk_is_about(receive):
    goods = {"type": "market", "market": {"id": 11, "owner_id": -190000001, "title": "Окно ПВХ"}}
    (event,) = receive(message(attachments=[goods]))
    said = event.payload.message
    assert (said.about, said.about_url) == ("Окно ПВХ", "https://vk.com/market-190000001_11")


def test_a_phone_in_a_forwarded_message_is_not_the_writers(receive):
    forwarded = [{"text": "Звоните +79990001122", "fwd_messages": [{"text": "глубже"}]}]
    (event,) = receive(message(text="Вот", fwd_messages=forwarded))
    assert event.payload.message.text == "Вот\n> Звоните +79990001122\n>> глубже"
    assert event.person.phones == ()
    (own,) = receive(message(text="Мой +79990001122"))
    assert own.person.phones == ("+79990001122",)


def test_forwards_deeper_than_any_parser_goes_are_kept_as_unreadable(receive):
    told: dict = {"text": "дно"}
    for _ in range(40):
        told = {"text": "", "fwd_messages": [told]}
    with pytest.raises(UnreadableError):
        receive(message(fwd_messages=[told]))


def test_a_button_brings_its_data_and_an_answer_names_what_it_answers(receive):
    (event,) = receive(message(text="Да", payload='{"button":"1"}', reply_message={"id": 4, "text": "Замер?"}))
    assert (event.payload.message.button, event.payload.message.answers) == ('{"button":"1"}', "4")
    (pressed,) = receive(notice("message_event", {"user_id": 7, "peer_id": 7, "event_id": "p", "payload": {"a": "ж"}}))
    assert pressed.external_id == "message:press:p"
    assert pressed.payload.message.button == '{"a":"ж"}'
    assert pressed.person.messengers == ("vk:7",)


def test_a_chat_of_several_people_is_one_and_its_messages_have_numbers_of_its_own(receive):
    (event,) = receive(message(id=0, peer_id=2000000003, conversation_message_id=44))
    assert event.external_id == "message:2000000003:44"
    assert event.payload.message.group


def test_what_a_colleague_writes_in_vk_is_told_and_what_we_sent_is_not(receive):
    said = {"date": 1764576000, "from_id": -190000001, "id": 9, "peer_id": 7, "text": "Добрый день", "out": 1}
    (event,) = receive(notice("message_reply", {**said, "random_id": 0}))
    assert (event.type, event.external_id) == (EventType.MESSAGE_SENT, "message:9")
    assert event.person.messengers == ("vk:7",)
    (to_many,) = receive(notice("message_reply", {**said, "id": 11, "peer_id": 2000000003}))
    assert to_many.person.identities == ()
    assert len(receive(notice("message_reply", {**said, "id": 10, "random_id": 515}))) == 1
    receive.book.mark("515")
    assert receive(notice("message_reply", {**said, "id": 10, "random_id": 515})) == []


def test_our_own_message_changed_makes_no_event(receive):
    body = {"date": 1, "from_id": -190000001, "id": 9, "peer_id": 7, "text": "x", "out": 1, "update_time": 2}
    assert receive(notice("message_edit", body)) == []


def test_a_lead_form_is_a_form_with_its_name_its_questions_and_its_advert(receive):
    (event,) = receive(LEAD)
    assert (event.type, event.external_id) == (EventType.FORM_SUBMITTED, "lead:3:77")
    assert (event.person.name, event.person.phones) == ("Мария", ("+79160001122",))
    assert event.person.messengers == ("vk:100200300",)
    form = event.payload.form
    assert (form.name, form.id, form.fields) == ("Расчёт окна", "3", {"Сколько окон?": "3"})
    assert event.payload.utm.clicks == {"vk_ad_id": "555001"}


def test_a_phone_that_is_none_stays_among_the_answers(receive):
    answers = [{"key": "phone_number", "question": "Телефон", "answer": "нет"}, {"key": "age", "answer": 31},
               {"key": "custom_1", "question": "Телефон", "answer": ["a", "b"]}]  # fmt: skip
    (event,) = receive(notice("lead_forms_new", {"lead_id": 1, "form_id": 3, "user_id": 0, "answers": answers}))
    assert event.person.identities == ()
    assert event.payload.form.fields == {"Телефон": "нет", "Возраст": "31", "Телефон (custom_1)": "a, b"}


def test_a_kind_that_tells_nothing_of_people_is_answered_all_the_same(receive):
    assert receive(notice("like_add", {"liker_id": 7})) == []
    assert receive(notice("message_typing_state", {"from_id": 7})) == []
