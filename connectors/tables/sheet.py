"""A table as its readers give it: rows of texts that are the same whatever the file is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """A cell that cannot be taken as it is: `7,9160E+10` where a phone should be. `why` and `cure` are for people."""

    column: str
    value: str
    why: str
    cure: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row, by the headings of its columns; empty cells are absent. `number` is the row as people count it, from 1.

    Texts are as people see them, in one form for all sources: a date is `02.03.2026` or `02.03.2026 09:04:00`, a whole
    number has no point, a phone that a spreadsheet made a number is its digits.
    """

    number: int
    cells: Mapping[str, str]
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet. `table` is the file or the spreadsheet, `name` the sheet (empty for CSV), `columns` the headings in
    their order; `notes` say what the reader had to guess (the encoding, the separator, where the headings stand).

    `rows` may be read once. `places` are those of the columns in the table, from 0.
    """

    table: str
    name: str
    columns: tuple[str, ...]
    rows: Iterable[Row]
    notes: tuple[str, ...] = ()
    places: tuple[int, ...] = ()
