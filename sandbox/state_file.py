"""Keeping an emulator between runs: one sqlite file, written by a background thread soon after each change."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar, Protocol

import sqlite_utils

PAUSE = 0.25
TABLE = "rows"
ROWS = f"create table if not exists {TABLE} (kind text, key text, body text, primary key (kind, key))"

Row = tuple[str, str, str]
"""Kind, key and body of one object."""


class StateThread(ABC):
    """The thread that writes what has changed into a file, and what is left at the end."""

    name: ClassVar[str]
    tables: ClassVar[tuple[str, ...]] = (ROWS,)

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @abstractmethod
    def write(self, db: sqlite_utils.Database) -> None:
        """Write what has changed since the last time."""

    def start(self) -> None:
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, name=f"{self.name}-state", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what is left and end the thread."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=10)
            self._thread = None

    def _run(self) -> None:
        db = sqlite_utils.Database(self.path)
        for statement in self.tables:
            db.execute(statement)
        while not self._stop.wait(PAUSE):
            self.write(db)
        self.write(db)
        db.close()


class Marked(Protocol):
    """A store that marks what has changed: `dirty` are (kind, key), `is_cleared` that all before them is gone."""

    lock: threading.RLock
    is_saved: bool
    is_cleared: bool
    dirty: set[tuple[str, Any]]

    def dirty_all(self) -> None: ...


class RowsFile(StateThread):
    """The state of a store, object by object. What a missing or empty file leaves is the seed."""

    def __init__(self, store: Marked, path: Path) -> None:
        super().__init__(path)
        self._marked = store
        self._load()

    @abstractmethod
    def fill(self, rows: list[dict[str, Any]]) -> None:
        """Put these rows (`kind`, `key`, `body`) into the store."""

    @abstractmethod
    def snapshot(self, dirty: set[tuple[str, Any]]) -> tuple[list[Row], list[tuple[str, str]]]:
        """The rows to be written, and (kind, key) of those that are gone."""

    def _load(self) -> None:
        rows: list[dict[str, Any]] = []
        if self.path.exists():
            db = sqlite_utils.Database(self.path)
            rows = list(db.query(f"select kind, key, body from {TABLE}")) if TABLE in db.table_names() else []  # noqa: S608
            db.close()
        with self._marked.lock:
            self._marked.is_saved = True
            if rows:
                self.fill(rows)
            else:
                self._marked.dirty_all()

    def write(self, db: sqlite_utils.Database) -> None:
        store = self._marked
        with store.lock:
            dirty, store.dirty = store.dirty, set()
            if not dirty and not store.is_cleared:
                return
            cleared, store.is_cleared = store.is_cleared, False
            rows, gone = self.snapshot(dirty)
        with db.conn:
            if cleared:
                db.execute(f"delete from {TABLE}")  # noqa: S608
            for kind, key in gone:
                db.execute(f"delete from {TABLE} where kind = ? and key = ?", (kind, key))  # noqa: S608
            db.conn.executemany(f"insert or replace into {TABLE} (kind, key, body) values (?, ?, ?)", rows)  # noqa: S608
