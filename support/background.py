"""What takes longer to count than a page may take: counted beside it, kept for a while."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

T = TypeVar("T")
_MOST_KEPT: Final = 8
_AT_REST: Final = 20
"""What took long is kept for as many times as long, so that looking at it often does not keep the machine busy."""


@dataclass(slots=True)
class _Job(Generic[T]):
    """A count, when it was begun and ended, and the one before it, to be shown meanwhile."""

    now: Callable[[], datetime]
    began: datetime
    ended: datetime | None = None
    future: Future[T] = field(default_factory=Future)
    before: Future[T] | None = None

    def is_fresh(self, fresh: timedelta) -> bool:
        return self.ended is None or self.now() - self.began < max(fresh, _AT_REST * (self.ended - self.began))


class Background(Generic[T]):
    """Counts one thing after another, each in a thread that keeps nobody from ending the process. What was counted is
    kept for as long as whoever asks finds it fresh."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._jobs: dict[Hashable, _Job[T]] = {}

    def ask(
        self, key: Hashable, count: Callable[[], T], now: Callable[[], datetime], fresh: timedelta, patience: float
    ) -> T | None:
        """What was counted within `fresh`, else what is counted now, if that takes no more than `patience` seconds;
        else what was counted before, or None. Raises what the counting raised, once: then it is counted anew."""
        job = self._job(key, count, now, fresh)
        before = job.before
        if not wait([job.future], patience).done:
            return before.result() if before is not None else None
        if job.future.exception() is not None:
            with self._lock:
                if self._jobs.get(key) is job:
                    del self._jobs[key]
        return job.future.result()

    def _job(self, key: Hashable, count: Callable[[], T], now: Callable[[], datetime], fresh: timedelta) -> _Job[T]:
        with self._lock:
            known = self._jobs.get(key)
            if known is not None and known.is_fresh(fresh):
                return known
            whole = known is not None and known.future.exception() is None
            made: _Job[T] = _Job(now, now(), before=known.future if known and whole else None)
            self._jobs[key] = made
            while len(self._jobs) > _MOST_KEPT:
                del self._jobs[next(iter(self._jobs))]
        threading.Thread(target=self._work, args=(made, count), name="background count", daemon=True).start()
        return made

    def _work(self, job: _Job[T], count: Callable[[], T]) -> None:
        with self._turn:
            try:
                found = count()
            except BaseException as error:  # noqa: BLE001 -- whoever asks gets it
                job.ended = job.now()
                job.future.set_exception(error)
            else:
                job.ended = job.now()
                job.future.set_result(found)
        job.before = None
