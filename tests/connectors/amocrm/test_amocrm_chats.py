"""Talks in the card: signed as the vendor's own examples are, shown once, answered by the staff."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Thread

import pytest

from connectors.amocrm.chat_hooks import read_reply
from connectors.amocrm.chats import PREFIX, sign
from provodka.channel import Delivery, RefusedError, UnreadableError
from provodka.crm import ChatDelivery, ChatMedia, ChatMessage, DeliveryState, MediaKind, StaffReply
from provodka.errors import Ambiguous, Rejected, Retryable
from provodka.operation import Done, Request

SECRET = "0123456789abcdef0123456789abcdef01234567"
CHANNEL = "11111111-2222-4333-8444-555555555555"
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
SENT = datetime(2026, 3, 2, 9, tzinfo=UTC)
HELLO = ChatMessage("tg-1", "chat-77", "user-77", "Иван", SENT, "Здравствуйте", phone="+79160001122")
RAW = {
    "account_id": "a1b2c3d4-0000-4000-8000-000000000001",
    "time": 1767225600,
    "message": {
        "receiver": {"id": "c0", "phone": "8 900 000-00-01", "email": "ivan@example.test", "client_id": "tg-user-77"},
        "sender": {"id": "d0", "name": "Анна Смирнова"},
        "conversation": {"id": "e0", "client_id": "tg-chat-77"},
        "source": {"external_id": "tg-main"},
        "timestamp": 1767225600,
        "msec_timestamp": 1767225600000,
        "message": {"id": "f0", "type": "text", "text": "Добрый день!", "markup": None, "media": "", "file_size": 0},
    },
}


@pytest.fixture
def talking(make_crm, desk):
    crm = make_crm(chats={"channel_id": CHANNEL, "secret": SECRET, "url": desk.account.url, "per_second": 1000})
    crm.connect_talks()
    return crm


def delivery(raw, signature=None, tail=b""):
    body = raw if isinstance(raw, bytes) else json.dumps(raw).encode()
    mark = hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest()
    headers = {"x-signature": mark if signature is None else signature}
    return Delivery("POST", "", headers, {}, body + tail, NEW_YEAR)


def messages(desk):
    with desk.account.store.lock:
        return [
            (one.content.get("text"), one.is_incoming) for c in desk.account.store.chats.values() for one in c.messages
        ]


@pytest.mark.parametrize(
    ("method", "path", "body", "digest", "mark"),
    [
        (
            "POST",
            f"/{CHANNEL}/connect",
            b'{"account_id":"a1b2c3d4-0000-4000-8000-000000000001","title":"Middleware","hook_api_version":"v2"}',
            "3e296646a065de01e652b517d641f50d",
            "d9209e81ba2b2b9226a438d689913dab7cd35951",
        ),
        (
            "GET",
            f"/{CHANNEL}_a1b2c3d4-0000-4000-8000-000000000001/chats/e0000000-0000-4000-8000-000000000001/history",
            b"",
            "d41d8cd98f00b204e9800998ecf8427e",
            "2bcad7d7e1ef483fd01ca93b2389ae691bddbdc2",
        ),
    ],
)
def test_requests_are_signed_as_in_the_known_examples(method, path, body, digest, mark):
    assert sign(SECRET, method, PREFIX + path, body, NEW_YEAR) == {
        "Date": "Thu, 01 Jan 2026 00:00:00 +0000",
        "Content-Type": "application/json",
        "Content-MD5": digest,
        "X-Signature": mark,
    }


def test_a_talk_is_shown_both_ways_and_reaches_the_clients_card(talking, desk, ask):
    contact = desk.contact("Иван", "+7 916 000-11-22")
    answer = ChatMessage("tg-2", "chat-77", "user-77", "Иван", SENT, "Ответ с телефона", staff="anna@krovlya.ru")
    picture = ChatMessage(
        "tg-3", "chat-77", "user-77", "Иван", SENT, media=ChatMedia(MediaKind.PICTURE, "https://x.ru/p.jpg", "p.jpg", 9)
    )
    outcomes = talking.post_messages(ask(HELLO, answer, picture))
    assert all(isinstance(one, Done) and one.remote_id for one in outcomes)
    assert len({one.values["crm_chat_id"] for one in outcomes}) == 1
    assert messages(desk) == [("Здравствуйте", True), ("Ответ с телефона", False), ("", True)]
    talks = desk.api("GET", "/talks")["_embedded"]["talks"]
    assert [str(one["contact_id"]) for one in talks] == [contact]


def test_each_message_has_an_outcome_of_its_own(talking, ask):
    empty, stranger, good = talking.post_messages(
        ask(
            ChatMessage("tg-1", "chat-77", "user-77", "Иван", SENT),
            ChatMessage("tg-2", "chat-77", "user-77", "Иван", SENT, "а", staff="nobody@krovlya.ru"),
            HELLO,
        )
    )
    assert isinstance(empty, Rejected)
    assert "ни текста, ни файла" in empty.hint
    assert isinstance(stranger, Rejected)
    assert "сотрудника «nobody@krovlya.ru»" in stranger.hint
    assert isinstance(good, Done)


@pytest.mark.parametrize("kind", ["cut_after", "cut_before"])
def test_a_message_whose_answer_was_lost_is_shown_once(talking, desk, ask, kind):
    talking.post_messages(ask(HELLO))
    requests = ask(ChatMessage("tg-9", "chat-77", "user-77", "Иван", SENT, "Ещё вопрос"))
    desk.control("faults", {"path": "/v2/origin/custom", "kind": kind, "method": "POST"})
    assert isinstance(talking.post_messages(requests)[0], Ambiguous)
    since = datetime.now(UTC) - timedelta(seconds=30)
    [again] = talking.post_messages([Request(one.key, one.params, since) for one in requests])
    assert (again.found, bool(again.remote_id)) == (kind == "cut_after", True)
    assert [text for text, _ in messages(desk)] == ["Здравствуйте", "Ещё вопрос"]


def test_a_look_that_fails_for_one_message_does_not_hold_up_the_others(talking, desk, ask):
    first, second = (ChatMessage(f"tg-{n}", f"chat-{n}", f"user-{n}", "Иван", SENT, f"Вопрос {n}") for n in (1, 2))
    talking.post_messages(ask(first, second))
    desk.control("faults", {"path": "/v2/origin/custom", "status": 500, "method": "GET"})
    since = datetime.now(UTC) - timedelta(seconds=30)
    broken, found = talking.post_messages([Request(one.key, one.params, since) for one in ask(first, second)])
    assert isinstance(broken, Retryable)
    assert isinstance(found, Done)
    assert found.found


def test_a_channel_that_was_cut_off_is_connected_again(talking, desk, ask):
    with desk.account.store.lock:
        desk.account.store.set_setting("channel", {"is_connected": False})
    assert isinstance(talking.post_messages(ask(HELLO))[0], Done)


def test_the_staff_see_what_became_of_their_message(talking, desk, ask):
    [made] = talking.post_messages(ask(HELLO))
    read, failed, unknown = talking.report_deliveries(
        ask(
            ChatDelivery(made.remote_id, "chat-77", DeliveryState.READ),
            ChatDelivery(made.remote_id, "chat-77", DeliveryState.FAILED, "Пользователь заблокировал бота"),
            ChatDelivery("нет-такого", "chat-77", DeliveryState.DELIVERED),
        )
    )
    assert read == failed == Done(made.remote_id)
    assert isinstance(unknown, Rejected)
    with desk.account.store.lock:
        [message] = [one for chat in desk.account.store.chats.values() for one in chat.messages]
        assert (message.delivery, message.error) == (-1, {"code": 905, "text": "Пользователь заблокировал бота"})


def test_a_wrong_secret_is_told_and_holds_nothing_else(make_crm, desk, store, ask):
    crm = make_crm(chats={"channel_id": CHANNEL, "secret": "wrong", "url": desk.account.url})
    with pytest.raises(Rejected) as caught:
        crm.connect_talks()
    assert "crm.chats.secret" in caught.value.hint
    assert store.holds == []


def test_without_a_channel_talks_are_refused_with_the_cure(crm, ask):
    outcomes = [
        *crm.post_messages(ask(HELLO)),
        *crm.report_deliveries(ask(ChatDelivery("m", "c", DeliveryState.READ))),
    ]
    assert all(isinstance(one, Rejected) and "crm.chats" in one.hint for one in outcomes)


def test_a_message_of_the_staff_is_read_from_the_hook():
    assert read_reply(delivery(RAW, tail=b"\n"), SECRET) == StaffReply(
        message_id="f0",
        crm_chat_id="e0",
        sent_at=NEW_YEAR,
        chat_id="tg-chat-77",
        person_id="tg-user-77",
        phone="+79000000001",
        staff_name="Анна Смирнова",
        text="Добрый день!",
        source="tg-main",
    )


def test_a_talk_that_was_begun_in_the_crm_has_no_chat_of_the_messenger_yet():
    message = {**RAW["message"], "conversation": {"id": "e0"}, "source": None}
    reply = read_reply(delivery({**RAW, "message": message}), SECRET)
    assert (reply.chat_id, reply.phone, reply.source) == ("", "+79000000001", "")


@pytest.mark.parametrize(
    ("content", "text", "media"),
    [
        (
            {"type": "picture", "media": "https://x.ru/p.jpg", "file_name": "p.jpg", "file_size": 7},
            "",
            ChatMedia(MediaKind.PICTURE, "https://x.ru/p.jpg", "p.jpg", 7),
        ),
        ({"type": "sticker", "media": "https://x.ru/s"}, "", ChatMedia(MediaKind.FILE, "https://x.ru/s")),
        ({"type": "location"}, "[location]", None),
    ],
)
def test_files_and_unknown_kinds_of_messages_are_not_lost(content, text, media):
    message = {**RAW["message"], "message": {"id": "f1", **content}}
    reply = read_reply(delivery({**RAW, "message": message}), SECRET)
    assert (reply.text, reply.media) == (text, media)


def test_typing_and_reactions_are_no_messages():
    raw = {"account_id": "a", "time": 1, "action": {"typing": {"user": {"id": "d"}, "conversation": {"id": "e"}}}}
    assert read_reply(delivery(raw), SECRET) is None


@pytest.mark.parametrize("signature", ["", "0" * 40, "подпись"])
def test_a_hook_with_a_foreign_signature_is_refused(signature):
    with pytest.raises(RefusedError):
        read_reply(delivery(RAW, signature), SECRET)


@pytest.mark.parametrize("raw", [b"{", b"[]", {"message": {"message": {"text": "тайна"}}}])
def test_a_signed_hook_that_cannot_be_read_says_where_and_not_what(raw):
    with pytest.raises(UnreadableError) as caught:
        read_reply(delivery(raw), SECRET)
    assert "тайна" not in str(caught.value)


def test_the_answer_of_a_manager_comes_back_through_the_real_hook(talking, desk, ask):
    received = Queue()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            received.put(Delivery("POST", self.path, headers, {}, body, datetime.now(UTC)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        desk.control("channel", {"hook_url": f"http://127.0.0.1:{server.server_port}/"})
        talking.connect_talks()
        [made] = talking.post_messages(ask(HELLO))
        [talk] = desk.api("GET", "/talks")["_embedded"]["talks"]
        desk.control("chats/say", {"talk_id": talk["talk_id"], "text": "Перезвоню", "user": "anna@krovlya.ru"})
        reply = read_reply(received.get(timeout=60), SECRET)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert (reply.text, reply.chat_id, reply.person_id) == ("Перезвоню", "chat-77", "user-77")
    assert (reply.staff_name, reply.crm_chat_id) == ("Анна Смирнова", made.values["crm_chat_id"])
