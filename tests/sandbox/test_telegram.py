"""The Bot API emulator is met by python-telegram-bot as it is, and by plain HTTP where the wire itself matters."""

import asyncio
import json
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
import requests
from cheroot import wsgi
from flask import Flask, request
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, RetryAfter

from sandbox.telegram import TOKEN, Door, Telegram

PERSON, GROUP = 700100200, -4000100


class Clock:
    def __init__(self):
        self.now = datetime(2025, 12, 1, 9, 0, tzinfo=UTC)

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def telegram(clock):
    with Telegram(clock) as emulator:
        yield emulator


def with_bot(telegram, use, token=TOKEN):
    """Run `use(bot)` with an unmodified python-telegram-bot."""

    async def run():
        async with Bot(token, base_url=telegram.base_url, base_file_url=f"{telegram.url}/file/bot") as bot:
            return await use(bot)

    return asyncio.run(run())


def call(telegram, method, token=TOKEN, **parameters):
    return requests.post(f"{telegram.url}/bot{token}/{method}", json=parameters, timeout=30)


def send(telegram, text="Новый лид", chat_id=PERSON, **more):
    return with_bot(telegram, lambda bot: bot.send_message(chat_id, text, **more))


def until(true, seconds=30):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


class Receiver:
    """A bot's own web server; `answers` are the statuses (and headers or bodies) of its next replies."""

    def __init__(self):
        self.seen, self.answers = [], []
        app = Flask("bot")
        app.add_url_rule("/hook", view_func=self.hear, methods=["POST"])
        self.server = wsgi.Server(("127.0.0.1", 0), app.wsgi_app, numthreads=8)
        self.server.shutdown_timeout = 1
        self.server.prepare()
        self.url = f"http://127.0.0.1:{self.server.bind_addr[1]}/hook"
        self.thread = threading.Thread(target=self.server.serve, daemon=True)

    def hear(self):
        self.seen.append((dict(request.headers), request.get_json()))
        return self.answers.pop(0) if self.answers else ("", 200)

    def texts(self):
        return [update["message"]["text"] for _, update in self.seen]

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.stop()
        self.thread.join()


def test_the_library_sends_a_message_and_the_sandbox_lists_it(telegram):
    sent = send(
        telegram,
        "Лид «Крыша» ждёт",
        reply_markup=InlineKeyboardMarkup([[InlineKeyboardButton("Взял", callback_data="take:1")]]),
    )
    assert sent.text == "Лид «Крыша» ждёт"
    assert sent.chat.id == PERSON
    (listed,) = requests.get(f"{telegram.url}/_sandbox/messages", timeout=30).json()
    assert listed["message_id"] == sent.message_id
    assert listed["reply_markup"]["inline_keyboard"][0][0]["callback_data"] == "take:1"


@pytest.mark.parametrize("form", ["json", "data", "files", "params"])
def test_a_message_is_taken_as_json_form_multipart_or_query(telegram, form):
    given = {"chat_id": str(PERSON), "text": "Привет"}
    if form == "files":
        given = {key: (None, value) for key, value in given.items()}
    answer = requests.post(f"{telegram.url}/bot{TOKEN}/sendmessage", **{form: given}, timeout=30)
    assert answer.json()["result"]["text"] == "Привет"


def test_the_bot_knows_itself(telegram):
    assert with_bot(telegram, lambda bot: bot.get_me()).username == "sandbox_bot"


def test_a_foreign_token_is_refused_with_401(telegram):
    assert call(telegram, "getMe", token="2:stolen").status_code == 401
    with pytest.raises(InvalidToken):
        with_bot(telegram, lambda bot: bot.get_me(), token="2:stolen")


def test_an_unknown_method_is_refused_with_404(telegram):
    assert call(telegram, "sendTeleport").json()["error_code"] == 404


def test_html_becomes_entities_counted_in_utf16_units(telegram):
    sent = send(telegram, "😀 <b>Лид</b> &lt;новый&gt;", parse_mode="HTML")
    assert sent.text == "😀 Лид <новый>"
    assert [(e.type, e.offset, e.length) for e in sent.entities] == [("bold", 3, 3)]


