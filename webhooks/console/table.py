"""A table as a page shows it and as a spreadsheet gets it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from webhooks.console.words import gettext, span, whole

_MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class Column:
    """`unit` is told in the title where the numbers stand bare, in a spreadsheet. `drawn`: the chart draws it."""

    title: str
    number: bool = False
    unit: str = ""
    drawn: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """`value` is the number behind the words, `url` where they lead."""

    text: str
    value: int | None = None
    url: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """Parts of 100: how long, and where the mark of the aim stands."""

    length: float
    aim: int | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` as they are told; `bars` beside them, if any. `chart` is how it is drawn (`columns`, `lines`), `seen` what
    the drawing shows, for those who do not see it. `note` says how to read it, `more` what is not in it."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    bars: tuple[Bar, ...] = ()
    chart: str = ""
    seen: str = ""
    note: str = ""
    more: str = ""

    def titles(self) -> list[str]:
        """Of a spreadsheet."""
        return [f"{one.title}, {one.unit}" if one.unit else one.title for one in self.columns]

    def cells(self) -> Iterable[list[str]]:
        """Of a spreadsheet: numbers are numbers."""
        for row in self.rows:
            yield [cell.text if cell.value is None else str(cell.value) for cell in row]


def number(value: int) -> Cell:
    """A plain number."""
    return Cell(whole(value), value)


def minutes(value: int) -> Cell:
    """A length of time in whole minutes."""
    return Cell(span(value * _MINUTE) if value else gettext("меньше минуты"), value)


def waited(length: timedelta) -> Cell:
    """A length of time, in a spreadsheet in minutes."""
    return Cell(span(length), int(length.total_seconds() // _MINUTE))
