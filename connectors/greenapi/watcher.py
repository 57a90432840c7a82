"""Looks after an instance of Green-API: whether its account is still let in, and, where it polls, what has come."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from connectors.greenapi.api import GreenApi, trouble_of
from connectors.greenapi.notice import STATE_CHANGED, Told
from connectors.greenapi.settings import GreenApiSettings
from connectors.looking import Looking
from connectors.talks.reading import part, word
from connectors.talks.telling import Telling, of_answer
from provodka.channel import Around, Intake, Part, Received, Status, UnreadableError
from provodka.errors import ConnectorError
from provodka.event import Event
from provodka.stores import Pace

STATE_EVERY: Final = timedelta(minutes=1)
WAIT: Final = 5  # seconds that Green-API holds a request for a notice open; the least that it takes
RETRY: Final = 60.0
TWO_WAYS: Final = (
    "Green-API: в настройках инстанса указан адрес вебхука, и уведомления уходят туда. "
    "Очистите его в консоли или поставьте receive: webhook."
)


class GreenApiWatcher:
    """The queue of notices is strict: one that is not deleted holds back all others. So each is stored first and then
    deleted, and one that cannot be understood is stored as such."""

    def __init__(self, name: str, settings: GreenApiSettings, pace: Pace, now: Callable[[], datetime]) -> None:
        self.name = name
        self._settings = settings
        self._polls = settings.receive == "polling"
        self._api = GreenApi(settings, pace)
        self._now = now
        self._state = ""
        self._asked: datetime | None = None

    def watch(self, stop: threading.Event, intake: Intake, status: Status) -> None:
        """Until `stop`; a request that is being held open ends within five seconds of it."""
        Looking(self.name, last_retry=RETRY).forever(partial(self.look, intake), stop, status)
        self._api.close()

    def look(self, intake: Intake) -> float:
        """One round; the seconds until the next. Raises Rejected while the account is not let in."""
        took = self._polls and self._take(intake)
        if not took and self._is_due():
            self._state = word(part(self._api.get("getStateInstance")).get("stateInstance"))
            self._asked = self._now()
        if (trouble := trouble_of(self._state)) is not None and not took:
            self._asked = None
            raise trouble
        return 0.0 if self._polls else STATE_EVERY.total_seconds()

    def check(self) -> list[str]:
        """Whether the account is let in, and whether notices go where the settings say."""
        try:
            state = word(part(self._api.get("getStateInstance")).get("stateInstance"))
            if (trouble := trouble_of(state)) is not None:
                return [trouble.sentence("Green-API")]
            if self._polls and word(part(self._api.get("getSettings")).get("webhookUrl")):
                return [TWO_WAYS]
        except ConnectorError as error:
            return [error.sentence("Green-API")]
        return []

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def _is_due(self) -> bool:
        return self._asked is None or self._now() - self._asked >= STATE_EVERY

    def _take(self, intake: Intake) -> bool:
        """The first notice of the queue, if there is one: stored, then deleted."""
        answer = self._api.get("receiveNotification", receiveTimeout=str(WAIT))
        number = word(part(answer).get("receiptId"))
        if not number:
            return False
        notice = answer.get("body")
        found = self._read(notice, intake)
        if found:
            received = Received.of(found)
            intake.accept(received.events, channel=self.name, parts=received.parts)
        if word(part(notice).get("typeWebhook")) == STATE_CHANGED:
            self._asked = None  # ask how it is now: this notice may have lain in the queue for hours
        self._api.delete("deleteNotification", number)
        return True

    def _read(self, notice: object, intake: Intake) -> list[Event | Part]:
        def told(telling: Telling) -> Iterator[Event | Part]:
            if not isinstance(notice, dict):
                raise UnreadableError("a notice that is no object")
            return Told(notice, telling, partial(intake.parts, self.name)).events()

        return of_answer(self.name, self._now(), notice, told)


def watcher(name: str, settings: GreenApiSettings, around: Around) -> GreenApiWatcher:
    """The watcher of the channel `name`."""
    return GreenApiWatcher(name, settings, around.store, around.now)
