"""What of a base is kept between runs."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any, ClassVar

import sqlite_utils

from sandbox.onec.base import Base
from sandbox.onec.schema import EntitySet, Properties
from sandbox.onec.state import Key, State
from sandbox.onec.values import Record, fit, frozen
from sandbox.state_file import StateThread

CREATE = (
    "create table if not exists records (kind text, key text, cursor integer, body text, primary key (kind, key))",
    "create table if not exists base (id integer primary key, body text)",
)


class StateFile(StateThread):
    """Fills a base from its file, then follows the base by its change register."""

    name: ClassVar[str] = "onec"
    tables: ClassVar[tuple[str, ...]] = CREATE

    def __init__(self, base: Base, path: Path) -> None:
        super().__init__(path)
        self.base = base
        self._written = (-1, -1)
        self._cursor = 0
        if path.exists():
            self._load()

    def _load(self) -> None:
        db = sqlite_utils.Database(self.path)
        kept = list(db.query("select body from base")) if "base" in db.table_names() else []
        if kept:
            about = json.loads(kept[0]["body"])
            self.base.use(about["configuration"])
            self.base.restore(self._state(about, list(db.query("select * from records order by rowid"))))
        db.close()

    def _state(self, about: dict[str, Any], rows: list[dict[str, Any]]) -> State:
        state = State(tables={name: {} for name in self.base.configuration.sets}, cursor=about["cursor"])
        state.numbers = {(name, year): last for name, year, last in about["numbers"]}
        state.external = {word: (name, ref) for word, name, ref in about["external"]}
        state.closed = date.fromisoformat(about["closed"]) if about["closed"] else None
        for row in rows:
            known = self.base.configuration.sets[row["kind"]]
            key = _read_key(known, row["key"])
            if row["body"] is not None:
                state.tables[row["kind"]][key] = _read_record(known, json.loads(row["body"]))
            if row["cursor"]:
                state.changes[(row["kind"], key)] = row["cursor"]
        state.changes = dict(sorted(state.changes.items(), key=lambda pair: pair[1]))
        return state

    def write(self, db: sqlite_utils.Database) -> None:
        with self.base.lock:
            now, state = (self.base.generation, self.base.revision), self.base.state
            if self._written == now:
                return
            whole = self._written[0] != self.base.generation
            rows = self._rows(state, 0 if whole else self._cursor, whole=whole)
            about = {
                "configuration": self.base.configuration.name,
                "cursor": state.cursor,
                "numbers": [[*key, last] for key, last in state.numbers.items()],
                "external": [[word, *place] for word, place in state.external.items()],
                "closed": state.closed and state.closed.isoformat(),
            }
            cursor = state.cursor
        with db.conn:
            if whole:
                db.execute("delete from records")
            db.conn.executemany("insert or replace into records (kind, key, cursor, body) values (?, ?, ?, ?)", rows)
            db.execute("insert or replace into base (id, body) values (1, ?)", (json.dumps(about),))
        self._written, self._cursor = now, cursor

    def _rows(self, state: State, after: int, *, whole: bool) -> list[tuple[str, str, int, str | None]]:
        places: dict[tuple[str, Key], int] = {}
        if whole:
            places = {(name, key): 0 for name, table in state.tables.items() for key in table}
        places |= {place: cursor for place, cursor in state.changes.items() if cursor > after}
        found = ((name, key, cursor, state.tables[name].get(key)) for (name, key), cursor in places.items())
        return [
            (
                name,
                json.dumps(key, default=_plain),
                cursor,
                None if record is None else json.dumps(record, default=_plain),
            )
            for name, key, cursor, record in found
        ]


def _plain(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, datetime):
        return value.isoformat()
    return dict(value) if hasattr(value, "keys") else str(value)


def _read_key(known: EntitySet, text: str) -> Key:
    key = json.loads(text)
    if isinstance(key, str):
        return key
    return tuple(fit(known.properties[name], value) for name, value in zip(known.key, key, strict=True))


def _read_record(known: EntitySet, body: dict[str, Any]) -> Record:
    sections = {name: [_read_row(rows, row) for row in body[name]] for name, rows in known.rows.items()}
    return frozen(_read_row(known.properties, body) | sections)


def _read_row(properties: Properties, row: dict[str, Any]) -> dict[str, Any]:
    return {name: fit(known, row[name]) for name, known in properties.items()}
