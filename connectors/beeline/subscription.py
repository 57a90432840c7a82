"""The subscription by which events come: it ends by itself, so it is renewed before that, and looked after."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from connectors.beeline.api import Portal
from connectors.beeline.settings import BeelineSettings
from provodka.errors import Rejected
from provodka.stores import ConnectorStore, Snapshot

LOOKED_AT: Final = timedelta(minutes=10)
"""So often Beeline is asked whether the subscription is still there."""

_KIND: Final = "subscription"
_GONE: Final = 404
_NO_ADDRESS: Final = "Впишите в server.public_url адрес, по которому Provodka видна снаружи: туда Билайн шлёт события."


class Subscription:
    """One at a time; the journal remembers which, so that a restart makes no second one. `hooks` is our address for all
    channels, empty where nobody can reach us."""

    def __init__(
        self,
        name: str,
        settings: BeelineSettings,
        portal: Portal,
        store: ConnectorStore,
        now: Callable[[], datetime],
        hooks: str,
    ) -> None:
        self._name = name
        self._settings = settings
        self._portal = portal
        self._store = store
        self._now = now
        self._address = f"{hooks}/{name}" if hooks else ""
        self._look_again: datetime | None = None

    def keep(self) -> None:
        """See to it that there is one that lasts for a while. Raises ConnectorError."""
        if not self._address:
            raise Rejected("nobody outside can reach us: server.public_url is missing", hint=_NO_ADDRESS)
        self.subscribe(self._address)

    def subscribe(self, address: str) -> bool:
        """Have the events sent to `address`, with the secret behind it; whether anything had to be changed."""
        url = f"{address}/{self._settings.secret.get_secret_value()}"
        with self._store.lock(self._system):  # the watcher and a check of the channel may come at once
            return self._subscribed(url)

    def close(self) -> None:
        """The subscription itself stays: events are to come as soon as we are back."""
        self._portal.close()

    def _subscribed(self, url: str) -> bool:
        stored = self._stored()
        if stored.get("wanted") == self._wanted(url) and self._lasts(stored):
            return False
        seconds = int(self._settings.subscribed_for.total_seconds())
        made = self._portal.subscribe(url, seconds, self._settings.subscription, self._settings.pattern)
        number = str(made.get("subscriptionId") or "")
        if not number:
            raise Rejected("Beeline gave no id of the subscription", hint="Повторите позже или спросите поддержку АТС.")
        self._remember(number, url, _seconds(made.get("expires")) or seconds)
        if (old := stored.get("number", "")) and old != number:
            self._end(old)
        return True

    def _lasts(self, stored: dict[str, str]) -> bool:
        """Whether it is there, and for longer than the last quarter of its time."""
        now = self._now()
        if datetime.fromisoformat(stored["until"]) - now < self._settings.subscribed_for / 4:
            return False
        if self._look_again is not None and now < self._look_again:
            return True
        try:
            self._portal.subscription(stored["number"])
        except Rejected as error:
            if error.status != _GONE:
                raise
            return False
        self._look_again = now + LOOKED_AT
        return True

    def _end(self, number: str) -> None:
        try:
            self._portal.unsubscribe(number)
        except Rejected as error:
            if error.status != _GONE:  # it has ended by itself
                raise

    def _wanted(self, url: str) -> str:
        """What was asked for, without the secret."""
        asked = f"{url} {self._settings.subscription} {self._settings.pattern}"
        return sha256(asked.encode()).hexdigest()

    def _stored(self) -> dict[str, str]:
        rows = self._store.snapshots(self._system, _KIND, [_KIND])
        found: dict[str, Any] = json.loads(rows[_KIND].body) if rows else {}
        return found

    def _remember(self, number: str, url: str, seconds: int) -> None:
        now = self._now()
        until = (now + timedelta(seconds=seconds)).isoformat()
        body = json.dumps({"number": number, "until": until, "wanted": self._wanted(url)})
        self._store.put_snapshots(self._system, _KIND, [Snapshot(_KIND, body, now)])
        self._look_again = now + LOOKED_AT

    @property
    def _system(self) -> str:
        return f"beeline:{self._name}"


def _seconds(value: object) -> int:
    """Of `expires`, which comes as a number or as a text."""
    text = str(value)
    return int(text) if text.isdecimal() else 0
