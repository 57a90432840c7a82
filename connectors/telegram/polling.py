"""A bot that asks for what was written to it: for where no address of ours can be called."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from connectors.looking import Looking
from connectors.talks.keeper import Keeper
from connectors.talks.telling import of_answer
from connectors.telegram.account import BotAccount
from connectors.telegram.settings import TelegramSettings
from connectors.telegram.setup import Setup
from connectors.telegram.updates import WANTED, Updates, query_id
from provodka.channel import Around, Intake, Status
from provodka.errors import ConnectorError
from provodka.event import Event, utc_now

LONG_POLL: Final = 25  # seconds
STALE: Final = timedelta(days=6)  # after a week of silence Telegram begins to count anywhere

log = logging.getLogger(__name__)


class Poller:
    """Long polling. Cursor `telegram:<channel>:<bot>` is `<offset> <moment>`, stored with the events below the offset.

    Where another program asks for the same bot, or it has a webhook, Telegram refuses one of the two: then we give way,
    say so, and look again in five minutes.
    """

    def __init__(
        self,
        name: str,
        settings: TelegramSettings,
        *,
        now: Callable[[], datetime] = utc_now,
        first_retry: float = 2.0,
        last_retry: float = 300.0,
        seconds: int = LONG_POLL,
    ) -> None:
        self.name = name
        self._bot = BotAccount(settings, f"{name}-poll")
        self._now = now
        self._pauses = first_retry, last_retry
        self._seconds = seconds
        self._cursor = f"telegram:{name}:{settings.bot_id}"

    def watch(self, stop: threading.Event, intake: Intake, status: Status) -> None:
        """Until `stop`; the call that is under way is given up then, and confirms nothing."""
        try:
            Looking(self.name, *self._pauses).forever(partial(self._look, stop, intake), stop, status)
        finally:
            self._bot.close()

    def check(self) -> list[str]:
        """What is wrong, in sentences."""
        return Setup(self.name, self._bot).check()

    def close(self) -> None:
        """Close the connections."""
        self._bot.close()

    def _look(self, stop: threading.Event, intake: Intake) -> float:
        offset = self._offset(intake)
        found = self._bot.call(
            "getUpdates", b"", lambda wire: wire.updates(offset, self._seconds, WANTED), more=self._seconds, stop=stop
        )
        ids = [update["update_id"] for update in found if isinstance(update.get("update_id"), int)]
        if ids:
            events = [event for update in found for event in self._events(update)]
            intake.accept(
                events, channel=self.name, cursors={self._cursor: f"{max(ids) + 1} {self._now().isoformat()}"}
            )
            for query in filter(None, map(query_id, found)):
                self._answer(query)
        elif offset:
            # All is confirmed. From here on we name no offset: it would throw away what Telegram counts from anew.
            intake.accept((), channel=self.name, cursors={self._cursor: ""})
        return 0.0

    def _offset(self, intake: Intake) -> int:
        """0 also for one so old that the numbers may have begun anew since."""
        offset, _, at = (intake.cursor(self._cursor) or "").partition(" ")
        return int(offset) if offset and self._now() - datetime.fromisoformat(at) < STALE else 0

    def _events(self, update: Mapping[str, Any]) -> list[Event]:
        account = self._bot.settings.bot_id
        return of_answer(self.name, self._now(), update, lambda telling: Updates(telling, account).events(update))

    def _answer(self, query: str) -> None:
        """Only so that the button stops turning: the event is stored already."""
        try:
            self._bot.call("answerCallbackQuery", b"", lambda wire: wire.answer(query))
        except ConnectorError as error:
            log.info("button not answered: channel=%s: %s", self.name, error.reason)


def watcher(name: str, settings: TelegramSettings, around: Around) -> Poller | Keeper | None:
    """The watcher of the channel `name`: it asks by itself, or sees to it that Telegram goes on calling us."""
    match settings.receive:
        case "polling":
            return Poller(name, settings, now=around.now)
        case "webhook":
            return Keeper(name, Setup(name, BotAccount(settings, f"{name}-keeper")))
    return None
