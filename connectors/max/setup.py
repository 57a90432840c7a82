"""Where MAX sends what people write: told to it, and looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from connectors.max.api import MaxApi
from connectors.max.settings import MaxSettings
from connectors.max.updates import WANTED
from connectors.talks.keeper import complaints
from connectors.talks.reading import Fields, word
from provodka.channel import Around

NOT_SET: Final = (
    "MAX: бот никуда не сообщает о сообщениях: запустите provodka check --online --channel {name}, он подпишет бота "
    "(нужен server.public_url)."
)
ELSEWHERE: Final = (
    "MAX: бот сообщает о сообщениях не нам, а {hosts}: provodka check --online --channel {name} подпишет и нас, лишнюю "
    "подписку снимите в той программе."
)
DEAF: Final = "MAX: бот не сообщает о {kinds}: provodka check --online --channel {name} попросит его об этом."
IN_THE_WAY: Final = (
    "MAX: у бота есть подписка на вебхук ({hosts}), и опрос ничего не получит. Снимите её или поставьте "
    "receive: webhook."
)


class Setup:
    """One bot and the channel `name` that hears it."""

    def __init__(self, name: str, settings: MaxSettings, api: MaxApi) -> None:
        self._name, self._settings, self._api = name, settings, api

    def subscribe(self, address: str) -> bool:
        """MAX does not tell the secret that it has, so it is told anew each time. A former address of ours is taken
        back: MAX would go on calling it."""
        before = self._api.subscriptions()
        secret = self._settings.secret
        self._api.subscribe(address, secret.get_secret_value() if secret else "", WANTED)
        former = [url for url in map(_url, before) if url != address and self._is_ours(url)]
        for url in former:
            self._api.unsubscribe(url)
        return bool(former) or not any(_url(one) == address and not _lacking(one) for one in before)

    def check(self) -> list[str]:
        """Whether what people write comes to us; what is wrong, in sentences."""
        return complaints("MAX", self.faults)

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def faults(self) -> Iterator[str]:
        """As `check`; raises ConnectorError where the bot cannot be looked at."""
        there = self._api.subscriptions()
        hosts = ", ".join(urlsplit(_url(one)).netloc for one in there)  # a path may hold somebody's secret
        if self._settings.receive == "polling":
            if there:
                yield IN_THE_WAY.format(hosts=hosts)
            return
        ours = [one for one in there if self._is_ours(_url(one))]
        if not there:
            yield NOT_SET.format(name=self._name)
        elif not ours:
            yield ELSEWHERE.format(hosts=hosts, name=self._name)
        elif lacking := _lacking(ours[0]):
            yield DEAF.format(kinds=", ".join(lacking), name=self._name)

    def _is_ours(self, url: str) -> bool:
        return urlsplit(url).path.rstrip("/").rpartition("/hooks/")[2] == self._name


def _url(subscription: Fields) -> str:
    return word(subscription.get("url"))


def _lacking(subscription: Fields) -> list[str]:
    """The kinds of update that it does not tell; without a list it tells all."""
    kinds = subscription.get("update_types")
    return [kind for kind in WANTED if kind not in kinds] if isinstance(kinds, list) and kinds else []


def subscriber(name: str, settings: MaxSettings, around: Around) -> Setup | None:
    """What tells MAX of the channel `name`, where MAX is to call it."""
    return Setup(name, settings, MaxApi(settings, around.store)) if settings.receive == "webhook" else None
