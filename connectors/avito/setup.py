"""Tells Avito where the notices of an account go."""

from __future__ import annotations

from typing import Final

from connectors.avito.api import AvitoApi
from connectors.avito.settings import AvitoSettings
from provodka.channel import Around
from provodka.errors import ConnectorError, Rejected

_NOT_OURS: Final = (
    "Avito не шлёт сообщений на адрес этого канала: подключите его командой "
    "provodka check --online --channel {name} (до этого чаты читаются опросом)."
)


class Setup:
    """The account's subscription to our address."""

    def __init__(self, name: str, settings: AvitoSettings, api: AvitoApi) -> None:
        self._name = name
        self._settings = settings
        self._api = api

    def subscribe(self, address: str) -> bool:
        """Have notices sent there, with the secret behind; whether that is news."""
        url = f"{address}/{self._settings.quoted_secret}"
        if url in self._api.subscriptions():
            return False
        self._api.call("POST", "/messenger/v3/webhook", json={"url": url}, write=False, private=True)
        return True

    def look(self) -> None:
        """Raises Rejected with the cure where Avito was told of no address of ours."""
        if not any(url.endswith(f"/{self._settings.quoted_secret}") for url in self._api.subscriptions()):
            raise Rejected("Avito has no subscription with our secret", hint=_NOT_OURS.format(name=self._name))

    def check(self) -> list[str]:
        """Whether Avito sends to us."""
        try:
            self.look()
        except ConnectorError as error:
            return [error.sentence("Avito")]
        return []

    def close(self) -> None:
        self._api.close()


def subscriber(name: str, settings: AvitoSettings, around: Around) -> Setup | None:
    """What tells Avito of the channel `name`; None where no secret is agreed."""
    return Setup(name, settings, AvitoApi(settings, around)) if settings.secret else None
