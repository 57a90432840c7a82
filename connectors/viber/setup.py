"""Tells Viber where the notices of a bot go."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from connectors.talks.reading import word
from connectors.viber.api import ViberApi
from connectors.viber.settings import ViberSettings
from provodka.channel import Around
from provodka.errors import ConnectorError

EVENTS: Final = ("delivered", "seen", "failed", "subscribed", "unsubscribed", "conversation_started")
_NOT_SET: Final = (
    "Viber: бот никуда не сообщает о сообщениях: запустите provodka check --online --channel {name}, он назовёт Viber "
    "адрес (нужен server.public_url)."
)
_ELSEWHERE: Final = (
    "Viber: бот сообщает о сообщениях не нам, а {host}: provodka check --online --channel {name} заберёт его, если та "
    "программа больше не нужна."
)


class Setup:
    """A bot has one address."""

    def __init__(self, name: str, settings: ViberSettings, around: Around) -> None:
        self._name = name
        self._api = ViberApi(name, settings, around.store)

    def subscribe(self, address: str) -> bool:
        """Have notices posted there; whether that is news. Viber posts there while it is being asked."""
        if self._address() == address:
            return False
        self._api.ask("set_webhook", {"url": address, "event_types": list(EVENTS), "send_name": True})
        return True

    def check(self) -> list[str]:
        """Whether the bot has the address of the channel."""
        try:
            url = urlsplit(self._address())
        except ConnectorError as error:
            return [error.sentence("Viber")]
        if not url.netloc:
            return [_NOT_SET.format(name=self._name)]
        if url.path.rstrip("/").rpartition("/hooks/")[2] != self._name:
            return [_ELSEWHERE.format(host=url.netloc, name=self._name)]
        return []

    def _address(self) -> str:
        return word(self._api.ask("get_account_info", {}).get("webhook"))

    def close(self) -> None:
        self._api.close()


def subscriber(name: str, settings: ViberSettings, around: Around) -> Setup:
    """What tells Viber of the channel `name`."""
    return Setup(name, settings, around)
