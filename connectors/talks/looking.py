"""A watcher's life: look again and again, come back after every fault, tell of it once."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from provodka.channel import Status
from provodka.errors import AuthFailed, ConnectorError, JournalUnavailableError, RateLimited, Rejected

BLIPS: Final = 3  # so many failures in a row are worth an alert
WAIT: Final = "Provodka повторяет попытки сама. Если это длится дольше часа, спросите поддержку сервиса."

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Looking:
    """`look` does one round and tells after how many seconds the next is due. A refusal of the service (`Rejected`,
    `AuthFailed`) is told at once, other faults when they stay."""

    name: str
    look: Callable[[], float]
    first_retry: float = 2.0
    last_retry: float = 300.0
    failures: int = 0

    def forever(self, stop: threading.Event, status: Status) -> None:
        """Until `stop`."""
        while not stop.is_set():
            try:
                pause = self.look()
                self.failures = 0
                status.well(self.name)
            except Exception as error:  # noqa: BLE001  # the edge of a round: whatever happened, come back
                if stop.is_set():
                    break  # a long poll that was cut short is no fault
                pause = self._after(error, status)
            stop.wait(pause)

    def _after(self, error: Exception, status: Status) -> float:
        self.failures += 1
        known = isinstance(error, ConnectorError | JournalUnavailableError)
        log.warning("channel not looked into: channel=%s: %s", self.name, error, exc_info=not known)
        lasting = isinstance(error, AuthFailed | Rejected)
        if lasting or self.failures >= BLIPS:
            hint = error.hint if isinstance(error, ConnectorError) else ""
            status.trouble(self.name, str(error) or type(error).__name__, hint or WAIT)
        if isinstance(error, RateLimited) and error.wait:
            return error.wait
        pause = (
            self.last_retry if lasting else min(self.first_retry * 2.0 ** min(self.failures - 1, 12), self.last_retry)
        )
        return pause * random.uniform(0.8, 1.2)  # noqa: S311  # jitter
