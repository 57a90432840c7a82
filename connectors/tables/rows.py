"""From a row of a table to its event. The key of a row is made of its own cells: it is the same in an exported file and
in the live table, wherever the row stands and in whatever order the columns are."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from difflib import get_close_matches
from functools import cached_property, lru_cache, partial
from hashlib import sha256
from typing import Final

from connectors.tables.cells import canonical, moment_in
from connectors.tables.headings import moments_of
from connectors.tables.sheet import Row, Sheet
from connectors.visit import FormReader, Submitted, Target, meaning_of
from provodka.errors import Rejected
from provodka.event import Event, new_event_id
from provodka.payloads import EventType, RowAdded, TableRow

NOBODY: Final = "в строке нет ни телефона, ни почты, ни имени"
NAME_COLUMNS: Final = (
    "Заполните их; если они есть, но столбцы названы иначе, скажите, какой это столбец: в настройках "
    'map: {phone: Название столбца}, в команде --map phone="Название столбца"'
)
NO_KEY: Final = "пусты все столбцы, по которым строка узнаётся: {columns}"
FILL_KEY: Final = "Заполните их или измените key в настройках"
_COLUMNS: Final = 512
_ENCODE: Final = json.JSONEncoder(ensure_ascii=False).encode
_KEPT: Final = ("page", "form", "form_id")  # a form says these of itself, a row only has columns that are called so


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that makes no event. `why` and `cure` are for people, `why` names the row and the column.

    `damaged`: a cell cannot be taken as it is, and only a person can mend it; otherwise the row may just not be filled
    in yet. `key` is that of the row as it is now.
    """

    number: int
    key: str
    why: str
    cure: str
    damaged: bool


@dataclass(frozen=True)
class Reading:
    """How the rows of one table are read. `own` are columns that we write ourselves, and that are none of the row's."""

    channel: str
    table: str
    sheet: str
    zone: tzinfo
    mapping: Mapping[Target, str] = field(default_factory=dict)
    aliases: Mapping[Target, Sequence[str]] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    own: frozenset[str] = frozenset()

    def fits(self, sheet: Sheet) -> None:
        """Raises Rejected where a column that the settings name is not there."""
        for name in (*self.key, *self.mapping.values()):
            if name not in sheet.columns:
                near = get_close_matches(name, sheet.columns, 1, 0.6)
                meant = f"Может быть, «{near[0]}»? " if near else ""
                there = ", ".join(f"«{one}»" for one in sheet.columns)
                raise Rejected(f"{sheet.table} has no column «{name}»", hint=f"{meant}В таблице есть столбцы {there}")

    def event(self, row: Row, received_at: datetime, *, imported: bool = False) -> Event | Refusal:
        """The event `table.row_added` of a row, or why there is none."""
        cells = self._own_cells(row)
        submitted = self._submitted(row, cells)
        moments = moments_of(cells)
        key = self._key(cells, submitted, moments)
        if (refused := self._refused(row, submitted, key)) is not None:
            return refused
        moment = self._moment(moments)
        return Event(
            id=new_event_id(received_at),
            type=EventType.TABLE_ROW_ADDED,
            channel=self.channel,
            external_id=key,
            occurred_at=min(moment, received_at) if moment else received_at,
            received_at=received_at,
            person=submitted.person,
            payload=self._payload(row, cells, submitted, imported=imported),
            raw=raw_of(cells),
        )

    def moment(self, row: Row) -> datetime | None:
        """When the row was written, where a column says so to the minute."""
        return self._moment(moments_of(self._own_cells(row)))

    def _moment(self, moments: Sequence[str]) -> datetime | None:
        found = filter(None, map(moment_in, moments))
        return next((moment.replace(tzinfo=self.zone) for moment in found), None)

    @cached_property
    def _reader(self) -> FormReader:
        """It learns the columns once, not with each row."""
        return FormReader(self.mapping, self.aliases)

    @cached_property
    def _meaning(self) -> Callable[[str], str]:
        return lru_cache(maxsize=_COLUMNS)(partial(meaning_of, aliases=self.aliases))

    def _own_cells(self, row: Row) -> Mapping[str, str]:
        if not self.own:
            return row.cells
        return {column: text for column, text in row.cells.items() if column not in self.own}

    def _submitted(self, row: Row, cells: Mapping[str, str]) -> Submitted:
        """Damaged cells are read by nobody as phones or addresses."""
        if not row.faults:
            return self._reader.read(cells)
        damaged = {fault.column for fault in row.faults}
        return self._reader.read({column: text for column, text in cells.items() if column not in damaged})

    def _key(self, cells: Mapping[str, str], submitted: Submitted, moments: Sequence[str]) -> str:
        """Headings are no part of it: a column may be called otherwise one day."""
        if self.key:
            parts = [canonical(cells.get(column, "")) for column in self.key]
            return _hashed(parts) if any(parts) else ""
        person = submitted.person
        known = sorted((*person.phones, *person.emails)) or [canonical(person.name)]
        if moments and any(known):
            return _hashed([*sorted(map(canonical, moments)), *known])
        return _hashed(sorted(filter(None, map(canonical, cells.values()))))

    def _refused(self, row: Row, submitted: Submitted, key: str) -> Refusal | None:
        for fault in row.faults:
            if fault.column in self.key or self._is_of_person(fault.column):
                why = f"строка {row.number}, столбец «{fault.column}»: {fault.why}"
                return Refusal(row.number, key or self._whole(row), why, fault.cure, damaged=True)
        if not key:
            columns = ", ".join(f"«{column}»" for column in self.key)
            why = f"строка {row.number}: {NO_KEY.format(columns=columns)}"
            return Refusal(row.number, self._whole(row), why, FILL_KEY, damaged=False)
        if not submitted.person.identities and not submitted.person.name:
            return Refusal(row.number, key, f"строка {row.number}: {NOBODY}", NAME_COLUMNS, damaged=False)
        return None

    def _whole(self, row: Row) -> str:
        return _hashed(sorted(row.cells.values()))

    def _is_of_person(self, column: str) -> bool:
        return column in self.mapping.values() or self._meaning(column) in ("phone", "email", "name")

    def _payload(self, row: Row, cells: Mapping[str, str], submitted: Submitted, *, imported: bool) -> RowAdded:
        form = submitted.payload.form
        fields = {
            column: form.fields.get(column, text)
            for column, text in cells.items()
            if column in form.fields or self._meaning(column) in _KEPT
        }
        fields.update((fault.column, fault.value) for fault in row.faults)
        shown = TableRow(self.table, self.sheet, row.number, form.comment, fields)
        return RowAdded(shown, submitted.payload.utm, imported)


def raw_of(cells: Mapping[str, str]) -> bytes:
    """A row as support sees it."""
    return _ENCODE(cells).encode()


def _hashed(parts: Sequence[str]) -> str:
    return f"row:{sha256(_ENCODE(parts).encode()).hexdigest()[:40]}"
