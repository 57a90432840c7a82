"""Rows of tables on their way to leads: a list that was imported, then the live table it was exported from."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import requests

from sandbox.senders.google_sheets import BOOK, HEADINGS, GoogleSheets
from sandbox.senders.service import Client
from tests.end_to_end.company import Company, until
from tests.end_to_end.crms import OFFICES
from tests.end_to_end.importing import command

KEY = "sandbox-secret"
CHANNELS = f"""
  sheet: {{type: google_sheets, spreadsheet: {BOOK}, link_url: "${{SENDERS}}/google", secret: {KEY},
          first_rows: all, poll: 1s}}
  folder: {{type: table_file, path: FOLDER, first_rows: all, poll: 1s}}
"""
RULE = """
  - name: Строка
    on: table.row_added
    do:
      - intake: {pipeline: Кровля, stage: Новый лид, title: "Таблица: {{ person.name }}"}
      - note: {text: "Строка: {{ row.fields['Что интересует?'] }}"}
"""
PEOPLE = {"Мария": "79160001122", "Олег": "79160001133"}


@pytest.fixture
def google(closed: Company) -> GoogleSheets:
    folder = closed.folder / "tables"
    folder.mkdir()
    channels = CHANNELS.replace("FOLDER", str(folder))
    closed.rewritten = lambda text: text.replace("\nalerts:", f"{channels}\nalerts:").replace(
        "server:", "http: {allow: [127.0.0.1]}\nserver:", 1
    )
    closed.extra_rules = RULE
    service = closed.sandbox.senders.services["google_sheets"]
    assert isinstance(service, GoogleSheets)
    service.reset()
    requests.get(f"{closed.sandbox.senders.url}/google/", timeout=30).raise_for_status()
    return service


def exported(path: Path, *people: str) -> Path:
    """The same table, as somebody saves it."""
    with path.open("w", encoding="cp1251", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(HEADINGS)
        writer.writerows([f"02.03.2026 12:0{n}:00", name, PEOPLE[name], f"Окна {n}"] for n, name in enumerate(people))
    return path


def typed(google: GoogleSheets, *people: str) -> None:
    for n, name in enumerate(people):
        google.rows.append([f"02.03.2026 12:0{n}:00", name, int(PEOPLE[name]), f"Окна {n}"])


@pytest.mark.shows("S0-29")
@pytest.mark.parametrize("office", OFFICES.values(), ids=OFFICES)
def test_a_list_that_was_imported_and_then_is_looked_at_makes_nobody_twice(
    closed: Company, google: GoogleSheets
) -> None:
    file = exported(closed.folder / "База.csv", *PEOPLE)
    closed.open()
    command(closed, "start", file, "--channel", "sheet", "--yes", "--detach", apart=True)
    closed.rest("table.row_added", 2)
    typed(google, *PEOPLE)
    reads = google.reads
    until(lambda: google.reads >= reads + 2, "looks at the table")
    given = {"url": f"{closed.url}/hooks/sheet", "secret": KEY}
    for _ in range(2):  # and the script tells of a row that the table shows, too
        client = Client(name="Вера", phone="+7 916 000-11-44", text="Двери")
        assert [one.status_code for one in google.press("answer", client, given)] == [200]
    google.rows.pop()
    exported(closed.folder / "tables" / "Ещё раз.csv", "Мария")
    closed.rest("table.row_added", 4)
    leads = closed.leads()
    assert sorted(lead["name"] for lead in leads) == [f"Таблица: {name}" for name in ("Вера", "Мария", "Олег")]
    assert not any(closed.doubles().values())
    assert [sum("Двери" in str(note["text"]) for note in lead["notes"]) for lead in leads].count(1) == 1
