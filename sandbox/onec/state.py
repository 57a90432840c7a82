"""What an information base holds, and the rules by which it numbers objects and refuses writes."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sandbox.onec.errors import LOCK_CONFLICT, LockedError, OnecError
from sandbox.onec.schema import EMPTY_DATE, EntitySet
from sandbox.onec.values import Record

Key = str | tuple[Any, ...]
Place = tuple[str, Key]
"""A set and the key in it: `Ref_Key`, or a register record's dimensions in the order of `EntitySet.key`."""

NUMBER_LENGTH = 11
BEFORE_WRITE = "Ошибка при выполнении обработчика - 'ПередЗаписью'\n"


@dataclass(frozen=True, slots=True)
class Change:
    """An object that changed after a cursor, at its latest; `record` is None when it was physically deleted."""

    cursor: int
    set: str
    ref: str
    record: Record | None


class Held:
    """The objects that somebody keeps open."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def hold(self, ref: str, seconds: float) -> None:
        """Keep it for that long from now."""
        self._until[ref] = time.monotonic() + seconds

    def check(self, ref: str) -> None:
        """LockedError while it is kept."""
        if time.monotonic() < self._until.get(ref, float("-inf")):
            raise LockedError(LOCK_CONFLICT)
        self._until.pop(ref, None)


@dataclass(slots=True)
class State:
    """All that a copy of the base holds."""

    tables: dict[str, dict[Key, Record]] = field(default_factory=dict)
    numbers: dict[tuple[str, int], int] = field(default_factory=dict)
    changes: dict[Place, int] = field(default_factory=dict)
    cursor: int = 0
    external: dict[str, Place] = field(default_factory=dict)
    closed: date | None = None

    def copy(self) -> State:
        tables = {name: dict(table) for name, table in self.tables.items()}
        return State(tables, dict(self.numbers), dict(self.changes), self.cursor, dict(self.external), self.closed)

    def note(self, place: Place) -> None:
        """Something changed: its place in the register moves to the end."""
        self.cursor += 1
        self.changes.pop(place, None)
        self.changes[place] = self.cursor

    def since(self, after: int, sets: Collection[str] | None) -> list[Change]:
        """The objects of some sets (all without them) that changed after a cursor, the oldest change first."""
        found: list[Change] = []
        for (name, key), cursor in reversed(self.changes.items()):
            if cursor <= after:
                break
            if isinstance(key, str) and (sets is None or name in sets):
                found.append(Change(cursor, name, key, self.tables[name].get(key)))
        return found[::-1]


def number(state: State, about: EntitySet, record: dict[str, Any], prefix: str, now: datetime) -> None:
    """Give a document its number of the year, a catalog its code, unless it came with one."""
    if about.kind == "Document":
        if record["Date"] == EMPTY_DATE:
            record["Date"] = now
        name, length, year = "Number", NUMBER_LENGTH, record["Date"].year
    elif "Code" in record:
        name, length, prefix, year = "Code", about.code_length, about.code_prefix, 0
    else:
        return
    counter = (about.name, year)
    last = state.numbers.get(counter, 0)
    if given := re.fullmatch(rf"{re.escape(prefix)}(\d+)", record[name]):
        state.numbers[counter] = max(last, int(given[1])) if prefix else last
    elif not record[name]:
        state.numbers[counter] = last + 1
        record[name] = f"{prefix}{last + 1:0{length - len(prefix)}d}"


def check_period(state: State, about: EntitySet, record: Mapping[str, Any]) -> None:
    """Refuse a document of a closed period."""
    if state.closed is None or about.kind != "Document" or record["Date"] == EMPTY_DATE:
        return
    if record["Date"].date() <= state.closed:
        raise OnecError(
            f"{BEFORE_WRITE}Дата запрета изменения данных: {state.closed:%d.%m.%Y}. "
            f"Документ от {record['Date']:%d.%m.%Y} изменить нельзя"
        )


def check_unique(state: State, about: EntitySet, record: Mapping[str, Any]) -> None:
    """Refuse a second object with what may not repeat: a name in УТ, the number of a document within its year."""
    if about.kind == "Document" and record["Number"]:
        wanted = (record["Number"], record["Date"].year)
        same = (one for one in state.tables[about.name].values() if (one["Number"], one["Date"].year) == wanted)
        _refuse(same, record, "Номер", record["Number"])
    if about.unique:
        wanted = record[about.unique]
        same = (one for one in state.tables[about.name].values() if one[about.unique] == wanted)
        _refuse((one for one in same if not one["DeletionMark"]), record, about.unique, wanted)


def _refuse(same: Any, record: Mapping[str, Any], name: str, value: str) -> None:  # noqa: ANN401
    if any(one["Ref_Key"] != record["Ref_Key"] for one in same):
        raise OnecError(f'{BEFORE_WRITE}Значение "{value}" поля "{name}" не уникально')
