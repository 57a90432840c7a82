"""A table of 50,000 rows: read and understood, beside what the library alone takes."""

from __future__ import annotations

import csv
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import openpyxl

from connectors.tables.files import open_file
from connectors.tables.rows import Reading
from provodka.event import Event

ROWS: Final = 50_000
HEAD: Final = (
    "Отметка времени", "Имя", "Телефон", "E-mail", "Сумма", "Город", "Услуга", "Комментарий", "utm_source", "Статус",
    "Товар", "Ссылка",
)  # fmt: skip
_FLOOR: Final = (
    "import sys, python_calamine as c; book = c.load_workbook(sys.argv[1]); "
    "print(sum(1 for _ in book.get_sheet_by_index(0).iter_rows()))"
)


def tables(folder: Path) -> Iterator[tuple[str, str, str]]:
    """xlsx and csv, each read to rows and to events."""
    book, text = folder / "rows.xlsx", folder / "rows.csv"
    _write(book, text)
    began = _worked()
    subprocess.run([sys.executable, "-c", _FLOOR, str(book)], check=True, stdout=subprocess.DEVNULL)
    floor = f"{ROWS:,} rows of {len(HEAD)} columns, calamine alone, seconds of a core (floor)"
    yield floor, "", f"{_worked() - began:.1f}"
    for path in (book, text):
        began = _worked()
        rows = sum(1 for _ in open_file(path).rows)
        yield f"{path.suffix[1:]}: {rows:,} rows read, seconds of a core", "< 5", f"{_worked() - began:.1f}"
    began = _worked()
    sheet = open_file(text)
    reading = Reading("table", sheet.table, sheet.name, ZoneInfo("Europe/Moscow"))
    now = datetime.now(UTC)
    events = sum(isinstance(reading.event(row, now), Event) for row in sheet.rows)
    yield f"csv: {events:,} rows read and made events, seconds of a core", "", f"{_worked() - began:.1f}"
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    yield "memory at most, making the files included, MB", "flat", f"{most}"


def _worked() -> float:
    """Seconds of a core that this process and its children have had so far."""
    return sum(os.times()[:4])


def _write(book: Path, text: Path) -> None:
    made = openpyxl.Workbook(write_only=True)
    sheet = made.create_sheet("Заявки")
    with text.open("w", encoding="windows-1251", newline="") as file:
        lines = csv.writer(file, delimiter=";")
        sheet.append(HEAD)
        lines.writerow(HEAD)
        for number in range(ROWS):
            moment = datetime(2026, 1, 1) + timedelta(minutes=number)  # noqa: DTZ001 -- as a table has it
            who = [f"Иван Петров {number}", 79_160_000_000 + number, f"a{number}@example.ru", 12_500.5]
            what = ["Москва", "Окна", "Позвоните", "yandex", "новая", "Окно", "https://example.ru/x"]
            sheet.append([moment, *who, *what])
            lines.writerow([f"{moment:%d.%m.%Y %H:%M:%S}", *who, *what])
    made.save(book)