@pytest.mark.parametrize(
    ("text", "mode", "complaint"),
    [
        ("Иван <ivan@example.ru>", "HTML", 'Unsupported start tag "ivan@example.ru" at byte offset 9'),
        ("цена < 5", "HTML", "Unclosed start tag"),
        ("<b>жирный", "HTML", "Can't find end tag"),
        ("<b>a</i>", "HTML", 'Unexpected end tag "i"'),
        ("Сумма 1.5", "MarkdownV2", "Character '.' is reserved"),
        (" ", None, "text is empty"),
        ("x" * 4097, None, "too long"),
    ],
)
def test_text_that_telegram_would_refuse_is_refused(telegram, text, mode, complaint):
    refused = call(telegram, "sendMessage", chat_id=PERSON, text=text, parse_mode=mode)
    assert refused.status_code == 400
    assert complaint in refused.json()["description"]
    assert telegram.messages() == []


def test_a_person_who_blocked_the_bot_gets_nothing_and_the_bot_is_told(telegram):
    telegram.door(PERSON, Door.BLOCKED)
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        send(telegram)
    (update,) = with_bot(telegram, lambda bot: bot.get_updates())
    assert update.my_chat_member.new_chat_member.status == "kicked"
    telegram.door(PERSON, Door.OPEN)
    assert send(telegram).text == "Новый лид"


def test_every_chat_exists_until_the_sandbox_is_told_to_be_strict(telegram):
    send(telegram, chat_id=1234567)
    telegram.strict()
    with pytest.raises(BadRequest, match=r"[Cc]hat not found"):
        send(telegram, chat_id=7654321)
    telegram.say(7654321, "/start")
    assert send(telegram, chat_id=7654321)


def test_a_hidden_chat_is_not_found(telegram):
    telegram.door(PERSON, Door.MISSING)
    with pytest.raises(BadRequest, match=r"[Cc]hat not found"):
        send(telegram)


def test_a_migrated_group_names_its_new_id(telegram):
    telegram.migrate(GROUP, -1001234567890)
    with pytest.raises(ChatMigrated) as moved:
        send(telegram, chat_id=GROUP)
    assert moved.value.new_chat_id == -1001234567890


# The library announces that retry_after will become a timedelta; the sandbox answers whole seconds either way.
@pytest.mark.filterwarnings("ignore:Deprecated since version v22.2")
def test_after_a_burst_the_bot_is_told_how_long_to_wait(telegram, clock):
    for n in range(20):
        assert call(telegram, "sendMessage", chat_id=PERSON, text=f"{n}").ok
    refused = call(telegram, "sendMessage", chat_id=PERSON, text="лишнее")
    assert refused.status_code == 429
    assert refused.json()["parameters"] == {"retry_after": 1}
    with pytest.raises(RetryAfter):
        send(telegram)
    assert send(telegram, chat_id=PERSON + 1)
    clock.now += timedelta(seconds=1)
    assert send(telegram)
    assert requests.get(f"{telegram.url}/_sandbox/stats", timeout=30).json()["refused"] == {"429": 2}


def test_a_group_is_limited_to_twenty_a_minute_and_limits_can_be_switched_off(telegram):
    for n in range(20):
        assert call(telegram, "sendMessage", chat_id=GROUP, text=f"{n}").ok
    assert call(telegram, "sendMessage", chat_id=GROUP, text="лишнее").json()["parameters"] == {"retry_after": 3}
    telegram.limit(on=False)
    assert call(telegram, "sendMessage", chat_id=GROUP, text="лишнее").ok


def test_a_message_can_be_edited_but_not_into_itself(telegram):
    sent = send(telegram, "Лид ждёт")
    edited = with_bot(telegram, lambda bot: bot.edit_message_text("Лид взят", PERSON, sent.message_id))
    assert edited.text == "Лид взят"
    assert [message["text"] for message in telegram.messages(PERSON)] == ["Лид взят"]
    with pytest.raises(BadRequest, match="not modified"):
        with_bot(telegram, lambda bot: bot.edit_message_text("Лид взят", PERSON, sent.message_id))
    with pytest.raises(BadRequest, match="not found"):
        with_bot(telegram, lambda bot: bot.edit_message_text("Лид взят", PERSON, 1))


def test_a_pressed_button_can_be_answered_once(telegram):
    sent = send(telegram)
    telegram.press(PERSON, sent.message_id, "take:1")
    (update,) = with_bot(telegram, lambda bot: bot.get_updates())
    assert update.callback_query.data == "take:1"
    assert update.callback_query.message.message_id == sent.message_id
    query = update.callback_query.id
    assert with_bot(telegram, lambda bot: bot.answer_callback_query(query))
    with pytest.raises(BadRequest, match="too old"):
        with_bot(telegram, lambda bot: bot.answer_callback_query(query))


