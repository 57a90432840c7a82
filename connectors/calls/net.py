"""The net below the notices: asks for the calls that none of them told, and ends those whose end was never told."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from connectors.calls.book import CallBook
from provodka.channel import Intake, Status
from provodka.errors import AuthFailed, ConnectorError, ProvodkaError, Rejected

log = logging.getLogger(__name__)

Look = Callable[[Intake], float | None]
"""Reads what happened since its cursor and puts it into the intake; the seconds until the next look, where it knows
better than the net (a report that is being made). Raises ConnectorError where it cannot."""

EVERY: Final = timedelta(minutes=5)
BLIPS: Final = 3  # failures in a row that are worth an alert; a refusal is one at once
FIRST_RETRY: Final = 15.0
_WAIT: Final = "Provodka повторяет запросы сама. Если это длится дольше часа, спросите поддержку телефонии."
_BUG: Final = "Это ошибка Provodka: пришлите журнал разработчикам. Уведомления о звонках принимаются и без опроса."


def nothing_wrong() -> list[str]:
    """The check of what asks nothing of the outside."""
    return []


class Net:
    """`provodka.channel.Watcher` of any exchange. Without `look` it only ends lost calls.

    While `look` fails, a call is given up only after twice `lost_after`: its end may be in what could not be read.
    `test` tries the settings against the real service.
    """

    def __init__(
        self,
        book: CallBook,
        now: Callable[[], datetime],
        *,
        look: Look | None = None,
        every: timedelta = EVERY,
        test: Callable[[], list[str]] = nothing_wrong,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = book.name
        self._book = book
        self._now = now
        self._look = look
        self._every = every.total_seconds()
        self._test = test
        self._close = close
        self._failures = 0
        self._in_trouble = True  # until the first look: what an earlier run told may still stand

    def watch(self, stop: threading.Event, intake: Intake, status: Status) -> None:
        """The first look at once: it finds what happened while nobody listened. Then again and again until `stop`."""
        while not stop.is_set():
            stop.wait(self.round(intake, status))

    def round(self, intake: Intake, status: Status) -> float:
        """Look once and end what is lost; the seconds until the next time."""
        pause = self._looked(intake, status)
        after = self._book.settings.lost_after
        try:
            ended = self._book.close_lost(intake, self._now(), after * 2 if self._failures else after)
        except Exception as error:  # the edge of a thread: whatever happened, come back
            log.warning("lost calls not ended: channel=%s: %s", self.name, error, exc_info=_is_bug(error))
        else:
            if ended:
                log.warning("calls ended whose end was never told: channel=%s: %d", self.name, ended)
        return pause

    def check(self) -> list[str]:
        """Try the settings against the real service; sentences of what is wrong, empty when all is well."""
        return self._test()

    def close(self) -> None:
        """Close the connections."""
        self._close()

    def _looked(self, intake: Intake, status: Status) -> float:
        try:
            pause = self._look(intake) if self._look is not None else None
        except Exception as error:  # noqa: BLE001  # the same
            return self._failed(error, status)
        self._failures = 0
        if self._in_trouble:
            status.well(self.name)
            self._in_trouble = False
        if pause is not None:
            return pause
        return self._every * random.uniform(0.9, 1.1)  # noqa: S311  # jitter

    def _failed(self, error: Exception, status: Status) -> float:
        self._failures += 1
        told = isinstance(error, ConnectorError)
        words = error.reason if isinstance(error, ConnectorError) else str(error) or type(error).__name__
        log.warning("calls not read: channel=%s: %s", self.name, words, exc_info=_is_bug(error))
        if isinstance(error, AuthFailed | Rejected) or self._failures >= BLIPS:
            hint = error.hint if isinstance(error, ConnectorError) else ""
            self._in_trouble = True
            status.trouble(self.name, words, hint or (_WAIT if told or not _is_bug(error) else _BUG))
        asked = error.wait if isinstance(error, ConnectorError) and error.wait else 0.0
        patience = min(self._every, FIRST_RETRY * 2.0 ** min(self._failures - 1, 10))
        return max(asked, self._every if isinstance(error, AuthFailed | Rejected) else patience)


def _is_bug(error: Exception) -> bool:
    """Whether the traceback is worth a look: not for what networks and disks do every day."""
    return not isinstance(error, ProvodkaError | OSError)
