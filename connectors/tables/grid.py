"""From the rows of a table, as its reader gives them, to a sheet: headings found, rows named, faults told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Final

from connectors.tables import headings
from connectors.tables.cells import FORMAT_AS_TEXT, clean
from connectors.tables.headings import Block, Headings
from connectors.tables.sheet import Fault, Row, Sheet
from provodka.errors import Rejected

EMPTY: Final = "В таблице нет ни одной строки под названиями столбцов"
LOST: Final = "Файл сохранён в кодировке без русских букв: сохраните его ещё раз как «CSV UTF-8» или xlsx"
WIDEST: Final = 1000  # columns
LONGEST_CELL: Final = 32_767  # signs; no spreadsheet has room for more
_TOTAL: Final = re.compile(r"(?:итого|всего|итог|total)(?![^\W\d_])", re.IGNORECASE)
_TOO_LONG: Final = f"в ячейке больше {LONGEST_CELL} знаков"
_SHORTEN: Final = "Сократите текст ячейки"

_LOST: Final = re.compile(r"[?\ufffd ]{4,}$")
_SUM: Final = re.compile(r"[\d\s.,₽%-]*(?:р|руб|шт)?\.?")

Cells = Sequence[str]


def sheet_of(
    table: str,
    name: str,
    rows: Iterable[Cells],
    *,
    header_row: int | None = None,
    merged: Sequence[Block] = (),
    first: int = 0,
    notes: tuple[str, ...] = (),
) -> Sheet:
    """The sheet of these rows (all, from the first of the table; `first` is the place of their first column).

    `header_row` is counted from 1. Raises Rejected for a table without headings or without anything.
    """
    source = iter(rows)
    head = list(islice(source, max(headings.LOOKED_AT, header_row or 0)))
    cleaned = [[clean(cell)[0] for cell in row] for row in head]
    if not any(any(row) for row in cleaned):
        raise Rejected(f"{table} is empty", hint=EMPTY)
    found = _headings(table, cleaned, header_row, merged, first)
    if len(found.names) > WIDEST:
        raise Rejected(f"{table} has {len(found.names)} columns", hint="Удалите пустые столбцы справа от данных")
    if any(map(_LOST.match, found.names)):
        raise Rejected(f"{table}: letters were lost as question marks", hint=LOST)
    if found.row:
        notes = (*notes, f"названия столбцов взяты из строки {found.row + 1}")
    below = _below(merged, found.row)
    if below:
        notes = (*notes, "есть объединённые ячейки: их значение относится только к первой строке")
    body = _rows(found, chain(head[found.row + 1 :], source))
    used = _used(found, cleaned)
    columns = tuple(found.names[column] for column in used)
    return Sheet(table, name, columns, body, notes, tuple(first + column for column in used))


def _headings(
    table: str, rows: Sequence[Cells], header_row: int | None, merged: Sequence[Block], first: int
) -> Headings:
    if header_row is None:
        return headings.find_headings(rows, merged, first)
    if header_row > len(rows) or not any(rows[header_row - 1]):
        raise Rejected(f"{table}: row {header_row} is empty", hint=headings.NO_HEADINGS)
    return Headings(header_row - 1, headings.named(rows, header_row - 1, first=first))


def _used(found: Headings, rows: Sequence[Cells]) -> list[int]:
    """The columns that have a heading, or a text below it in the rows that were looked at."""
    below = rows[found.row :]
    return [column for column in range(len(found.names)) if any(len(row) > column and row[column] for row in below)]


def _below(merged: Sequence[Block], heading: int) -> bool:
    return any(top > heading and bottom > top for top, _, bottom, _ in merged)


def _rows(found: Headings, rows: Iterable[Cells]) -> Iterator[Row]:
    """Those that hold something and are no totals."""
    names = found.names
    for number, cells in enumerate(rows, found.row + 2):
        row = _row(number, names, cells)
        if row.cells and not _is_total(row):
            yield row


def _row(number: int, names: tuple[str, ...], cells: Cells) -> Row:
    over = (f"Столбец {headings.letters(column)}" for column in range(len(names), len(cells)))
    return row_of(number, zip(chain(names, over), cells, strict=False))


def row_of(number: int, cells: Iterable[tuple[str, str]]) -> Row:
    """The row of these cells, each with its heading."""
    known: dict[str, str] = {}
    faults: list[Fault] = []
    for name, cell in cells:
        text, why = clean(cell) if cell else ("", "")
        if not text:
            continue
        known[name] = text
        if why:
            faults.append(Fault(name, text, why, FORMAT_AS_TEXT))
        elif len(text) > LONGEST_CELL:
            faults.append(Fault(name, text[:40], _TOO_LONG, _SHORTEN))
    return Row(number, known, tuple(faults))


def _is_total(row: Row) -> bool:
    """«Итого: 125 000»: such a word, and numbers."""
    first, *others = row.cells.values()
    return _TOTAL.match(first) is not None and all(_SUM.fullmatch(text) for text in others)
