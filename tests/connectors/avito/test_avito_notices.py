"""What Avito tells, byte for byte as it posts it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.avito.channel import AvitoChannel, book_of, receiver
from connectors.avito.message import echo_mark
from connectors.avito.settings import AvitoSettings
from provodka.channel import Delivery, RefusedError, UnreadableError
from provodka.payloads import EventType
from provodka.talks import MediaKind
from tests.contract.case import NOW, around, nothing

SECRET = "right-secret-0123456789"
SETTINGS = AvitoSettings.model_validate(
    {"user_id": 90000001, "client_id": "id", "client_secret": "key", "secret": SECRET}
)
MESSAGE = (
    '{"id":"1f6f0000-0000-4000-8000-000000000001","version":"v3.0.0","timestamp":1764576001,"payload":{"type":"message",'
    '"value":{"id":"a1b2c3d4e5f6","chat_id":"u2i-1~AbCdEfGh","user_id":90000001,"author_id":120000002,'
    '"created":1764576000,"type":"text","chat_type":"u2i","content":{"text":"Ещё продаёте?"},"item_id":3000000001,'
    '"published_at":"2025-12-01T08:00:00Z"}}}'
).encode()
SYSTEM = (
    '{"id":"1f6f0000-0000-4000-8000-000000000002","version":"v3.0.0","timestamp":1764576101,"payload":{"type":"message",'
    '"value":{"id":"a1b2c3d4e5f7","chat_id":"u2i-1~AbCdEfGh","user_id":90000001,"author_id":0,"created":1764576100,'
    '"type":"system","chat_type":"u2i","content":{"text":"[Системное сообщение]"},"item_id":3000000001,'
    '"published_at":"2025-12-01T08:01:40Z"}}}'
).encode()


class Clock:
    now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def book(store, clock):
    return book_of(SETTINGS, replace(around(store), now=clock))


@pytest.fixture
def receive(book):
    channel = AvitoChannel("avito", SETTINGS, book)

    def received(body: bytes, path: str = SECRET):
        return channel.receive(Delivery("POST", path, {}, {}, body, NOW), nothing)

    return received


def notice(**value: object) -> bytes:
    whole = json.loads(MESSAGE)
    whole["payload"]["value"] |= value
    return json.dumps(whole, ensure_ascii=False).encode()


def test_a_message_tells_who_asks_about_which_advert(receive):
    received = receive(MESSAGE)
    assert json.loads(received.reply.body) == {"ok": True}
    [event] = received.events
    assert (event.type, event.external_id) == (EventType.MESSAGE_RECEIVED, "message:a1b2c3d4e5f6")
    assert event.occurred_at == datetime(2025, 12, 1, 8, 0, tzinfo=UTC)
    assert event.person.messengers == ("avito:120000002",)
    said = event.payload.message
    assert (said.text, said.chat, said.account) == ("Ещё продаёте?", "u2i-1~AbCdEfGh", "90000001")
    assert said.about == "Объявление 3000000001"


def test_a_service_text_opens_nothing_and_is_kept_with_its_talk(receive):
    received = receive(SYSTEM)
    assert (received.reply.status, received.events) == (200, ())
    [part] = received.parts
    assert (part.key, part.id) == ("talk:u2i-1~AbCdEfGh", "a1b2c3d4e5f7")


def test_what_a_colleague_writes_in_avito_is_told(receive):
    [event] = receive(notice(author_id=90000001)).events
    assert event.type is EventType.MESSAGE_SENT
    assert event.person.identities == ()  # Avito tells only the talk, not with whom it is
    assert event.payload.message.chat == "u2i-1~AbCdEfGh"


def test_what_we_wrote_is_known_by_its_number_or_for_a_while_by_its_words(receive, book, clock):
    book.mark("a1b2c3d4e5f6")
    assert receive(notice(author_id=90000001)).events == ()
    own = {"id": "other", "author_id": 90000001}
    assert len(receive(notice(**own)).events) == 1
    book.mark(echo_mark("u2i-1~AbCdEfGh", {"content": {"text": "Ещё продаёте?"}}))
    assert receive(notice(**own)).events == ()
    assert len(receive(notice(**own, content={"text": "Другое"})).events) == 1
    clock.now += timedelta(minutes=6)
    assert len(receive(notice(**own)).events) == 1


def test_what_we_sent_is_forgotten_after_some_days(store, book, clock):
    book.mark("one")
    clock.now += timedelta(days=1)
    assert book.knows("one")
    clock.now += timedelta(days=1)
    assert not book.knows("one")
    book.mark("two")
    assert store.snapshot_ids("avito:90000001", f"sent-{NOW:%Y-%m-%d}") == []


@pytest.mark.parametrize(
    ("kind", "content", "text", "files"),
    [
        (
            "image",
            {"image": {"sizes": {"32x32": "https://i/s", "1280x960": "https://i/l", "140x105": "https://i/m"}}},
            "",
            [(MediaKind.PICTURE, "https://i/l")],
        ),
        ("voice", {"voice": {"voice_id": "v-1"}}, "", [(MediaKind.VOICE, "voice:v-1")]),
        ("link", {"link": {"text": "Смотрите", "url": "https://shop"}}, "Смотрите\nhttps://shop", []),
        ("location", {"location": {"lat": 55.7, "lon": 37.6, "text": "Москва"}}, "Место: Москва 55.7, 37.6", []),
        (
            "item",
            {"item": {"title": "Дверь", "item_url": "https://avito.ru/1"}},
            "Объявление: Дверь\nhttps://avito.ru/1",
            [],
        ),
        ("call", {"call": {"status": "missed"}}, "[пропущенный звонок]", []),
        ("deleted", {}, "[deleted]", []),
        ("image", {"image": None}, "", []),
    ],
)
def test_every_kind_of_message_says_something(receive, kind, content, text, files):
    [event] = receive(notice(type=kind, content=content)).events
    said = event.payload.message
    assert (said.text, [(file.kind, file.ref) for file in said.files]) == (text, files)


@pytest.mark.parametrize("path", ["", "wrong", SECRET[:-1], f"{SECRET}/x"])
def test_an_address_without_the_secret_is_refused(receive, path):
    with pytest.raises(RefusedError):
        receive(MESSAGE, path)


@pytest.mark.parametrize("body", [notice(user_id=5), notice(id=None), notice(chat_id=""), b"[1, 2]"])
def test_authentic_rubbish_is_unreadable(receive, body):
    with pytest.raises(UnreadableError):
        receive(body)


def test_a_kind_of_notice_that_nobody_knows_is_answered(receive):
    received = receive(b'{"payload": {"type": "typing", "value": {}}}')
    assert (received.reply.status, received.events, received.parts) == (200, (), ())


def test_without_a_secret_there_is_no_receiver(store):
    settings = AvitoSettings.model_validate({"user_id": 1, "client_id": "id", "client_secret": "key"})
    assert receiver("avito", settings, around(store)) is None
