"""One task: work that takes longer than a page may, in a thread beside the pages, with progress and a result."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar

import structlog

from provodka.errors import JournalUnavailableError

log = structlog.get_logger("console")
T = TypeVar("T")

_BUSY: Final = 0.01  # seconds of work before a rest of the same length: nobody else waits longer than that


class TaskState(StrEnum):
    """How far it has come."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


class StoppedError(Exception):
    """Somebody has called a task off."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a heavy task is: its `kind`, who wants it, `about` as its page needs it, what other people are told while it
    is under way (a text of the catalogues with `%(name)s` and `%(done)s`), and what to do once nobody wants it."""

    kind: str
    login: str
    name: str
    busy: str
    about: Any = None
    forget: Callable[[], object] = lambda: None


COUNT: Final = Order("count", "", "", "")


class Floor:
    """Who works: `moved` is notified when something has begun or ended; `counts` are under way, or wait for `turn`."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.moved = threading.Condition()
        self.turn = threading.Lock()
        self.counts = 0


class Task(Generic[T]):
    """`done` of `total` steps (0: not known yet) are over. When it is over itself, at `ended`, it has a `result`, or an
    `error` where it failed."""

    def __init__(self, work: Callable[[Task[T]], T], order: Order, floor: Floor) -> None:
        self.id = secrets.token_urlsafe(9)
        self.order = order
        self.state = TaskState.RUNNING
        self.begun = floor.now()
        self.ended: datetime | None = None
        self.total = 0
        self.done = 0
        self.result: T | None = None
        self.error: Exception | None = None
        self._work = work
        self._floor = floor
        self._is_count = order is COUNT
        self._called_off = False
        self._rested = time.perf_counter()

    @property
    def running(self) -> bool:
        """Whether it is not over yet."""
        return self.state is TaskState.RUNNING

    def step(self) -> None:
        """Called by the work: one step more is done."""
        self.progress(self.done + 1)

    def progress(self, done: int) -> None:
        """Called by the work: so many steps are done. Leaves others their time. Raises StoppedError once the task was
        called off."""
        self.done = done
        busy = time.perf_counter() - self._rested
        if busy > _BUSY:
            with self._floor.moved:
                self._floor.moved.wait_for(lambda: self._called_off, busy)
                self._floor.moved.wait_for(lambda: self._called_off or self._is_count or not self._floor.counts)
            self._rested = time.perf_counter()
        if self._called_off:
            raise StoppedError

    def hear(self, done: int, total: int) -> None:
        """Called by work that another process does: so many of so many are done there. It takes nobody's time here, so
        that it rests never. Raises StoppedError once the task was called off."""
        self.done, self.total = done, total
        if self._called_off:
            raise StoppedError

    def stop(self) -> None:
        """Call it off; it ends at its next step."""
        with self._floor.moved:
            self._called_off = True
            self._floor.moved.notify_all()

    def wait(self, seconds: float) -> None:
        """Until it is over, or so long."""
        with self._floor.moved:
            self._floor.moved.wait_for(lambda: not self.running, seconds)

    def run(self) -> None:
        """Called by its thread."""
        with self._floor.turn if self._is_count else nullcontext():
            self.begun, self._rested = self._floor.now(), time.perf_counter()
            try:
                self.result = self._work(self)
                state = TaskState.DONE
            except StoppedError:
                state = TaskState.STOPPED
            except JournalUnavailableError as error:  # no fault of the work: nobody is helped by its traceback
                log.warning("console.task_failed", error=str(error))
                self.error, state = error, TaskState.FAILED
            except Exception as error:
                log.exception("console.task_failed", error=str(error))
                self.error, state = error, TaskState.FAILED
        with self._floor.moved:
            self._floor.counts -= self._is_count
            self.ended, self.state = self._floor.now(), state
            self._floor.moved.notify_all()