def test_a_foreign_contact_card_names_another_user(telegram):
    telegram.share_contact(PERSON, "79160001122")
    telegram.share_contact(PERSON, "79990000000", own=False)
    own, foreign = with_bot(telegram, lambda bot: bot.get_updates())
    assert own.message.contact.user_id == own.effective_user.id
    assert foreign.message.contact.user_id != foreign.effective_user.id


def test_a_sent_file_can_be_downloaded(telegram):
    telegram.send_document(PERSON, "plan.pdf", b"%PDF-1.4")

    async def download(bot):
        (update,) = await bot.get_updates()
        file = await bot.get_file(update.message.document.file_id)
        return bytes(await file.download_as_bytearray())

    assert with_bot(telegram, download) == b"%PDF-1.4"


def test_a_start_command_carries_its_payload_and_entity(telegram):
    telegram.say(PERSON, "/start vk_spring", first_name="Мария", username="masha_r")
    (update,) = with_bot(telegram, lambda bot: bot.get_updates())
    assert update.message.text == "/start vk_spring"
    assert [(e.type, e.offset, e.length) for e in update.message.entities] == [("bot_command", 0, 6)]
    assert with_bot(telegram, lambda bot: bot.get_chat(PERSON)).username == "masha_r"


def test_an_offset_confirms_what_lies_below_it(telegram):
    first = telegram.say(PERSON, "раз")
    telegram.jump_update_ids(1000)
    second = telegram.say(PERSON, "два")
    assert second == first + 1001
    assert [u.update_id for u in with_bot(telegram, lambda bot: bot.get_updates())] == [first, second]
    assert [u.update_id for u in with_bot(telegram, lambda bot: bot.get_updates(offset=first + 1))] == [second]
    assert [u.update_id for u in with_bot(telegram, lambda bot: bot.get_updates())] == [second]
    telegram.say(PERSON, "три")
    assert [u.message.text for u in with_bot(telegram, lambda bot: bot.get_updates(offset=-1))] == ["три"]


def test_a_long_poll_ends_with_the_first_update(telegram):
    threading.Timer(0.2, telegram.say, (PERSON, "привет")).start()
    begun = time.monotonic()
    (update,) = with_bot(telegram, lambda bot: bot.get_updates(timeout=30))
    assert update.message.text == "привет"
    assert time.monotonic() - begun < 20


def test_a_second_poller_ends_the_first_with_409(telegram):
    answers = []
    first = threading.Thread(target=lambda: answers.append(call(telegram, "getUpdates", timeout=20).json()))
    first.start()
    until(lambda: telegram.objects()["waiting_polls"] == 1)
    assert call(telegram, "getUpdates").json() == {"ok": True, "result": []}
    first.join()
    assert answers[0]["error_code"] == 409
    assert "terminated by other getUpdates request" in answers[0]["description"]


def test_polling_beside_a_webhook_is_a_conflict(telegram):
    with Receiver() as receiver:
        with_bot(telegram, lambda bot: bot.set_webhook(receiver.url))
        with pytest.raises(Conflict, match="webhook is active"):
            with_bot(telegram, lambda bot: bot.get_updates())
        with_bot(telegram, lambda bot: bot.delete_webhook())
    assert with_bot(telegram, lambda bot: bot.get_updates()) == ()


def test_a_webhook_gets_updates_with_its_secret(telegram):
    with Receiver() as receiver:
        with_bot(telegram, lambda bot: bot.set_webhook(receiver.url, secret_token="s3cret_-"))
        telegram.say(PERSON, "привет")
        until(lambda: receiver.seen)
        headers, update = receiver.seen[0]
        assert headers["X-Telegram-Bot-Api-Secret-Token"] == "s3cret_-"
        assert update["message"]["text"] == "привет"
        until(lambda: with_bot(telegram, lambda bot: bot.get_webhook_info()).pending_update_count == 0)


