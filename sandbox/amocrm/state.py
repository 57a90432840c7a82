"""What of an account is kept between runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from pydantic import TypeAdapter

from sandbox.amocrm import model
from sandbox.amocrm.store import TABLES, Store
from sandbox.state_file import Row, RowsFile

ADAPTERS: dict[str, TypeAdapter[Any]] = {kind: TypeAdapter(row) for kind, row in TABLES.items()}
COUNTERS = "counters"
COUNTERS_ADAPTER = TypeAdapter(dict[str, int])


class StateFile(RowsFile):
    """Loads a store from its file, then follows the store's changes."""

    name: ClassVar[str] = "amocrm"

    def __init__(self, store: Store, path: Path) -> None:
        self.store = store
        super().__init__(store, path)

    def fill(self, rows: list[dict[str, Any]]) -> None:
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

    def snapshot(self, dirty: set[tuple[str, Any]]) -> tuple[list[Row], list[tuple[str, str]]]:
        rows = [(COUNTERS, "", COUNTERS_ADAPTER.dump_json(self.store.next_ids).decode())]
        gone = []
        for kind, key in dirty:
            value = self.store.table(kind).get(key)
            if value is None:
                gone.append((kind, str(key)))
            else:
                rows.append((kind, str(key), ADAPTERS[kind].dump_json(value).decode()))
        return rows, gone
