"""The net below Avito's notices: looks into the talks in which something was said lately."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from connectors.avito.api import AvitoApi
from connectors.avito.channel import book_of
from connectors.avito.message import Messages, facts_of
from connectors.avito.settings import AvitoSettings
from connectors.avito.setup import Setup
from connectors.looking import Looking
from connectors.talks.reading import Fields, moment, part, word
from connectors.talks.telling import Telling, raw_of
from provodka.channel import Around, Intake, Status, UnreadableError
from provodka.event import Event

OVERLAP: Final = timedelta(minutes=15)
PAGE: Final = 100
MOST_PAGES: Final = 20


class AvitoWatcher:
    """Reads every talk that has moved since the last look, be it read already or not: a colleague may have opened it in
    Avito before we came by. The cursor `avito:<channel>:since` says up to when; the first look takes nothing older."""

    def __init__(self, name: str, settings: AvitoSettings, around: Around) -> None:
        self.name = name
        self._settings = settings
        self._now = around.now
        self._api = AvitoApi(settings, around)
        self._setup = Setup(name, settings, self._api) if settings.secret else None
        self._messages = Messages(settings.account, book_of(settings, around))

    def watch(self, stop: threading.Event, intake: Intake, status: Status) -> None:
        """Until `stop`."""
        pause = self._settings.poll.total_seconds()
        Looking(self.name, last_retry=pause).forever(lambda: self._round(intake), stop, status)

    def close(self) -> None:
        self._api.close()

    def _round(self, intake: Intake) -> float:
        self.look(intake)
        if self._setup is not None:
            self._setup.look()
        return self._settings.poll.total_seconds()

    def look(self, intake: Intake) -> None:
        """Take in what came since the last look and is not known yet."""
        cursor, now = f"avito:{self.name}:since", self._now()
        told = intake.cursor(cursor)
        since = (datetime.fromisoformat(told) - OVERLAP if told else now).replace(microsecond=0)
        intake.accept(list(self._missed(now, since)), cursors={cursor: now.isoformat()})

    def _missed(self, now: datetime, since: datetime) -> Iterator[Event]:
        for chat in self._talks(since):
            known = facts_of(chat, self._settings.account)
            number, item = word(chat.get("id")), word(part(chat, "context", "value").get("id"))
            for body in self._history(number, since):
                whole = {"chat_id": number, "item_id": item, **body}
                try:
                    yield from self._messages.events(whole, Telling(self.name, now, raw_of(whole)), known)
                except UnreadableError:
                    continue  # a row without a number is no message

    def _talks(self, since: datetime) -> Iterator[Fields]:
        for page in range(MOST_PAGES):
            chats = self._api.chats(PAGE, page * PAGE)
            moved = [chat for chat in chats if _since(chat.get("updated"), since)]
            yield from moved
            if len(chats) < PAGE or not moved:
                return

    def _history(self, chat: str, since: datetime) -> list[Fields]:
        """What was said in a talk since then, the oldest first."""
        found: list[Fields] = []
        for page in range(MOST_PAGES):
            bodies = self._api.history(chat, PAGE, page * PAGE)
            fresh = [body for body in bodies if _since(body.get("created"), since)]
            found += fresh
            if len(fresh) < PAGE:
                break
        return found[::-1]


def _since(value: object, since: datetime) -> bool:
    at = moment(value)
    return at is not None and at >= since


def watcher(name: str, settings: AvitoSettings, around: Around) -> AvitoWatcher:
    """The watcher of the channel `name`."""
    return AvitoWatcher(name, settings, around)
