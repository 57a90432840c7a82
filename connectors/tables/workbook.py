"""Reads a workbook (xlsx, xlsb, xls, ods) in a process of its own: one with a single cell in its last corner, or a zip
that unfolds into a terabyte, ends that process and not ours.

`unfolded` starts it; `python -m connectors.tables.workbook FILE SHEET` is the process, and writes marshalled lists.
"""

from __future__ import annotations

import marshal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from connectors.tables.shown import shown
from provodka.errors import Rejected

MEMORY: Final = 1024 * 1024 * 1024  # bytes of address space; 50,000 rows of 12 columns take a tenth of it
SECONDS: Final = 120
FRAME: Final = 500  # rows
MOST_TEXT: Final = 1024 * 1024 * 1024
_SIZE: Final = 8
_ROOT: Final = Path(__file__).parents[2]

TOO_MUCH: Final = (
    "Таблица не помещается в память: чаще всего на листе заполнена или раскрашена ячейка далеко внизу или справа. "
    "Удалите пустые строки и столбцы после данных (выделить до конца, «Удалить») либо сохраните лист как CSV"
)
LOCKED: Final = (
    "Снимите пароль: «Файл» → «Сведения» → «Защита книги» → «Зашифровать с использованием пароля», пустое поле"
)
DAMAGED: Final = (
    "Откройте файл в программе для таблиц и сохраните заново как xlsx; если он не открывается и там, он повреждён"
)


@dataclass(frozen=True, slots=True)
class Unfolded:
    """A sheet as texts. Its first cell stands in column `start` (from 0); `merged` are blocks of cells of which only
    the first has a text, as (first row, first column, last row, last column)."""

    sheet: str
    sheets: tuple[str, ...]
    start: int
    merged: tuple[tuple[int, int, int, int], ...]
    rows: Iterator[list[str]]


def unfolded(path: Path, sheet: str) -> Unfolded:
    """A sheet of the workbook, the first that is shown and not empty where none is named. Raises Rejected."""
    told = _told(path, sheet)
    head: dict[str, Any] = next(told)
    if refused := head.get("refused"):
        raise Rejected(f"{path.name}: {refused}", hint=head["hint"])
    blocks = tuple(tuple(block) for block in head["merged"])
    return Unfolded(head["sheet"], tuple(head["sheets"]), head["start"], blocks, _rows(told))


def _told(path: Path, sheet: str) -> Iterator[Any]:
    """What the process has written: its head first, then lists of rows."""
    command = [sys.executable, "-m", __name__, str(path.absolute()), sheet, str(MEMORY)]
    with tempfile.TemporaryFile() as output:
        try:
            ended = subprocess.run(  # noqa: S603 -- our own interpreter, and a path as one argument
                command, stdout=output, stderr=subprocess.PIPE, cwd=_ROOT, timeout=SECONDS, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise Rejected(f"{path.name} is not read within {SECONDS} s", hint=TOO_MUCH) from error
        if ended.returncode:
            words = ended.stderr.decode(errors="replace")
            if ended.returncode < 0 or "MemoryError" in words:
                raise Rejected(f"{path.name} does not fit into memory", hint=TOO_MUCH)
            raise Rejected(f"{path.name} is damaged", hint=DAMAGED)
        output.seek(0)
        yield from _frames(output)


def _frames(output: IO[bytes]) -> Iterator[Any]:
    while size := output.read(_SIZE):
        yield marshal.loads(output.read(int.from_bytes(size)))  # noqa: S302 -- written by our own process


def _put(value: Any, output: IO[bytes]) -> None:  # noqa: ANN401 -- whatever marshal takes
    body = marshal.dumps(value)
    output.write(len(body).to_bytes(_SIZE) + body)


def _rows(frames: Iterator[list[list[str]]]) -> Iterator[list[str]]:
    for frame in frames:
        yield from frame


def pour(path: str, sheet: str, output: IO[bytes]) -> None:
    """Write the head and the rows, or why there are none."""
    import python_calamine as calamine  # in the process that reads, and nowhere else

    try:
        with calamine.load_workbook(path) as book:
            _pour_book(book, sheet, output)
    except calamine.PasswordError:
        _put({"refused": "the file is protected by a password", "hint": LOCKED}, output)
    except (calamine.CalamineError, ValueError) as error:
        _put({"refused": f"the file is damaged: {error}", "hint": DAMAGED}, output)


def _pour_book(book: Any, sheet: str, output: IO[bytes]) -> None:  # noqa: ANN401 -- has no types
    names = [one.name for one in book.sheets_metadata if "WorkSheet" in str(one.typ)]
    wanted = (
        [name for name in names if name.casefold().strip() == sheet.casefold().strip()] if sheet else _seen(book, names)
    )
    found = None
    for name in wanted:
        found = book.get_sheet_by_name(name)
        if found.height or sheet:
            break
    if found is None:
        there = ", ".join(f"«{name}»" for name in names)
        _put({"refused": f"there is no sheet «{sheet}»", "hint": f"Листы этого файла: {there}"}, output)
        return
    blocks = [[*first, *last] for first, last in found.merged_cell_ranges or ()]
    start = found.start[1] if found.start else 0
    _put({"sheet": found.name, "sheets": _seen(book, names), "start": start, "merged": blocks}, output)
    frame: list[list[str]] = []
    for row in found.iter_rows() if found.height else ():
        frame.append([one if isinstance(one, str) else shown(one) for one in row])
        if len(frame) == FRAME:
            _put(frame, output)
            frame = []
    _put(frame, output)


def _seen(book: Any, names: list[str]) -> list[str]:  # noqa: ANN401
    hidden = {one.name for one in book.sheets_metadata if not str(one.visible).endswith(".Visible")}
    return [name for name in names if name not in hidden] or names


def _bounded(memory: int) -> None:
    import resource  # not on every system, and needed here alone

    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, MOST_TEXT),
    ):
        resource.setrlimit(what, (most, most))


if __name__ == "__main__":
    _bounded(int(sys.argv[3]))
    pour(sys.argv[1], sys.argv[2], sys.stdout.buffer)
