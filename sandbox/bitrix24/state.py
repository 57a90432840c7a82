"""What of a portal is kept between runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

from sandbox.bitrix24.store import Key, Store
from sandbox.state_file import Row, RowsFile

COUNTERS = "counters"


class StateFile(RowsFile):
    """Loads a store from its file, then follows the store's changes."""

    name: ClassVar[str] = "bitrix24"

    def __init__(self, store: Store, path: Path) -> None:
        self.store = store
        super().__init__(store, path)

    def fill(self, rows: list[dict[str, Any]]) -> None:
        self.store.empty()
        found: dict[str, list[tuple[Key, Any]]] = {}
        for row in rows:
            if row["kind"] == COUNTERS:
                self.store.next_ids.update(json.loads(row["body"]))
            else:
                found.setdefault(row["kind"], []).append((json.loads(row["key"]), json.loads(row["body"])))
        for kind, values in found.items():
            # Ids grow with time, so this is the order in which the rows were made.
            self.store.table(kind).update(sorted(values, key=lambda pair: (isinstance(pair[0], str), pair[0])))
        self.store.reindex()
        self.store.wake()

    def snapshot(self, dirty: set[tuple[str, Any]]) -> tuple[list[Row], list[tuple[str, str]]]:
        rows = [(COUNTERS, "", json.dumps(self.store.next_ids))]
        gone = []
        for kind, key in dirty:
            value = self.store.get(kind, key)
            if value is None:
                gone.append((kind, json.dumps(key)))
            else:
                rows.append((kind, json.dumps(key), json.dumps(value)))
        return rows, gone
