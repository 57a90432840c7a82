"""Sending events: once, in no promised order, 5 seconds for an answer, and never again."""

from __future__ import annotations

import heapq
import itertools
import logging
import random
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass

import requests
from pydantic import BaseModel, ConfigDict, Field

from sandbox.bitrix24.events import Parcel

log = logging.getLogger(__name__)

TIMEOUT = 5.0
WORKERS = 4
REORDER_HOLD = 0.3
NO_ANSWER, TIMED_OUT = 0, 504
HEADERS = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "Bitrix24 Webhook Engine"}


class HookFaults(BaseModel):
    """Body of `POST /_sandbox/webhook_faults`; `drop`, `double` and `reorder` are shares, `delay` seconds for each."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    drop: float = Field(default=0, ge=0, le=1)
    double: float = Field(default=0, ge=0, le=1)
    reorder: float = Field(default=0, ge=0, le=1)
    delay: float = Field(default=0, ge=0)
    seed: int | None = None


@dataclass(slots=True)
class Delivery:
    """One POST; `status` is the answer's, 0 where none came, 504 where it took too long."""

    parcel: Parcel
    status: int | None = None

    def as_json(self) -> dict[str, object]:
        parcel = self.parcel
        return {"destination": parcel.destination, "event": parcel.event, "status": self.status, "body": parcel.body}


class Sender:
    """A queue that a few threads empty; what an answer says changes nothing."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.log: deque[Delivery] = deque(maxlen=200)
        self._due: list[tuple[float, int, Delivery]] = []
        self._numbers = itertools.count()
        self._wake = threading.Condition()
        self._busy = 0
        self._stopped = True
        self._threads: list[threading.Thread] = []
        self.set_faults(HookFaults())

    def set_faults(self, faults: HookFaults) -> None:
        self.faults = faults
        self._dice = random.Random(faults.seed)  # noqa: S311

    def post(self, parcels: list[Parcel]) -> None:
        """Queue what a request changed; returns at once."""
        for parcel in parcels:
            self._queue(parcel)

    def start(self) -> None:
        self._stopped = False
        self._threads = [
            threading.Thread(target=self._run, name=f"bitrix24-events-{number}", daemon=True)
            for number in range(WORKERS)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the threads; what is queued is lost, as the vendor may lose it."""
        with self._wake:
            self._stopped = True
            self._due.clear()
            self._wake.notify_all()
        for thread in self._threads:
            thread.join(timeout=TIMEOUT + 1)
        self._threads = []

    def forget(self) -> None:
        """Drop everything queued and all counts; nothing queued so far is posted after this."""
        with self._wake:
            self._due.clear()
            self._wake.wait_for(lambda: not self._busy, TIMEOUT + 1)
        self.log.clear()
        self.counts.clear()
        self.set_faults(HookFaults())

    def _queue(self, parcel: Parcel) -> None:
        faults, dice = self.faults, self._dice
        if dice.random() < faults.drop:
            self.counts["dropped"] += 1
            return
        delay = faults.delay
        if dice.random() < faults.reorder:
            self.counts["reordered"] += 1
            delay += REORDER_HOLD
        self._put(Delivery(parcel), delay)
        if dice.random() < faults.double:
            self.counts["doubled"] += 1
            self._put(Delivery(parcel), delay)

    def _put(self, delivery: Delivery, delay: float) -> None:
        with self._wake:
            if not self._stopped:
                heapq.heappush(self._due, (time.monotonic() + delay, next(self._numbers), delivery))
                self._wake.notify()

    def _run(self) -> None:
        while (delivery := self._next()) is not None:
            try:
                self._send(delivery)
            finally:
                with self._wake:
                    self._busy -= 1
                    self._wake.notify_all()

    def _next(self) -> Delivery | None:
        with self._wake:
            while not self._stopped:
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    self._busy += 1
                    return heapq.heappop(self._due)[2]
                self._wake.wait(wait)
        return None

    def _send(self, delivery: Delivery) -> None:
        parcel = delivery.parcel
        try:
            answer = requests.post(
                parcel.destination, data=parcel.body, headers=HEADERS, timeout=TIMEOUT, allow_redirects=False
            )
            delivery.status = answer.status_code
        except requests.Timeout:
            delivery.status = TIMED_OUT
        except requests.RequestException as error:
            log.debug("event not delivered to %s: %s", parcel.destination, error)
            delivery.status = NO_ANSWER
        self.log.append(delivery)
        self.counts["delivered" if 200 <= delivery.status < 300 else "lost"] += 1
