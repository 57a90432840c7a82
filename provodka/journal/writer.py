"""Group commit: all writes of a process go through one thread, which puts those that wait into one transaction.

A commit costs a flush to disk; sixteen webhooks that arrive together then share one. On SQLite this also means
that threads of one process never fight for the write lock.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, OperationalError

from provodka.errors import JournalUnavailableError
from provodka.journal.database import Database

T = TypeVar("T")
Work = Callable[[Connection], T]
Bulk = Callable[[Connection, Sequence[Any]], None]

_LARGEST_GROUP = 512


class _Job(Generic[T]):
    __slots__ = ("done", "durable", "error", "item", "result", "work")

    def __init__(self, work: Work[T] | Bulk, item: Any = None, *, durable: bool = True) -> None:  # noqa: ANN401
        self.work = work
        self.durable = durable
        self.item = item
        self.result: T | None = None
        self.error: BaseException | None = None
        self.done = threading.Lock()  # a bare lock is the cheapest one-shot signal
        self.done.acquire()

    def wait(self) -> T:
        self.done.acquire()
        if self.error is not None:
            raise self.error
        return cast("T", self.result)


class Writer:
    """Runs functions of a connection durably: a call returns after its commit, or raises and has written nothing.

    A function may be run again when another one of its group fails, so it must do nothing but write.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queue: queue.SimpleQueue[_Job[Any] | None] = queue.SimpleQueue()
        self._closing = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._loop, name="journal-writer", daemon=True)
        self._thread.start()

    def run(self, work: Work[T], *, durable: bool = True) -> T:
        """Run `work` in a transaction; raises JournalUnavailableError when it cannot be committed.

        What is not `durable` survives the death of the process, but a power cut only once something durable has been
        written after it.
        """
        job: _Job[T] = _Job(work, durable=durable)
        self._put(job)
        return job.wait()

    def add(self, bulk: Bulk, items: Sequence[Any]) -> None:
        """Like `run`, for a function that takes many items at once: those that wait together are one call."""
        job: _Job[None] = _Job(bulk, items)
        self._put(job)
        job.wait()

    def close(self) -> None:
        """Finish what waits, then stop."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        self._thread.join()

    def _put(self, job: _Job[Any]) -> None:
        with self._closing:
            if self._closed:
                raise JournalUnavailableError("the journal is closed")
            self._queue.put(job)

    def _loop(self) -> None:
        while (group := self._next_group()) is not None:
            try:
                self._commit(group)
            except BaseException as error:  # noqa: BLE001 -- each job gets its own verdict below
                if len(group) == 1:
                    group[0].error = _translated(error)
                else:
                    self._commit_singly(group)
            for job in group:
                job.done.release()

    def _next_group(self) -> list[_Job[Any]] | None:
        first = self._queue.get()
        if first is None:
            return None
        group = [first]
        while len(group) < _LARGEST_GROUP:
            try:
                job = self._queue.get_nowait()
            except queue.Empty:
                break
            if job is None:
                self._queue.put(None)
                break
            group.append(job)
        return group

    def _commit(self, group: Sequence[_Job[Any]]) -> None:
        bulks: dict[Any, list[Any]] = {}
        durable = any(job.durable for job in group)
        with (self._database.writing if durable else self._database.passing).begin() as connection:
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
                job.error = _translated(error)


def _translated(error: BaseException) -> BaseException:
    if isinstance(error, OperationalError) or (isinstance(error, DBAPIError) and error.connection_invalidated):
        return JournalUnavailableError(str(error.orig))
    return error
