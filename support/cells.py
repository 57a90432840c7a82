"""Cells of the CSV files that we write for people."""

from __future__ import annotations

import re
from typing import Final

_BEGIN_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")
_NUMBER: Final = re.compile(r"[+-]?[\d (),.-]+")


def no_formula(cell: str) -> str:
    """The cell, with an apostrophe before what a spreadsheet would run as a formula: strangers have written it."""
    return f"'{cell}" if cell.startswith(_BEGIN_FORMULAS) and not _NUMBER.fullmatch(cell) else cell
