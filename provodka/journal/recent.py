"""The events of the last moments: what was planned just now is delivered next, and need not be read again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final

from provodka.journal.records import StoredEvent

_MOST: Final = 1024
_LARGEST_BODY: Final = 4096


class Recent:
    """Events by number, the oldest dropped. Events never change, so nothing has to be kept in step."""

    def __init__(self) -> None:
        self._events: OrderedDict[int, StoredEvent] = OrderedDict()
        self._guard = threading.Lock()

    def put(self, stored: StoredEvent) -> None:
        """Keep it, unless its body is large."""
        if len(stored.event.raw) > _LARGEST_BODY:
            return
        with self._guard:
            self._events[stored.seq] = stored
            while len(self._events) > _MOST:
                self._events.popitem(last=False)

    def get(self, number: int) -> StoredEvent | None:
        """The event, if it is still here."""
        return self._events.get(number)
