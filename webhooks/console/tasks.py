"""Work that takes longer than a page may: in a thread beside the pages, that leaves half of the processor to others."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

import structlog

log = structlog.get_logger("console")
T = TypeVar("T")

_BUSY: Final = 0.01  # seconds of work before a rest of the same length: webhooks and pages wait no longer than that


class StoppedError(Exception):
    """Somebody has called a task off."""


class Task(Generic[T]):
    """Begins at once. `work` calls `step` for each of its `total` steps (0: unknown). Over, it has a `result`, or was
    `stopped`, or `broken`."""

    def __init__(self, work: Callable[[Task[T]], T], begun: datetime) -> None:
        self.begun = begun
        self.ended: datetime | None = None
        self.total = 0
        self.done = 0
        self.result: T | None = None
        self.stopped = False
        self.broken = False
        self._work = work
        self._called_off = threading.Event()
        self._rested = time.perf_counter()
        self._thread = threading.Thread(target=self._run, name="console task", daemon=True)

    def start(self, now: Callable[[], datetime]) -> Task[T]:
        """Let it run; `now` tells when it is over."""
        self._now = now
        self._thread.start()
        return self

    @property
    def running(self) -> bool:
        """Whether it is not over yet."""
        return self.ended is None

    def step(self) -> None:
        """Called by the work: one step is done. Raises StoppedError once the task was called off."""
        self.done += 1
        busy = time.perf_counter() - self._rested
        if busy > _BUSY:
            if self._called_off.wait(busy):
                raise StoppedError
            self._rested = time.perf_counter()

    def stop(self) -> None:
        """Call it off; it ends at its next step."""
        self._called_off.set()

    def wait(self, seconds: float) -> None:
        """Until it is over, or so long."""
        self._thread.join(seconds)

    def _run(self) -> None:
        try:
            self.result = self._work(self)
        except StoppedError:
            self.stopped = True
        except Exception as error:
            log.exception("console.task_broken", error=str(error))
            self.broken = True
        finally:
            self.ended = self._now()


class Kept(Generic[T]):
    """The newest result of work that is done again when somebody asks and it is older than `fresh`."""

    def __init__(self, work: Callable[[Task[T]], T], fresh: timedelta) -> None:
        self._work = work
        self._fresh = fresh
        self._lock = threading.Lock()
        self._over: Task[T] | None = None
        self._running: Task[T] | None = None

    def ask(self, now: Callable[[], datetime], patience: float) -> tuple[Task[T] | None, bool]:
        """The last task that is over, and whether a newer one runs; whoever asks first waits so many seconds for it."""
        with self._lock:
            self._settle()
            task = self._over
            stale = task is None or task.broken or task.begun + self._fresh <= now()
            if self._running is None and stale:
                self._running = Task(self._work, now()).start(now)
            running = self._running
        if running is not None and self._over is None:
            running.wait(patience)
        with self._lock:
            self._settle()
            return self._over, self._running is not None

    def _settle(self) -> None:
        if self._running is not None and not self._running.running:
            self._over, self._running = self._running, None
