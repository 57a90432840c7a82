"""A bot of MAX that asks for what was written to it: for its development, no more is allowed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

from connectors.looking import Looking
from connectors.max.api import MaxApi
from connectors.max.settings import MaxSettings
from connectors.max.setup import Setup
from connectors.max.updates import WANTED, Updates
from connectors.talks.keeper import Keeper
from connectors.talks.reading import parts_of, word
from connectors.talks.telling import of_answer
from provodka.channel import Around, Intake, Status
from provodka.event import Event, utc_now
from provodka.stores import Pace

LONG_POLL: Final = 5  # seconds; a stop waits for its end


class Poller:
    """Long polling. The cursor `max:<channel>:<bot>` is MAX's marker, stored with the events that came with it."""

    def __init__(
        self,
        name: str,
        settings: MaxSettings,
        pace: Pace,
        *,
        now: Callable[[], datetime] = utc_now,
        seconds: int = LONG_POLL,
    ) -> None:
        self.name = name
        self._settings = settings
        self._api = MaxApi(settings, pace)
        self._now = now
        self._seconds = seconds
        self._cursor = f"max:{name}:{settings.account}"

    def watch(self, stop: threading.Event, intake: Intake, status: Status) -> None:
        """Until `stop`."""
        Looking(self.name).forever(partial(self._look, intake), stop, status)
        self._api.close()

    def check(self) -> list[str]:
        """What is wrong, in sentences."""
        return Setup(self.name, self._settings, self._api).check()

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def _look(self, intake: Intake) -> float:
        before = intake.cursor(self._cursor) or ""
        found = self._api.updates(before, self._seconds, WANTED)
        marker = word(found.get("marker"))
        events = [event for update in parts_of(found.get("updates")) for event in self._events(update)]
        if events or marker != before:
            intake.accept(events, channel=self.name, cursors={self._cursor: marker or before})
        return 0.0

    def _events(self, update: Mapping[str, Any]) -> list[Event]:
        account = self._settings.account
        return of_answer(self.name, self._now(), update, lambda telling: Updates(telling, account).events(update))


def watcher(name: str, settings: MaxSettings, around: Around) -> Poller | Keeper:
    """The watcher of the channel `name`: it asks by itself, or sees to it that MAX goes on calling us."""
    if settings.receive == "polling":
        return Poller(name, settings, around.store, now=around.now)
    return Keeper(name, Setup(name, settings, MaxApi(settings, around.store)))
