"""A bot that asks by itself, against the running sandbox."""

import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import requests

from connectors.telegram.polling import Poller
from connectors.telegram.settings import TelegramSettings
from provodka.payloads import EventType
from sandbox.faults import Fault
from sandbox.telegram import Door
from sandbox.telegram import Telegram as Bot


class Inbox:
    """The journal's door, as far as a poller sees it: it keeps each event once, together with the cursor."""

    def __init__(self):
        self.events, self.cursors, self.troubles, self.wells = {}, {}, [], 0
        self.broken = 0

    def accept(self, events, *, channel="", parts=(), cursors=None, blobs=()):
        if self.broken:
            self.broken -= 1
            raise OSError("the disk is full")
        for event in events:
            self.events.setdefault(event.external_id, event)
        self.cursors.update(cursors or {})

    def cursor(self, name):
        return self.cursors.get(name)

    def trouble(self, name, cause, cure):
        self.troubles.append((name, cause, cure))

    def well(self, name):
        self.wells += 1
        return bool(self.troubles)

    @property
    def texts(self):
        return [e.payload.message.text for e in self.events.values() if e.type is EventType.MESSAGE_RECEIVED]


@pytest.fixture
def bot():
    with Bot() as running:
        yield running


def until(true, seconds=30):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


@contextmanager
def polling(bot, inbox, token="1:sandbox", **more):
    given = {"type": "telegram", "token": token, "api_url": bot.url, "receive": "polling"}
    pauses = {"first_retry": 0.01, "last_retry": 0.02, "seconds": 1}
    poller = Poller("bot", TelegramSettings.model_validate(given), **{**pauses, **more})
    stop = threading.Event()
    thread = threading.Thread(target=poller.watch, args=(stop, inbox, inbox))
    thread.start()
    try:
        yield poller
    finally:
        stop.set()
        thread.join(30)
    assert not thread.is_alive()


@pytest.mark.shows("S0-24")
def test_with_a_new_key_a_bot_catches_up_with_what_was_written_meanwhile(bot):
    inbox = Inbox()
    with polling(bot, inbox):
        bot.say(42, "До смены ключа")
        until(lambda: len(inbox.texts) == 1)
        bot.token = "1:renewed"  # of the sandbox
        until(lambda: inbox.troubles)
        bot.say(42, "Пока ключа нет")
    assert "токен" in inbox.troubles[0][2]
    with polling(bot, inbox, token="1:renewed"):
        until(lambda: len(inbox.texts) == 2)
        bot.say(42, "С новым ключом")
        until(lambda: len(inbox.texts) == 3)
    assert inbox.texts == ["До смены ключа", "Пока ключа нет", "С новым ключом"]


def test_what_people_write_comes_in_order_and_once_though_the_process_starts_anew(bot):
    inbox = Inbox()
    with polling(bot, inbox):
        bot.say(42, "Первое")
        bot.say(42, "Второе")
        until(lambda: len(inbox.texts) == 2)
    bot.say(42, "Третье")
    with polling(bot, inbox):
        until(lambda: len(inbox.texts) == 3)
        until(lambda: not bot.objects()["pending_updates"])
    assert inbox.texts == ["Первое", "Второе", "Третье"]


def test_a_client_of_a_business_account_is_heard_through_its_connection(bot):
    inbox = Inbox()
    bot.say(42, "Есть в наличии?", connection="bc1")
    with polling(bot, inbox):
        until(lambda: inbox.texts == ["Есть в наличии?"])
    [event] = inbox.events.values()
    assert event.payload.message.chat == "bc1/42"


def test_what_could_not_be_stored_is_not_confirmed_and_comes_again(bot):
    inbox = Inbox()
    inbox.broken = 3
    bot.say(42, "Диск полон")
    with polling(bot, inbox):
        until(lambda: inbox.texts == ["Диск полон"])
    assert not inbox.broken


def test_numbers_that_begin_anew_after_a_silence_lose_nothing(bot):
    inbox = Inbox()
    with polling(bot, inbox):
        bot.say(42, "до тишины")
        until(lambda: inbox.cursors == {"telegram:bot:1": ""} and inbox.texts)
        bot.jump_update_ids(-500_000)
        bot.say(42, "после тишины")
        until(lambda: len(inbox.texts) == 2)


