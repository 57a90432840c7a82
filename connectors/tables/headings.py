"""Finds the row of headings: below titles and empty rows, over two lines, merged, repeated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from connectors.tables.cells import is_date, is_value
from connectors.visit import meaning_of
from provodka.errors import Rejected

LOOKED_AT: Final = 30  # rows
LONGEST: Final = 300  # signs of a heading; a question of a form may be long
KNOWN: Final = 10  # a heading that we know weighs as much as so many that we do not

NO_HEADINGS: Final = (
    "Первой строкой таблицы должны стоять названия столбцов («Имя», «Телефон», …). Добавьте их или укажите, в какой "
    "они строке: в настройках header_row: 3, в команде --header-row 3"
)

Block = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Headings:
    """`row` is their row in the table, from 0; `names` a name for each column, all different."""

    row: int
    names: tuple[str, ...]


def find_headings(rows: Sequence[Sequence[str]], merged: Sequence[Block] = (), first: int = 0) -> Headings:
    """Among the first rows of a table, whose columns begin with the `first` (from 0). Raises Rejected."""
    best, weight = -1, 0
    for number, row in enumerate(rows[:LOOKED_AT]):
        filled = [cell for cell in row if cell]
        if any(is_value(cell) or len(cell) > LONGEST for cell in filled):
            if best >= 0:
                break
            continue
        known = sum(1 for cell in filled if meaning_of(cell) or is_moment(cell))
        heavy = KNOWN * known + len(filled) if len(filled) > 1 or known else 0
        if heavy > weight:
            best, weight = number, heavy
    if best < 0:
        raise Rejected("no row of headings was found", hint=NO_HEADINGS)
    return Headings(best, named(rows, best, merged, first))


def named(rows: Sequence[Sequence[str]], at: int, merged: Sequence[Block] = (), first: int = 0) -> tuple[str, ...]:
    """Names for the columns: the headings in the row `at` and, where it has none, those above it."""
    row = list(rows[at])
    above = _groups(rows, at, merged, first)
    width = max(len(row), len(above), *(len(one) for one in rows[at:]), 0)
    row += [""] * (width - len(row))
    above += [""] * (width - len(above))
    names: dict[str, None] = {}
    for column, (cell, group) in enumerate(zip(row, above, strict=True)):
        name = " ".join((cell or group).split())[:LONGEST] or f"Столбец {letters(first + column)}"
        if name in names and cell and group:
            name = f"{name} ({group})"
        number, plain = 2, name
        while name in names:
            name, number = f"{plain} {number}", number + 1
        names[name] = None
    return tuple(names)


def _groups(rows: Sequence[Sequence[str]], at: int, merged: Sequence[Block], first: int) -> list[str]:
    """What stands above the headings and belongs to them: more than a title of the table."""
    if at == 0:
        return []
    above = list(rows[at - 1])
    for top, left, bottom, right in merged:
        if top <= at - 1 <= bottom and left >= first:
            text = rows[top][left - first] if left - first < len(rows[top]) else ""
            above += [""] * (right - first + 1 - len(above))
            above[left - first : right - first + 1] = [text] * (right - left + 1)
    return above if len(set(filter(None, above))) > 1 and not any(map(is_value, above)) else []


def moments_of(cells: Mapping[str, str]) -> list[str]:
    """What a row says of the moment at which it was written; where none surely does, the column «Дата»."""
    dated = [(sure, text) for column, text in cells.items() if (sure := is_moment(column)) and is_date(text)]
    surest = max((sure for sure, _ in dated), default=0)
    return [text for sure, text in dated if sure == surest]


@lru_cache(maxsize=4096)
def is_moment(heading: str) -> int:
    """2 where a column says when its row was written, 1 where it may (a plain «Дата»), else 0."""
    words = heading.casefold().replace("ё", "е")
    return 2 if words.startswith(_MOMENTS) else int(words in ("дата", "date"))


_MOMENTS: Final = (
    "отметка времени", "timestamp", "дата и время", "дата заявки", "дата создания", "дата обращения", "дата заполнения",
    "время заявки", "время создания", "created", "submitted", "submission",
)  # fmt: skip


def letters(column: int) -> str:
    """How a spreadsheet calls a column, from 0: A, Z, AA."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name
