"""A webhook that another program takes away, or that fails, is told of: messages that do not come say nothing."""

import threading
import time
from contextlib import contextmanager

import pytest
import requests

from connectors.talks.keeper import Keeper
from connectors.telegram.account import BotAccount
from connectors.telegram.polling import watcher
from connectors.telegram.settings import TelegramSettings
from connectors.telegram.setup import Setup
from sandbox.faults import Fault
from sandbox.telegram import Telegram as Bot
from tests.contract.case import around

OURS = "http://127.0.0.1:9/hooks/bot"


class Told:
    """Where a channel tells how it fares."""

    def __init__(self):
        self.troubles, self.wells = [], 0

    def trouble(self, name, cause, cure):
        self.troubles.append((name, cure))

    def well(self, name):
        self.wells += 1
        return bool(self.troubles)


@pytest.fixture
def bot():
    with Bot() as running:
        yield running


def settings_of(bot, **more):
    given = {"type": "telegram", "token": "1:sandbox", "api_url": bot.url, "receive": "webhook", "secret": "s-1"}
    return TelegramSettings.model_validate({**given, **more})


@contextmanager
def keeping(bot, told):
    keeper = Keeper("bot", Setup("bot", BotAccount(settings_of(bot), "keeper")), first=0.0, every=0.02)
    stop = threading.Event()
    thread = threading.Thread(target=keeper.watch, args=(stop, None, told))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)
    assert not thread.is_alive()


def until(true, seconds=30):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def test_a_webhook_that_somebody_takes_away_is_told_of_until_it_is_ours_again(bot):
    setup = Setup("bot", BotAccount(settings_of(bot), "setup"))
    setup.subscribe(OURS)
    told = Told()
    with keeping(bot, told):
        until(lambda: told.wells)
        assert not told.troubles
        thief = {"url": "https://thief.example.ru/hook"}
        requests.post(f"{bot.url}/bot1:sandbox/setWebhook", json=thief, timeout=30)
        until(lambda: told.troubles)
        assert "thief.example.ru" in told.troubles[0][1]
        before = told.wells
        setup.subscribe(OURS)
        until(lambda: told.wells > before)
    setup.close()


def test_one_fault_of_telegram_is_no_trouble(bot):
    setup = Setup("bot", BotAccount(settings_of(bot), "setup"))
    setup.subscribe(OURS)
    setup.close()
    told = Told()
    bot.faults.arm(Fault(kind="status", status=502))
    with keeping(bot, told):
        until(lambda: told.wells)
    assert not told.troubles


def test_a_bot_that_only_writes_is_not_watched(bot):
    assert watcher("bot", settings_of(bot, receive="off"), around()) is None
    kept = watcher("bot", settings_of(bot), around())
    assert isinstance(kept, Keeper)
    assert kept.check() == []
    kept.close()
