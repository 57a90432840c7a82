"""A watcher's life: look again and again, come back after every fault, tell of it once."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from provodka.channel import Status
from provodka.errors import AuthFailed, ConnectorError, ProvodkaError, Rejected

BLIPS: Final = 3  # so many failures in a row are worth an alert; a refusal is one at once
WAIT: Final = "Provodka повторяет попытки сама. Если это длится дольше часа, спросите поддержку сервиса."
BUG: Final = "Это ошибка Provodka: пришлите журнал разработчикам."

Look = Callable[[], float]
"""One look; after how many seconds the next is due."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Looking:
    """How the channel `name` fares. A refusal of the service (`Rejected`, `AuthFailed`) is told at once and waited out
    for `refused` seconds, other faults are told when they stay; `wait` is the cure of those that bring none.

    `failures` in a row so far. `in_trouble`: something was told that the next look that succeeds has to take back.
    """

    name: str
    first_retry: float = 2.0
    last_retry: float = 300.0
    refused: float | None = None
    wait: str = WAIT
    failures: int = 0
    in_trouble: bool = True  # until the first look: what an earlier run told may still stand

    def forever(self, look: Look, stop: threading.Event, status: Status) -> None:
        """Until `stop`."""
        while not stop.is_set():
            stop.wait(self.round(look, status, stop))

    def round(self, look: Look, status: Status, stop: threading.Event | None = None) -> float:
        """Look once; the seconds until the next time."""
        try:
            pause = look()
        except Exception as error:  # noqa: BLE001  # the edge of a thread: whatever happened, come back
            if stop is not None and stop.is_set():
                return 0.0  # a long poll that was cut short is no fault
            return self.failed(error, status)
        self.well(status)
        return pause

    def well(self, status: Status) -> None:
        """It works; ends the trouble, if there was one."""
        self.failures = 0
        if self.in_trouble:
            status.well(self.name)
            self.in_trouble = False

    def failed(self, error: Exception, status: Status) -> float:
        """It does not work; the seconds until the next try, never sooner than the service has asked for."""
        self.failures += 1
        told = error if isinstance(error, ConnectorError) else None
        words = told.trouble if told else str(error) or type(error).__name__
        is_bug = not isinstance(error, ProvodkaError | OSError)  # not what networks and disks do every day
        log.warning("channel not looked into: channel=%s: %s", self.name, words, exc_info=is_bug)
        lasting = isinstance(error, AuthFailed | Rejected)
        if lasting or self.failures >= BLIPS:
            self.in_trouble = True
            status.trouble(self.name, words, (told.hint if told else "") or (BUG if is_bug else self.wait))
        pause = min(self.first_retry * 2.0 ** min(self.failures - 1, 12), self.last_retry)
        if lasting:
            pause = self.last_retry if self.refused is None else self.refused
        asked = told.wait if told and told.wait else 0.0
        return max(asked, pause) * random.uniform(1.0, 1.2)  # noqa: S311  # jitter
