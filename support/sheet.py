"""Tables as files that a spreadsheet opens as they are."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Final

ENCODING: Final = "utf-8-sig"
"""Excel takes the file for UTF-8 by its first three bytes alone."""
_BEGIN_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_AFTER_A_COMMA: Final = re.compile(r",(?=[=+\-@\t\r\n])")
_NUMBER: Final = re.compile(r"[+-]?[\d (),.-]+")


def csv_text(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """To be written in `ENCODING`. What a stranger wrote is never run as a formula: it gets an apostrophe."""
    text = StringIO(newline="")
    writer = csv.writer(text, delimiter=";")
    writer.writerow(titles)
    writer.writerows([no_formula(cell) for cell in row] for row in rows)
    return text.getvalue()


def no_formula(cell: str) -> str:
    """The cell, with an apostrophe before what a spreadsheet would run as a formula: strangers have written it. Where
    cells are parted by commas, as in English, a comma would begin another cell: a space follows it there."""
    if _NUMBER.fullmatch(cell):
        return cell
    apart = _AFTER_A_COMMA.sub(", ", cell)
    return f"'{apart}" if cell.startswith(_BEGIN_FORMULAS) else apart
