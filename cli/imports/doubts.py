"""What of a row that is taken is probably not what it should be. Nothing is changed by it: somebody is to look."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from provodka.event import Event

_NO_PHONE: Final = ("в ячейке нет телефона", "Впишите номер целиком, с кодом города или оператора")
_NO_EMAIL: Final = ("в ячейке нет адреса почты", "Впишите адрес целиком, он один в ячейке: имя@домен")
_NO_DATE: Final = (
    "дата записана числом дней, как её хранит программа для таблиц",
    "Задайте столбцу формат «Дата» и сохраните файл ещё раз",
)
_DAYS: Final = re.compile(r"[2-5]\d{4}(?:,\d+)?")  # since 1900: from 1954 to 2064
_DATED: Final = re.compile(r"(?:^|[^\w])(?:дата|date)(?![^\W_])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a taken row that could not be read, and stays a text."""

    row: int
    column: str
    why: str
    cure: str


class Doubts:
    """Looks at one row after another; `empty` are the columns in which none of them had anything."""

    def __init__(self, meanings: Mapping[str, str]) -> None:
        self._of = {what: [name for name, one in meanings.items() if one == what] for what in ("phone", "email")}
        self._dates = [name for name, one in meanings.items() if not one and _DATED.search(name)]
        self._empty = dict.fromkeys(meanings)

    @property
    def empty(self) -> tuple[str, ...]:
        return tuple(self._empty)

    def look(self, number: int, event: Event) -> Iterator[Cell]:
        """The cells of this row that somebody should see."""
        cells: dict[str, str] = json.loads(event.raw)
        for name in [name for name in self._empty if cells.get(name)]:
            del self._empty[name]
        person = event.person
        for what, found, why in (("phone", person.phones, _NO_PHONE), ("email", person.emails, _NO_EMAIL)):
            if not found:
                yield from (Cell(number, name, *why) for name in self._of[what] if cells.get(name))
        for name in self._dates:
            if _DAYS.fullmatch(cells.get(name, "")):
                yield Cell(number, name, *_NO_DATE)
