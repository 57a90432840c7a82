"""Senders of forms at a steady pace, who repeat what was not acknowledged, and sometimes what was."""

from __future__ import annotations

import contextlib
import queue
import random
import threading
import time
from dataclasses import dataclass
from typing import Self

import requests

PAUSE = 0.1  # seconds before a form that was not acknowledged is sent again
THREADS = 8


@dataclass(frozen=True, slots=True)
class Form:
    """One filled-in form; the same `number` is the same form."""

    number: int
    phone: str

    @property
    def comment(self) -> str:
        return f"№ {self.number}"

    @property
    def body(self) -> dict[str, str]:
        return {"number": str(self.number), "phone": self.phone, "comment": self.comment}


class Load:
    """Sends from the start until `finish`. One form in four is from somebody who has sent one before."""

    def __init__(self, url: str, per_second: float, seed: int) -> None:
        self.acknowledged: list[Form] = []
        self.tries = 0
        self._url = url
        self._gap = 1 / per_second
        self._dice = random.Random(seed)
        self._people = 0
        self._waiting: queue.SimpleQueue[Form | None] = queue.SimpleQueue()
        self._over = threading.Event()
        self._writer = threading.Thread(target=self._write)
        self._threads = [threading.Thread(target=self._send) for _ in range(THREADS)]
        self._count = threading.Lock()

    def __enter__(self) -> Self:
        for thread in (self._writer, *self._threads):
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.finish()

    def finish(self) -> None:
        """No new forms; those that were begun are sent until they are acknowledged."""
        self._over.set()
        for thread in (self._writer, *self._threads):
            thread.join()

    def _write(self) -> None:
        number = 0
        due = time.monotonic()
        while not self._over.is_set():
            number += 1
            self._waiting.put(Form(number, self._phone()))
            due += self._gap
            self._over.wait(max(0, due - time.monotonic()))
        for _ in self._threads:
            self._waiting.put(None)

    def _phone(self) -> str:
        if not self._people or self._dice.random() < 0.75:
            self._people += 1
            return f"+7916{self._people:07}"
        return f"+7916{self._dice.randint(1, self._people):07}"

    def _send(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while (form := self._waiting.get()) is not None:
                while not self._try(session, form):
                    time.sleep(PAUSE)
                self.acknowledged.append(form)
                if form.number % 10 == 0:  # its sender did not hear us
                    self._try(session, form)

    def _try(self, session: requests.Session, form: Form) -> bool:
        with self._count:
            self.tries += 1
        with contextlib.suppress(requests.RequestException):
            return session.post(self._url, json=form.body, timeout=30).ok
        return False
