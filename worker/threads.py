"""The threads of a worker: one plans, some deliver, one keeps leases and takes back what the dead left."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

import structlog

from provodka.errors import JournalUnavailableError
from provodka.journal import Journal
from worker.deliverer import Deliverer
from worker.planner import Planner

log = structlog.get_logger("worker")

_IDLE: Final = 0.2  # seconds between looks when nobody rings: another process may have written, a pause may be over
_UNAVAILABLE_PAUSE: Final = 1.0
_KEEPING: Final = 15.0


class Worker:
    """Starts and gracefully stops the threads of one process."""

    def __init__(self, journal: Journal, planner: Planner, deliverer: Deliverer, delivering: int = 4) -> None:
        self._journal = journal
        self._stop = threading.Event()
        self._keepers = (deliverer.keep_leases, planner.keep_leases)
        loops: list[tuple[str, Callable[[], int], threading.Event]] = [
            (
                "planner",
                lambda: planner.plan_once() + planner.run_timers() + journal.wake_postponed(),
                journal.new_events,
            )
        ]
        loops += [(f"deliverer-{n + 1}", deliverer.deliver_once, journal.new_actions) for n in range(delivering)]
        self._threads = [threading.Thread(target=self._loop, args=loop, name=loop[0]) for loop in loops]
        self._threads.append(threading.Thread(target=self._keep, name="leases"))

    def start(self) -> None:
        """Take back what a killed process held, then go to work."""
        self._survive(self._journal.recover)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let each thread finish its batch; nothing is left running."""
        self._stop.set()
        self._journal.new_events.set()
        self._journal.new_actions.set()
        for thread in self._threads:
            thread.join()

    def _loop(self, name: str, work: Callable[[], int], bell: threading.Event) -> None:
        while not self._stop.is_set():
            bell.clear()
            if not self._survive(work) and not self._stop.is_set():
                bell.wait(_IDLE)
        log.debug("thread.stopped", thread=name)

    def _keep(self) -> None:
        while not self._stop.wait(_KEEPING):
            for work in (*self._keepers, self._journal.recover):
                self._survive(work)

    def _survive(self, work: Callable[[], int]) -> int:
        """Run one round; a journal that is locked or full is waited for, and never ends the thread."""
        try:
            return work()
        except JournalUnavailableError as error:
            log.warning("journal.unavailable", error=str(error))
            self._stop.wait(_UNAVAILABLE_PAUSE)
        except Exception:
            log.exception("worker.round_failed")
            self._stop.wait(_UNAVAILABLE_PAUSE)
        return 0
