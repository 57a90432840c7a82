"""Where Telegram sends what people write: told to it, and looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from connectors.talks.keeper import complaints
from connectors.talks.reading import moment, word
from connectors.telegram.account import BotAccount
from connectors.telegram.cures import CURES, Code
from connectors.telegram.settings import TelegramSettings
from connectors.telegram.updates import WANTED
from provodka.channel import Around

RECENT: Final = timedelta(hours=1)
NOT_SET: Final = (
    "Telegram: бот никуда не сообщает о сообщениях: запустите provodka check --online --channel {name}, он назовёт "
    "Telegram адрес (нужен server.public_url)."
)
ELSEWHERE: Final = (
    "Telegram: бот сообщает о сообщениях не нам, а {host}. Если та программа больше не нужна, "
    "provodka check --online --channel {name} заберёт бота."
)
FAILING: Final = (
    "Telegram: адрес не отвечает ему как надо, ждут доставки: {waiting}. Слова Telegram: «{words}». Проверьте прокси, "
    "сертификат и secret."
)
DEAF: Final = "Telegram: бот не сообщает о {kinds}: provodka check --online --channel {name} попросит его об этом."


class Setup:
    """One bot and the channel `name` that hears it."""

    def __init__(self, name: str, bot: BotAccount) -> None:
        self._name, self._bot = name, bot

    def subscribe(self, address: str) -> bool:
        """Telegram does not tell the secret that it has, so it is told anew each time."""
        secret = self._bot.settings.secret
        before = self._webhook()
        self._bot.call(
            "setWebhook",
            b"",
            lambda wire: wire.set_webhook(address, secret.get_secret_value() if secret else "", WANTED),
        )
        return before.get("url") != address or bool(_lacking(before))

    def check(self) -> list[str]:
        """Whether what people write comes to us; what is wrong, in sentences."""
        return complaints("Telegram", self.faults)

    def close(self) -> None:
        """Close the connections."""
        self._bot.close()

    def faults(self) -> Iterator[str]:
        """As `check`; raises ConnectorError where the bot cannot be looked at."""
        webhook = self._webhook()
        if self._bot.settings.receive == "webhook":
            yield from _of_webhook(webhook, self._name)
        elif webhook.get("url"):
            yield f"Telegram: {CURES[Code.WEBHOOK_SET][0]}"

    def _webhook(self) -> Mapping[str, Any]:
        return self._bot.call("getWebhookInfo", b"", lambda wire: wire.webhook())


def _of_webhook(webhook: Mapping[str, Any], name: str) -> Iterator[str]:
    url = urlsplit(word(webhook.get("url")))
    if not url.netloc:
        yield NOT_SET.format(name=name)
        return
    if url.path.rstrip("/").rpartition("/hooks/")[2] != name:
        yield ELSEWHERE.format(host=url.netloc, name=name)  # not the path: it may hold somebody's secret
        return
    if lacking := _lacking(webhook):
        yield DEAF.format(kinds=", ".join(lacking), name=name)
    last, words = moment(webhook.get("last_error_date")), word(webhook.get("last_error_message"))
    waiting = webhook.get("pending_update_count") or 0
    if words and waiting and last is not None and datetime.now(UTC) - last < RECENT:
        yield FAILING.format(words=words, waiting=waiting)


def _lacking(webhook: Mapping[str, Any]) -> list[str]:
    """The kinds of update that it does not tell; without a list it tells all that we want."""
    allowed = webhook.get("allowed_updates")
    return [kind for kind in WANTED if kind not in allowed] if isinstance(allowed, list) and allowed else []


def subscriber(name: str, settings: TelegramSettings, around: Around) -> Setup | None:
    """What tells Telegram of the channel `name`, where Telegram is to call it."""
    del around
    return Setup(name, BotAccount(settings, f"{name}-setup")) if settings.receive == "webhook" else None
