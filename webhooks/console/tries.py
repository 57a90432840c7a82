"""Configs that are tried: by whom, how far that is, and what came of it, for an hour."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from provodka.errors import Problem
from support.whatif_tally import Tally
from webhooks.console.parts import Parts
from webhooks.console.tasks import Task

_KEPT_FOR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a try: mistakes of the config, or what would have become. `cut`: there were more events than are
    looked at; `by_name` the references that their names stood for."""

    problems: tuple[Problem, ...] = ()
    tally: Tally | None = None
    cut: bool = False
    by_name: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Try:
    """A config that is, or was, tried by somebody."""

    login: str
    name: str
    text: str
    days: int
    task: Task[Outcome]


class Tries:
    """The last try of each reader, for an hour. One runs at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: dict[str, Try] = {}

    def of(self, login: str, now: datetime) -> Try | None:
        """Theirs, running or over."""
        with self._lock:
            old = [one.login for one in self._of.values() if one.task.ended and one.task.ended + _KEPT_FOR < now]
            for each in old:
                del self._of[each]
            return self._of.get(login)

    def running(self) -> Try | None:
        """Whoever's is not over yet."""
        with self._lock:
            return self._running()

    def begin(self, new: Try, house: Parts) -> bool:
        """False where one runs already."""
        with self._lock:
            if self._running() is not None:
                return False
            self._of[new.login] = new
            new.task.start(house.now)
            return True

    def _running(self) -> Try | None:
        return next((one for one in self._of.values() if one.task.running), None)
