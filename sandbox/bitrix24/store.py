"""The portal's data in memory: tables of plain rows, ids, indexes, and the revision that the board waits on."""

from __future__ import annotations

import bisect
import threading
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any

from sandbox.bitrix24.errors import Json
from sandbox.bitrix24.identity import identities
from sandbox.bitrix24.schema import COMPANY, CONTACT, LEAD, TYPES

Key = int | str
FIRST_IDS = {
    "item1": 3465,
    "item2": 101,
    "item3": 42,
    "item4": 12,
    "item31": 24,
    "fm": 501,
    "activities": 7943,
    "comments": 999,
    "tasks": 3711,
    "statuses": 401,
    "userfields": 6997,
    "enums": 79,
    "rows": 17654,
    "requisites": 27,
    "bankdetails": 357,
    "payments": 1036,
    "offline": 811,
    "bindings": 185,
    "files": 9011,
    "notifications": 12345,
    "messages": 34239,
    "traces": 1581,
}


def _owners(row: Json) -> Iterable[Hashable]:
    return [(one["OWNER_TYPE_ID"], one["OWNER_ID"]) for one in row["BINDINGS"]]


def _task_links(row: Json) -> Iterable[Hashable]:
    return list(row["UF_CRM_TASK"])


def _history_owner(row: Json) -> Iterable[Hashable]:
    return [(row["ENTITY_TYPE_ID"], row["OWNER_ID"])]


def _row_owner(row: Json) -> Iterable[Hashable]:
    return [(row["ownerType"], row["ownerId"])]


def _contact_companies(row: Json) -> Iterable[Hashable]:
    return [*identities(row), *(("company", one) for one in row.get("COMPANY_IDS") or ())]


def _deal_links(row: Json) -> Iterable[Hashable]:
    found = [("contact", one) for one in row.get("CONTACT_IDS") or ()]
    return [*found, ("company", row.get("COMPANY_ID")), ("lead", row.get("LEAD_ID")), *identities(row)]


INDEXES: dict[str, Callable[[Json], Iterable[Hashable]]] = {
    "activities": _owners,
    "comments": _owners,
    "tasks": _task_links,
    "history": _history_owner,
    "rows": _row_owner,
    f"item{CONTACT}": _contact_companies,
    f"item{COMPANY}": identities,
    **{row.table: _deal_links for row in TYPES.values() if row.id not in (CONTACT, COMPANY)},
}


class Store:
    """All tables under one lock, which a caller holds for as long as it reads or writes.

    A row is a JSON object; who changes one calls `put` again, so that indexes, the state file and the board follow.
    """

    def __init__(self, fill: Callable[[Store], None]) -> None:
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.revision = 0
        self.is_saved = self.is_cleared = self.is_closed = False
        self.dirty: set[tuple[str, Key]] = set()
        self._fill = fill
        self.clear()

    def clear(self) -> None:
        """Back to the seed."""
        with self.lock:
            self.empty()
            self.dirty.clear()
            self.is_cleared = self.is_saved
            self._fill(self)

    def empty(self) -> None:
        """Forget everything, the seed too; for whoever fills the tables next."""
        self.tables: dict[str, dict[Any, Json]] = defaultdict(dict)
        self.next_ids = dict(FIRST_IDS)
        self._indexes: dict[str, dict[Hashable, dict[Key, None]]] = defaultdict(lambda: defaultdict(dict))
        self._indexed: dict[tuple[str, Key], list[Hashable]] = {}

    def table(self, name: str) -> dict[Any, Json]:
        return self.tables[name]

    def get(self, name: str, key: Key) -> Json | None:
        return self.tables[name].get(key)

    def new_id(self, kind: str) -> int:
        value = self.next_ids.get(kind, 1)
        self.next_ids[kind] = value + 1
        return value

    def put(self, name: str, key: Key, row: Json) -> None:
        """Store a new or changed row."""
        self.tables[name][key] = row
        self._index(name, key, row)
        self._touch(name, key)

    def behind(self, name: str, number: int) -> Iterator[Json]:
        """The rows whose number is greater; numbers are given in ascending order, so that nothing is searched."""
        table = self.tables[name]
        keys = list(table)
        return (table[key] for key in keys[bisect.bisect_right(keys, number) :])

    def drop(self, name: str, key: Key) -> None:
        """Forget a row; harmless where it is not there."""
        if self.tables[name].pop(key, None) is not None:
            self._index(name, key, None)
            self._touch(name, key)

    def of(self, name: str, owner: Hashable) -> list[Json]:
        """The rows of an indexed table that belong to an owner, the oldest first."""
        found = self._indexes[name].get(owner, ())
        return [self.tables[name][key] for key in found]

    def dirty_all(self) -> None:
        """Have every row written to the state file."""
        self.dirty |= {(name, key) for name, rows in self.tables.items() for key in rows}

    def reindex(self) -> None:
        """Build every index; for a caller that filled the tables itself."""
        self._indexes.clear()
        self._indexed.clear()
        for name in INDEXES:
            for key, row in self.tables[name].items():
                self._index(name, key, row)

    def wake(self) -> None:
        self.revision += 1
        self.changed.notify_all()

    def wait_for_change(self, since: int, seconds: float) -> int:
        """The revision, as soon as it differs from `since`, the time is over or the store is closed."""
        with self.lock:
            self.changed.wait_for(lambda: self.revision != since or self.is_closed, seconds)
            return self.revision

    def close(self, *, closed: bool = True) -> None:
        """Let everybody go who waits for a change."""
        with self.lock:
            self.is_closed = closed
            self.changed.notify_all()

    def _touch(self, name: str, key: Key) -> None:
        if self.is_saved:
            self.dirty.add((name, key))
        self.wake()

    def _index(self, name: str, key: Key, row: Json | None) -> None:
        owners_of = INDEXES.get(name)
        if owners_of is None:
            return
        index = self._indexes[name]
        wanted = list(owners_of(row)) if row is not None else []
        known = self._indexed.pop((name, key), [])
        for gone in known:
            if gone not in wanted:
                index[gone].pop(key, None)
        for owner in wanted:
            index[owner][key] = None
        if wanted:
            self._indexed[name, key] = wanted


FOUND_BY_COMMUNICATION = ((LEAD, "LEAD"), (CONTACT, "CONTACT"), (COMPANY, "COMPANY"))
"""In the order in which the portal answers."""
