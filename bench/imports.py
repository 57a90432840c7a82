"""A list of 50,000 rows looked at before it is imported, beside a mirror with a hundred thousand contacts."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rich.console import Console

from bench import parts
from cli.config import read
from cli.house import House
from cli.imports.preview import draw, masked
from cli.imports.start import looked
from cli.show import View
from connectors.crm.mirror import CONTACT, KnownContact, snapshot
from connectors.tables.importing import ImportOptions

ROWS: Final = 50_000
DOUBLES: Final = 2_000
KNOWN: Final = 3_000
CONTACTS: Final = 100_000
_CHUNK: Final = 2_000
_NOW: Final = datetime(2026, 3, 2, tzinfo=UTC)
_CHANNEL: Final = "channels:\n  list: {type: import}\n"
_RULE: Final = """
  - name: Импорт
    on: table.row_added
    do:
      - intake: {pipeline: Кровля, stage: Новый лид, title: "{{ person.name }}", responsible: anna}
      - task: {text: Позвонить клиенту, due: 1d}
"""


def imports(folder: Path) -> Iterator[tuple[str, str, str]]:
    """From the file to the words that somebody reads before they agree."""
    environ = parts.environment(folder, "http://127.0.0.1:9", 6.0)
    config = Path(environ["BENCH_CONFIG"])
    text = config.read_text("utf-8").replace("channels:\n", _CHANNEL).replace("rules:\n", f"rules:{_RULE}")
    config.write_text(text, "utf-8")
    file = _file(folder / "base.csv")
    spent = time.process_time()
    with file.open(encoding="cp1251", newline="") as opened:
        assert sum(1 for _ in csv.reader(opened, delimiter=";")) == ROWS + 1
    yield f"{ROWS} rows by the csv module alone, s of one core (floor)", "", f"{time.process_time() - spent:.2f}"
    house = House(read(config, environ))
    try:
        _fill(house)
        began, worked = time.monotonic(), time.process_time()
        seen = looked(house, file, "list", ImportOptions())
        out = Console(file=io.StringIO(), width=200)
        view = View(out, out)
        draw(masked(seen, view.mask(house.journal)), view, None)
        took, spent = time.monotonic() - began, time.process_time() - worked
    finally:
        house.close()
    assert (seen.rows, seen.known, len(seen.doubles)) == (ROWS, KNOWN, DOUBLES)
    told = f"{took:.1f}, of which {spent:.1f} of one core ({ROWS / spent:.0f} rows a second of it)"
    yield f"{ROWS} rows read, matched with {CONTACTS} contacts and previewed, s", "< 20", told


def _file(path: Path) -> Path:
    with path.open("w", encoding="cp1251", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(("ФИО", "Телефон", "Почта", "Город", "Товар", "Источник"))
        for n in range(ROWS):
            one = n if n < ROWS - DOUBLES else n - (ROWS - DOUBLES)
            told = ("Москва", "Черепица" if n == one else "Сайдинг", "Выставка")
            writer.writerow((f"Гость {one}", f"8 916 {one:07}", f"guest{one}@example.ru", *told))
    return path


def _fill(house: House) -> None:
    """The first known people are in the file, the others are not."""
    store = house.journal.store
    for start in range(0, CONTACTS, _CHUNK):
        numbers = range(start, start + _CHUNK)
        phones = [f"+7916{n:07}" if n < KNOWN else f"+7926{n:07}" for n in numbers]
        cards = [KnownContact(str(n), f"Гость {n}", (phone,)) for n, phone in zip(numbers, phones, strict=True)]
        store.put_snapshots("amocrm", CONTACT, [snapshot(card, _NOW) for card in cards])
    store.put_snapshots("amocrm", CONTACT, [], cursors={"amocrm:contacts:filled": _NOW.isoformat()})
