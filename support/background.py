"""What takes longer to count than a page may take: counted beside it, kept for a while."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

T = TypeVar("T")
_MOST_KEPT: Final = 8


@dataclass(slots=True)
class _Job(Generic[T]):
    """A count and the one before it, to be shown meanwhile."""

    began: datetime
    future: Future[T] = field(default_factory=Future)
    before: Future[T] | None = None


class Background(Generic[T]):
    """Counts one thing after another, each in a thread that keeps nobody from ending the process. What was counted is
    kept for as long as whoever asks finds it fresh."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._jobs: dict[Hashable, _Job[T]] = {}

    def ask(self, key: Hashable, count: Callable[[], T], fresh: timedelta, patience: float) -> T | None:
        """What was counted within `fresh`, else what is counted now, if that takes no more than `patience` seconds;
        else what was counted before, or None. Raises what the counting raised, once: then it is counted anew."""
        job = self._job(key, count, fresh)
        try:
            return job.future.result(patience)
        except TimeoutError:
            return job.before.result() if job.before is not None else None
        except Exception:
            with self._lock:
                if self._jobs.get(key) is job:
                    del self._jobs[key]
            raise

    def _job(self, key: Hashable, count: Callable[[], T], fresh: timedelta) -> _Job[T]:
        with self._lock:
            known = self._jobs.get(key)
            if known is not None and (not known.future.done() or self._now() - known.began < fresh):
                return known
            made: _Job[T] = _Job(self._now(), before=known.future if known and not known.future.exception() else None)
            self._jobs[key] = made
            while len(self._jobs) > _MOST_KEPT:
                del self._jobs[next(iter(self._jobs))]
        threading.Thread(target=self._work, args=(made, count), name="background count", daemon=True).start()
        return made

    def _work(self, job: _Job[T], count: Callable[[], T]) -> None:
        with self._turn:
            try:
                job.future.set_result(count())
            except BaseException as error:  # noqa: BLE001 -- whoever asks gets it
                job.future.set_exception(error)
