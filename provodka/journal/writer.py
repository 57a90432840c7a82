"""Group commit: writes that wait at the same moment are one transaction, and share its flush to disk.

Whoever comes first leads: it commits its own write with all that have queued up meanwhile, wakes their owners, and
hands the lead to the first of those that came during its commit. So a lone write costs no switch of threads, sixteen
webhooks that arrive together share one flush, and threads of one process never fight for SQLite's write lock.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import Connection

from provodka.errors import JournalUnavailableError
from provodka.journal.database import Database, unavailable

T = TypeVar("T")
Work = Callable[[Connection], T]
Bulk = Callable[[Connection, Sequence[Any]], None]


class _Job(Generic[T]):
    __slots__ = ("durable", "error", "is_over", "item", "result", "woken", "work")

    def __init__(self, work: Work[T] | Bulk, item: Any = None, *, durable: bool = True) -> None:  # noqa: ANN401
        self.work = work
        self.durable = durable
        self.item = item
        self.result: T | None = None
        self.error: BaseException | None = None
        self.is_over = False
        self.woken = threading.Lock()  # a bare lock is the cheapest one-shot signal
        self.woken.acquire()


class Writer:
    """Runs functions of a connection durably: a call returns after its commit, or raises and has written nothing.

    A function may be run again when another one of its group fails, and by another caller's thread, so it must do
    nothing but write.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._guard = threading.Condition()
        self._waiting: list[_Job[Any]] = []
        self._is_led = False
        self._is_closed = False
        self._has_begun = False

    def run(self, work: Work[T], *, durable: bool = True) -> T:
        """Run `work` in a transaction; raises JournalUnavailableError when it cannot be committed.

        What is not `durable` survives the death of the process, but a power cut only once something durable has been
        written after it.
        """
        job: _Job[T] = _Job(work, durable=durable)
        self._carry_out(job)
        return cast("T", job.result)

    def add(self, bulk: Bulk, items: Sequence[Any]) -> None:
        """Like `run`, for a function that takes many items at once: those that wait together are one call."""
        self._carry_out(_Job(bulk, items))

    def close(self) -> None:
        """Finish what waits, then take nothing more."""
        with self._guard:
            self._is_closed = True
            self._guard.wait_for(lambda: not self._is_led)

    def _carry_out(self, job: _Job[Any]) -> None:
        with self._guard:
            if self._is_closed:
                raise JournalUnavailableError("the journal is closed")
            self._waiting.append(job)
            leads, self._is_led = not self._is_led, True
        if not leads:
            job.woken.acquire()
        if not job.is_over:
            self._lead()
        if job.error is not None:
            raise job.error

    def _lead(self) -> None:
        with self._guard:
            group, self._waiting = self._waiting, []
        try:
            self._commit(group)
        except BaseException as error:  # noqa: BLE001 -- each job gets its own verdict below
            away = None if self._has_begun else unavailable(error)
            if len(group) == 1 or away:  # one by one they would wait as long again, each after the other
                for job in group:
                    job.error = unavailable(error) or error
            else:
                self._commit_singly(group)
        with self._guard:
            if self._waiting:
                self._waiting[0].woken.release()
            else:
                self._is_led = False
                self._guard.notify_all()
        for job in group:
            job.is_over = True
            job.woken.release()

    def _commit(self, group: Sequence[_Job[Any]]) -> None:
        bulks: dict[Any, list[Any]] = {}
        durable = any(job.durable for job in group)
        self._has_begun = False
        with (self._database.writing if durable else self._database.passing).begin() as connection:
            self._has_begun = True
            if not durable and not self._database.is_sqlite:
                connection.exec_driver_sql("SET LOCAL synchronous_commit TO off")
            for job in group:
                if job.item is None:
                    job.result = cast("Work[Any]", job.work)(connection)
                else:
                    bulks.setdefault(job.work, []).extend(job.item)
            for bulk, items in bulks.items():
                bulk(connection, items)

    def _commit_singly(self, group: Sequence[_Job[Any]]) -> None:
        for job in group:
            try:
                self._commit([job])
            except BaseException as error:  # noqa: BLE001 -- handed to the caller of this job
                job.error = unavailable(error) or error
