"""Keeping an account between runs: one sqlite file, written by a background thread soon after each change."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import sqlite_utils
from pydantic import TypeAdapter

from sandbox.amocrm import model
from sandbox.amocrm.store import TABLES, Store

PAUSE = 0.25
TABLE = "rows"
ADAPTERS: dict[str, TypeAdapter[Any]] = {kind: TypeAdapter(row) for kind, row in TABLES.items()}
COUNTERS = "counters"
COUNTERS_ADAPTER = TypeAdapter(dict[str, int])


class StateFile:
    """Loads a store from its file, then follows the store's changes."""

    def __init__(self, store: Store, path: Path) -> None:
        self.store = store
        self.path = path
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.load()

    def load(self) -> None:
        """Fill the store from the file; a missing or empty file leaves the seed."""
        rows: list[dict[str, Any]] = []
        if self.path.exists():
            db = sqlite_utils.Database(self.path)
            rows = list(db.query(f"select kind, key, body from {TABLE}")) if TABLE in db.table_names() else []  # noqa: S608
            db.close()
        with self.store.lock:
            self.store.is_saved = True
            if rows:
                self._fill(rows)
            else:
                self.store.dirty_all()

    def _fill(self, rows: list[dict[str, Any]]) -> None:
        found: dict[str, list[Any]] = {kind: [] for kind in ADAPTERS}
        for row in rows:
            if row["kind"] == COUNTERS:
                self.store.next_ids.update(COUNTERS_ADAPTER.validate_json(row["body"]))
            else:
                found[row["kind"]].append(ADAPTERS[row["kind"]].validate_json(row["body"]))
        is_older = not found["users"]  # a file from before users were kept: what it lacks stays as seeded
        for kind, values in found.items():
            if is_older and not values:
                continue
            table = self.store.table(kind)
            table.clear()
            # Ids grow with time, so this is the order in which the rows were made.
            for value in sorted(values, key=lambda value: value.id):
                if isinstance(value, model.Card):
                    value.born = 0.0
                table[f"{value.entity}:{value.id}" if kind == "fields" else value.id] = value
        self.store.reindex()
        self.store.wake()

    def start(self) -> None:
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, name="amocrm-state", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what is left and end the thread."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=10)
            self._thread = None

    def _run(self) -> None:
        db = sqlite_utils.Database(self.path)
        db.execute(f"create table if not exists {TABLE} (kind text, key text, body text, primary key (kind, key))")
        while not self._stop.wait(PAUSE):
            self._write(db)
        self._write(db)
        db.close()

    def _write(self, db: sqlite_utils.Database) -> None:
        with self.store.lock:
            dirty, self.store.dirty = self.store.dirty, set()
            if not dirty and not self.store.is_cleared:
                return
            cleared, self.store.is_cleared = self.store.is_cleared, False
            rows, gone = self._snapshot(dirty)
        with db.conn:
            if cleared:
                db.execute(f"delete from {TABLE}")  # noqa: S608
            for kind, key in gone:
                db.execute(f"delete from {TABLE} where kind = ? and key = ?", (kind, str(key)))  # noqa: S608
            db.conn.executemany(f"insert or replace into {TABLE} (kind, key, body) values (?, ?, ?)", rows)  # noqa: S608

    def _snapshot(self, dirty: set[tuple[str, int | str]]) -> tuple[list[tuple[str, str, str]], list[tuple[str, Any]]]:
        rows = [(COUNTERS, "", COUNTERS_ADAPTER.dump_json(self.store.next_ids).decode())]
        gone = []
        for kind, key in dirty:
            value = self.store.table(kind).get(key)
            if value is None:
                gone.append((kind, key))
            else:
                rows.append((kind, str(key), ADAPTERS[kind].dump_json(value).decode()))
        return rows, gone
