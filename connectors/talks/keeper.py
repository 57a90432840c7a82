"""Sees to it that a service goes on telling us what people write: nobody notices messages that do not come."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from connectors.looking import Looking
from provodka.channel import Intake, Status
from provodka.errors import ConnectorError, Rejected

FIRST: Final = 60.0  # seconds: who has just been started is being connected, or is busy
EVERY: Final = 300.0
CAUSE: Final = "what people write may not reach us"


class Kept(Protocol):
    """Where a service sends its notices."""

    def faults(self) -> Iterable[str]:
        """What is wrong, in Russian. Raises ConnectorError where that cannot be found out."""

    def close(self) -> None: ...


class Keeper:
    """A watcher that brings no events: it tells of a webhook that leads elsewhere, or whose deliveries fail."""

    def __init__(self, name: str, kept: Kept, *, first: float = FIRST, every: float = EVERY) -> None:
        self.name = name
        self._kept = kept
        self._first, self._every = first, every

    def watch(self, stop: threading.Event, intake: Intake, status: Status) -> None:
        """Until `stop`."""
        del intake
        stop.wait(self._first)
        Looking(self.name, last_retry=self._every).forever(self._look, stop, status)
        self._kept.close()

    def check(self) -> list[str]:
        """Nothing of its own: the channel's subscriber says it."""
        return []

    def close(self) -> None:
        """Close the connections."""
        self._kept.close()

    def _look(self) -> float:
        if faults := list(self._kept.faults()):
            raise Rejected(CAUSE, hint=" ".join(faults))
        return self._every


def complaints(who: str, look: Callable[[], Iterable[str]]) -> list[str]:
    """The sentences of a look at a service, or the one that says why it could not be looked at."""
    try:
        return list(look())
    except ConnectorError as error:
        return [error.sentence(who)]
