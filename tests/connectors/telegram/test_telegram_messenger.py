"""Notices to the staff against the running sandbox bot."""

import threading

import pytest

from connectors.base import collect_calls
from connectors.telegram.messenger import Telegram
from connectors.telegram.parcel import shorten
from connectors.telegram.settings import TelegramSettings
from provodka.crm import StaffMessage
from provodka.errors import Ambiguous, AuthFailed, RateLimited, Rejected, Retryable
from provodka.operation import Done, Repeat, Request
from sandbox.faults import Fault
from sandbox.telegram import Door
from sandbox.telegram import Telegram as Bot


@pytest.fixture(scope="module")
def running_bot():
    with Bot() as bot:
        yield bot


@pytest.fixture
def bot(running_bot):
    running_bot.reset()
    running_bot.faults.clear()
    return running_bot


@pytest.fixture
def make(bot, store):
    made = []

    def telegram(**more):
        settings = {"type": "telegram", "token": "1:sandbox", "api_url": bot.url, **more}
        made.append(Telegram(TelegramSettings.model_validate(settings), store, sleep=lambda _: None))
        return made[-1]

    yield telegram
    for one in made:
        one.close()


def notify(telegram, text="Лид ждёт", to="42"):
    [outcome] = telegram.notify([Request("key", StaffMessage(to, text))])
    return outcome


def texts(bot, chat=42):
    return [message["text"] for message in bot.messages() if message["chat"]["id"] == chat]


def test_a_message_arrives_and_its_id_is_told(bot, make):
    done = notify(make(), "Лид «Сайт: Мария» ждёт")
    [message] = bot.messages()
    assert (message["text"], message["chat"]["id"]) == ("Лид «Сайт: Мария» ждёт", 42)
    assert done == Done(str(message["message_id"]))


def test_a_long_text_is_cut_as_telegram_counts(bot, make):
    assert isinstance(notify(make(), "ы" * 5000), Done)
    assert texts(bot) == ["ы" * 4095 + "…"]
    assert shorten("😀" * 3000) == "😀" * 2047 + "…"
    assert shorten("😀" * 2048) == "😀" * 2048


def test_a_person_who_blocked_the_bot_is_a_refusal_with_its_cure(bot, make):
    bot.door(42, Door.BLOCKED)
    outcome = notify(make())
    assert isinstance(outcome, Rejected)
    assert "заблокировал" in outcome.hint


def test_an_unknown_chat_is_a_refusal_with_its_cure(bot, make):
    bot.door(42, Door.MISSING)
    outcome = notify(make())
    assert isinstance(outcome, Rejected)
    assert "staff" in outcome.hint


def test_too_fast_holds_this_chat_and_no_other(bot, make, store):
    body = '{"ok": false, "error_code": 429, "description": "Too Many Requests", "parameters": {"retry_after": 30}}'
    bot.faults.arm(Fault(kind="status", status=429, body=body, headers={"Content-Type": "application/json"}))
    telegram = make()
    outcome = notify(telegram)
    assert isinstance(outcome, RateLimited)
    assert outcome.wait == 30
    held = notify(telegram)
    assert isinstance(held, RateLimited)
    assert held.wait == pytest.approx(30, abs=1)
    assert isinstance(notify(telegram, to="43"), Done)


def test_a_wrong_token_asks_for_a_new_one(bot, make):
    outcome = notify(make(token="2:wrong"))
    assert isinstance(outcome, AuthFailed)
    assert "@BotFather" in outcome.hint


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(kind="status", status=502), Ambiguous),
        (Fault(kind="status", status=200, body="<html>"), Ambiguous),
        (Fault(kind="cut_before"), Ambiguous),
        (Fault(kind="cut_after"), Ambiguous),
        (Fault(kind="delay", seconds=0.6), Ambiguous),
        (
            Fault(kind="status", status=400, body='{"ok": false, "description": "Bad Request: message text is empty"}'),
            Rejected,
        ),
    ],
)
def test_faults_are_told_apart(bot, make, fault, kind):
    telegram = make(read_timeout=0.3)
    bot.faults.arm(fault)
    assert type(notify(telegram)) is kind


def test_without_a_connection_nothing_was_sent(make):
    assert isinstance(notify(make(api_url="http://127.0.0.1:9")), Retryable)


def test_an_unclear_outcome_is_repeated_since_a_double_is_better_than_silence(bot, make):
    telegram = make()
    assert telegram.notify.info.repeat is Repeat.SAFE
    bot.faults.arm(Fault(kind="cut_after"))
    notify(telegram, "дважды", to="44")
    assert isinstance(notify(telegram, "дважды", to="44"), Done)
    assert texts(bot, 44) == ["дважды", "дважды"]


def test_messages_to_one_person_go_one_a_second(bot, store):
    slept = []
    settings = TelegramSettings.model_validate({"type": "telegram", "token": "1:sandbox", "api_url": bot.url})
    telegram = Telegram(settings, store, sleep=slept.append)
    try:
        outcomes = [notify(telegram, f"{n}") for n in range(4)]
    finally:
        telegram.close()
    assert all(isinstance(outcome, Done) for outcome in outcomes)
    assert [round(one) for one in slept] == [1, 2, 3]


def test_calls_are_traced_in_the_calling_thread_without_the_token(make, caplog):
    caplog.set_level("DEBUG")
    with collect_calls() as calls:
        notify(make(), "Позвоните +79160001122")
    [call] = calls
    assert (call.method, call.path, call.status, call.error_kind) == ("POST", "/sendMessage", 200, "")
    assert "+7916•••1122" in call.request_summary
    assert "+79160001122" not in call.request_summary + call.answer_summary
    assert "1:sandbox" not in caplog.text


def test_check_tells_what_is_wrong(make):
    assert make().check() == []
    [sentence] = make(token="2:wrong").check()
    assert "@BotFather" in sentence
    assert "2:wrong" not in sentence


def test_closing_ends_the_thread_and_a_later_message_starts_another(bot, make):
    telegram = make()
    notify(telegram)
    names = {thread.name for thread in threading.enumerate()}
    assert "telegram-loop" in names
    telegram.close()
    telegram.close()
    assert "telegram-loop" not in {thread.name for thread in threading.enumerate()}
    assert isinstance(notify(telegram), Done)


def test_many_threads_share_one_loop(bot, make):
    telegram, outcomes = make(), []
    threads = [
        threading.Thread(target=lambda n=n: outcomes.append(notify(telegram, f"{n}", to=str(100 + n))))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(isinstance(outcome, Done) for outcome in outcomes)
    assert sorted(m["text"] for m in bot.messages() if m["chat"]["id"] >= 100) == [f"{n}" for n in range(8)]
