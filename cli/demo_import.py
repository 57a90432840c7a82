"""What is imported in the demo: the list of a fair, looked at before it goes in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from cli.demo_check import dump
from cli.house import House
from cli.imports.start import Wanted, start_import
from cli.show import View
from sandbox.server import Sandbox

TAG: Final = "выставка"
NINA: Final = "79160005566"
LIST: Final = f"""\
Выставка «Кровля-2026»;;;
ФИО;Телефон;Почта;Что интересует
Нина Орлова;8 (916) 000-55-66;nina@example.ru;Мягкая кровля
Мария;+7 916 000-11-22;;Водосток
Нина Орлова;{NINA};;Мансардные окна
Игорь;7,9160E+10;;Профнастил
"""
"""A title, somebody new, somebody known, a double, and a phone that a spreadsheet has spoilt."""


@dataclass(frozen=True, slots=True)
class Fair:
    """The scene. `folder` is where the list lies."""

    folder: Path
    house: House
    sandbox: Sandbox
    out: Console

    def bring(self) -> None:
        """`provodka import` looks, shows, and hands out the rows."""
        file = self.folder / "Выставка.csv"
        file.write_text(LIST, "cp1251")
        view = View(self.out, self.out, zone=self.house.config.calendar.timezone)
        wanted = Wanted(file, "fair", yes=True, detach=True, folder=self.folder)
        start_import(self.house, wanted, {"portion": 10}, view, None)

    def differences(self) -> Iterator[str]:
        """What is not as the scene should have left it."""
        leads = dump(self.sandbox)
        nina = [lead for lead in leads if NINA in _digits(lead)]
        if len(nina) != 1:
            yield f"Нина: {len(nina)} leads instead of one"
        tagged = [lead for lead in leads if TAG in lead["tags"]]
        if len(tagged) != 2:
            yield f"the list of the fair is in {len(tagged)} leads instead of two"


def _digits(lead: dict[str, Any]) -> set[str]:
    phones = (phone for contact in lead["contacts"] for phone in contact["phones"])
    return {"".join(c for c in phone if c.isdigit()) for phone in phones}