def test_a_refused_update_comes_again_and_later_ones_of_its_chat_wait(telegram):
    with Receiver() as receiver:
        receiver.answers = [("", 503), ("", 500)]
        telegram.say(PERSON, "раз")
        telegram.say(PERSON, "два")
        with_bot(telegram, lambda bot: bot.set_webhook(receiver.url))
        until(lambda: len(receiver.seen) == 4)
        assert receiver.texts() == ["раз", "раз", "раз", "два"]
        assert "500" in with_bot(telegram, lambda bot: bot.get_webhook_info()).last_error_message


def test_a_retry_after_is_honoured(telegram):
    with Receiver() as receiver:
        receiver.answers = [("", 503, {"Retry-After": "1"})]
        with_bot(telegram, lambda bot: bot.set_webhook(receiver.url))
        telegram.say(PERSON, "раз")
        until(lambda: len(receiver.seen) == 1)
        begun = time.monotonic()
        until(lambda: len(receiver.seen) == 2)
        assert time.monotonic() - begun > 0.8


def test_a_method_in_the_reply_to_a_webhook_is_carried_out(telegram):
    with Receiver() as receiver:
        reply = {"method": "sendMessage", "chat_id": PERSON, "text": "Здравствуйте!"}
        receiver.answers = [(json.dumps(reply), 200, {"Content-Type": "application/json"})]
        with_bot(telegram, lambda bot: bot.set_webhook(receiver.url))
        telegram.say(PERSON, "привет")
        until(lambda: [message["text"] for message in telegram.messages()] == ["Здравствуйте!"])


@pytest.mark.parametrize("url", ["http://example.ru/hook", "ftp://127.0.0.1/", "nonsense"])
def test_a_webhook_must_be_https_or_on_loopback(telegram, url):
    with pytest.raises(BadRequest, match=r"(?i)https url must be provided"):
        with_bot(telegram, lambda bot: bot.set_webhook(url))


def test_updates_that_the_bot_does_not_want_are_not_queued(telegram):
    with_bot(telegram, lambda bot: bot.get_updates(allowed_updates=["message"]))
    assert telegram.door(PERSON, Door.BLOCKED) is None
    assert telegram.say(PERSON, "привет") is not None


def test_a_message_may_be_sent_although_its_answer_is_lost(telegram):
    fault = {"kind": "cut_after", "path": f"/bot{TOKEN}/sendMessage"}
    requests.post(f"{telegram.url}/_sandbox/faults", json=fault, timeout=30).raise_for_status()
    with pytest.raises(requests.ConnectionError):
        call(telegram, "sendMessage", chat_id=PERSON, text="Новый лид")
    assert call(telegram, "sendMessage", chat_id=PERSON, text="Новый лид").ok
    stats = requests.get(f"{telegram.url}/_sandbox/stats", timeout=30).json()
    assert stats["doubles"] == {"messages": [{"chat_id": PERSON, "text": "Новый лид", "times": 2}]}
    assert stats["calls"] == {"POST sendMessage": 2}


def test_reset_forgets_chats_and_webhook_but_never_reuses_an_id(telegram):
    before = send(telegram).message_id
    first = telegram.say(PERSON, "привет")
    requests.post(f"{telegram.url}/_sandbox/reset", timeout=30).raise_for_status()
    assert telegram.messages(of_people=True) == []
    assert telegram.say(PERSON, "привет") > first
    assert send(telegram).message_id > before


def test_the_page_is_russian_and_its_buttons_speak_for_people(telegram):
    page = requests.get(telegram.url, timeout=30)
    assert page.headers["Content-Type"].startswith("text/html")
    assert "Написать боту" in page.text
    said = requests.post(f"{telegram.url}/_sandbox/do/say", json={"chat_id": PERSON, "text": "цена?"}, timeout=30)
    assert said.json()["update_id"]
    (chat,) = requests.get(f"{telegram.url}/_sandbox/chats", timeout=30).json()
    assert [message["text"] for message in chat["messages"]] == ["цена?"]
    assert requests.post(f"{telegram.url}/_sandbox/do/fly", json={}, timeout=30).status_code == 404
    assert requests.post(f"{telegram.url}/_sandbox/do/say", json={"text": "x"}, timeout=30).status_code == 400


def test_stopping_does_not_wait_for_a_long_poll():
    emulator = Telegram()
    emulator.start()
    poll = threading.Thread(target=lambda: call(emulator, "getUpdates", timeout=40))
    poll.start()
    until(lambda: emulator.objects()["waiting_polls"] == 1)
    begun = time.monotonic()
    emulator.stop()
    poll.join()
    assert time.monotonic() - begun < 20
