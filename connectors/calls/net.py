"""The net below the notices: asks for the calls that none of them told, and ends those whose end was never told."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from connectors.calls.book import CallBook
from connectors.looking import Looking
from provodka.channel import Intake, Status

log = logging.getLogger(__name__)

Look = Callable[[Intake], float | None]
"""Reads what happened since its cursor and puts it into the intake; the seconds until the next look, where it knows
better than the net (a report that is being made). Raises ConnectorError where it cannot."""

EVERY: Final = timedelta(minutes=5)
FIRST_RETRY: Final = 15.0


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
        self._looking = Looking(book.name, FIRST_RETRY, max(FIRST_RETRY, self._every))

    def watch(self, stop: threading.Event, intake: Intake, status: Status) -> None:
        """The first look at once: it finds what happened while nobody listened. Then again and again until `stop`."""
        self._looking.forever(partial(self._look_and_end, intake), stop, status)

    def round(self, intake: Intake, status: Status) -> float:
        """Look once and end what is lost; the seconds until the next time."""
        return self._looking.round(partial(self._look_and_end, intake), status)

    def check(self) -> list[str]:
        """Try the settings against the real service; sentences of what is wrong, empty when all is well."""
        return self._test()

    def close(self) -> None:
        """Close the connections."""
        self._close()

    def _look_and_end(self, intake: Intake) -> float:
        after = self._book.settings.lost_after
        try:
            pause = self._look(intake) if self._look is not None else None
        except Exception:
            self._end_lost(intake, after * 2)
            raise
        self._end_lost(intake, after)
        if pause is not None:
            return pause
        return self._every * random.uniform(0.9, 1.1)  # noqa: S311  # jitter

    def _end_lost(self, intake: Intake, after: timedelta) -> None:
        if ended := self._book.close_lost(intake, self._now(), after):
            log.warning("calls ended whose end was never told: channel=%s: %d", self.name, ended)