def test_a_cursor_from_before_a_week_of_silence_is_not_trusted(bot):
    inbox = Inbox()
    now = datetime.now(UTC)
    inbox.cursors["telegram:bot:1"] = f"9999999999 {(now - timedelta(days=7)).isoformat()}"
    bot.say(42, "после недели")
    with polling(bot, inbox):
        until(lambda: inbox.texts == ["после недели"])


def test_a_rival_is_named_with_its_cure_and_not_fought(bot):
    inbox = Inbox()
    with polling(bot, inbox, seconds=5, last_retry=60):
        until(lambda: bot.objects()["waiting_polls"])
        requests.post(f"{bot.url}/bot1:sandbox/getUpdates", json={"timeout": 0}, timeout=30)
        until(lambda: inbox.troubles)
        left_alone = requests.post(f"{bot.url}/bot1:sandbox/getUpdates", json={"timeout": 1}, timeout=30)
        assert left_alone.status_code == 200
    [(name, cause, cure)] = inbox.troubles
    assert name == "bot"
    assert "terminated by other getUpdates" in cause
    assert "с тем же токеном" in cure


def test_a_webhook_in_the_way_is_named_with_its_cure_and_polling_goes_on_when_it_is_gone(bot):
    inbox = Inbox()
    call = f"{bot.url}/bot1:sandbox"
    requests.post(f"{call}/setWebhook", json={"url": "https://example.ru/hook"}, timeout=30)
    with polling(bot, inbox) as poller:
        until(lambda: inbox.troubles)
        assert "deleteWebhook" in inbox.troubles[0][2]
        [said] = poller.check()
        assert "вебхук" in said
        requests.post(f"{call}/deleteWebhook", timeout=30)
        bot.say(42, "снова слышно")
        until(lambda: inbox.texts == ["снова слышно"])
        until(lambda: inbox.wells)


def test_a_button_stops_turning(bot):
    inbox = Inbox()
    keys = {"inline_keyboard": [[{"text": "Да", "callback_data": "yes"}]]}
    sent = requests.post(
        f"{bot.url}/bot1:sandbox/sendMessage",
        json={"chat_id": 42, "text": "Звонить?", "reply_markup": keys},
        timeout=30,
    )
    with polling(bot, inbox):
        bot.press(42, sent.json()["result"]["message_id"], "yes")
        until(lambda: inbox.events)
        until(lambda: bot.counts.calls["POST answerCallbackQuery"] == 1)
    assert inbox.texts == ["Да"]


def test_a_fault_of_telegram_is_waited_out_and_told_only_when_it_stays(bot):
    inbox = Inbox()
    bot.faults.arm(Fault(kind="status", status=502))
    with polling(bot, inbox):
        bot.say(42, "после сбоя")
        until(lambda: inbox.texts == ["после сбоя"])
    assert not inbox.troubles


def test_a_wrong_token_is_told_at_once_without_showing_it(bot):
    inbox = Inbox()
    given = {"type": "telegram", "token": "2:stolen", "api_url": bot.url, "receive": "polling"}
    stop = threading.Event()
    poller = Poller("bot", TelegramSettings.model_validate(given))
    thread = threading.Thread(target=poller.watch, args=(stop, inbox, inbox))
    thread.start()
    until(lambda: inbox.troubles)
    stop.set()
    thread.join(30)
    assert "@BotFather" in inbox.troubles[0][2]
    assert "stolen" not in f"{inbox.troubles}"


def test_an_update_that_breaks_our_parser_is_kept_for_support_and_stops_nothing(bot, monkeypatch):
    inbox = Inbox()

    def broken(self, told):
        raise ZeroDivisionError("a bug")

    monkeypatch.setitem(__import__("connectors.telegram.updates", fromlist=["_KINDS"])._KINDS, "my_chat_member", broken)
    with polling(bot, inbox):
        bot.door(42, Door.BLOCKED)
        bot.say(43, "дальше")
        until(lambda: inbox.texts == ["дальше"])
    [first, _] = inbox.events.values()
    assert first.type is EventType.UNREADABLE
    assert "a bug" in first.payload.why
    assert b"my_chat_member" in first.raw


def test_stopping_does_not_wait_for_the_long_poll_and_is_no_fault(bot, caplog):
    inbox = Inbox()
    with polling(bot, inbox, seconds=25):
        until(lambda: bot.objects()["waiting_polls"])
    assert not inbox.troubles
    assert "not looked into" not in caplog.text
