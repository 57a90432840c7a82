"""Where Telegram sends what people write, told and looked at against the running sandbox."""

import pytest
import requests

from connectors.telegram.account import BotAccount
from connectors.telegram.messenger import Telegram
from connectors.telegram.settings import TelegramSettings
from connectors.telegram.setup import Setup
from provodka.errors import Rejected
from sandbox.telegram import Telegram as Bot

OURS = "http://127.0.0.1:9/hooks/bot"


@pytest.fixture(scope="module")
def running():
    with Bot() as bot:
        yield bot


@pytest.fixture
def bot(running):
    running.reset()
    return running


@pytest.fixture
def setup(bot):
    made = []

    def make(**more):
        given = {"type": "telegram", "token": "1:sandbox", "api_url": bot.url, "receive": "webhook", "secret": "s-1"}
        made.append(Setup("bot", BotAccount(TelegramSettings.model_validate({**given, **more}), "bot")))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_telegram_is_told_where_to_send_with_our_secret_and_of_what(bot, setup):
    assert setup().subscribe(OURS)
    info = requests.get(f"{bot.url}/bot1:sandbox/getWebhookInfo", timeout=30).json()["result"]
    assert info["url"] == OURS
    assert {"message", "callback_query", "my_chat_member", "business_message"} <= set(info["allowed_updates"])
    assert bot.webhook_secret == "s-1"
    assert setup().check() == []
    assert not setup().subscribe(OURS)


def test_an_address_that_telegram_does_not_call_is_refused_with_its_cure(setup):
    with pytest.raises(Rejected) as refused:
        setup().subscribe("http://example.ru/hooks/bot")
    assert "443" in refused.value.hint


def test_check_names_a_bot_that_tells_nobody(setup):
    [said] = setup().check()
    assert "никуда не сообщает" in said


def test_check_names_a_bot_that_tells_somebody_else_without_their_secret(setup):
    setup().subscribe("https://other.example.ru/hooks/x/their-secret")
    [said] = setup().check()
    assert "other.example.ru" in said
    assert "their-secret" not in said


def test_check_names_what_telegram_says_of_deliveries_that_fail(bot, setup):
    setup().subscribe(OURS)
    bot.say(42, "слышно?")
    bot.wait_for_failure()
    [said] = setup().check()
    assert "Connection refused" in said
    assert "ждут доставки: 1" in said


def test_check_names_the_kinds_of_update_that_do_not_come(bot, setup):
    call = {"url": OURS, "allowed_updates": ["message"]}
    requests.post(f"{bot.url}/bot1:sandbox/setWebhook", json=call, timeout=30)
    [said] = setup().check()
    assert "callback_query" in said
    assert setup().subscribe(OURS)
    assert setup().check() == []


def test_check_names_privacy_only_where_the_bot_is_to_hear_groups(bot, store):
    given = {"type": "telegram", "token": "1:sandbox", "api_url": bot.url}
    bots = [Telegram(TelegramSettings.model_validate({**given, "groups": groups}), store) for groups in (False, True)]
    quiet, private = [one.check() for one in bots]
    for one in bots:
        one.close()
    assert quiet == []
    assert "/setprivacy" in private[0]


def test_check_names_a_webhook_that_is_in_the_way_of_polling(setup):
    setup().subscribe(OURS)
    [said] = setup(receive="polling").check()
    assert "deleteWebhook" in said


def test_check_names_a_wrong_token_without_showing_it(setup):
    [said] = setup(token="2:stolen").check()
    assert "@BotFather" in said
    assert "stolen" not in said
