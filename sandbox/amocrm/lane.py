"""The queue to one webhook destination, emptied by its own thread."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import requests

from sandbox.amocrm.model import Hook

IDLE_SESSION = 1.0
"""A connection idle for longer is not used again: the other side may be closing it at this very moment."""


@dataclass(slots=True)
class Delivery:
    """One POST to one destination; `status` is the last answer, 0 where no answer came."""

    hook: Hook
    body: str
    attempt: int = 1
    status: int | None = None

    def as_json(self) -> dict[str, object]:
        return {"destination": self.hook.destination, "attempt": self.attempt, "status": self.status, "body": self.body}


@dataclass(order=True, slots=True)
class _Due:
    at: float
    number: int
    delivery: Delivery = field(compare=False)


class Lane(threading.Thread):
    """Sends to one destination, the earliest due first."""

    def __init__(self, destination: str, send: Callable[[requests.Session, Delivery], None]) -> None:
        super().__init__(name=f"webhooks-{destination}", daemon=True)
        self._send = send
        self._due: list[_Due] = []
        self._numbers = itertools.count()
        self._wake = threading.Condition()
        self._stopped = False
        self._busy = False

    def put(self, delivery: Delivery, delay: float) -> None:
        with self._wake:
            heapq.heappush(self._due, _Due(time.monotonic() + delay, next(self._numbers), delivery))
            self._wake.notify_all()

    def forget(self, seconds: float) -> None:
        """Drop what waits, and let what is on its way end, for at most so long."""
        with self._wake:
            self._due.clear()
            self._wake.wait_for(lambda: not self._busy, seconds)

    def stop(self) -> None:
        with self._wake:
            self._stopped = True
            self._wake.notify_all()

    def run(self) -> None:
        session, used = requests.Session(), time.monotonic()
        while (delivery := self._next()) is not None:
            if time.monotonic() - used > IDLE_SESSION:
                session.close()
                session = requests.Session()
            self._send(session, delivery)
            used = time.monotonic()
        session.close()

    def _next(self) -> Delivery | None:
        with self._wake:
            self._busy = False
            self._wake.notify_all()
            while not self._stopped:
                wait = self._due[0].at - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    self._busy = True
                    return heapq.heappop(self._due).delivery
                self._wake.wait(wait)
        return None
