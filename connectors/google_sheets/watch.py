"""Looks at a spreadsheet: one read of all its sheets at each look."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any, Final

from connectors.addresses import own_host
from connectors.google_sheets.api import NO_SHEET, SheetsApi
from connectors.google_sheets.settings import GoogleSheetsSettings
from connectors.looking import Looking
from connectors.tables.fetching import Fetching
from connectors.tables.files import open_file
from connectors.tables.grid import sheet_of
from connectors.tables.headings import letters
from connectors.tables.live import LiveTable
from connectors.tables.sheet import Row, Sheet
from connectors.tables.shown import shown
from provodka.channel import Around, Intake, Status
from provodka.errors import ConnectorError, Rejected

LONGEST_PAUSE: Final = 300.0
CLOSED: Final = (
    "Таблица не открыта по ссылке: «Настройки доступа» → «Все, у кого есть ссылка» → «Читатель», либо дайте ключ "
    "сервисного аккаунта (account)"
)
NO_COLUMN: Final = "Добавьте в таблицу столбец «{mark}» или уберите mark из настроек"


class GoogleSheetsWatcher:
    """With a service account all sheets are read by one request; by a link, the one sheet that it leads to."""

    def __init__(self, name: str, settings: GoogleSheetsSettings, around: Around) -> None:
        self.name = name
        self._settings = settings
        self._now = around.now
        self._table = LiveTable(name, settings, around, [settings.mark] if settings.mark else [])
        self._store = around.store
        self._opened: SheetsApi | None = None
        self._by_link = Fetching(own_host(settings.link_url))
        self._book = ""
        self._names: tuple[str, ...] = ()

    def watch(self, stop: threading.Event, intake: Intake, status: Status) -> None:
        """Until `stop`."""
        Looking(self.name, last_retry=LONGEST_PAUSE).forever(lambda: self._round(intake), stop, status)

    def check(self) -> list[str]:
        """Whether the table can be read, and is such as the settings say."""
        try:
            with self._sheets() as sheets:
                for sheet in sheets:
                    self._table.reading(sheet)
        except ConnectorError as error:
            return [error.sentence("Google Sheets")]
        return []

    def close(self) -> None:
        """Close the connections."""
        if self._opened is not None:
            self._opened.close()

    def look(self, intake: Intake) -> None:
        """Take in the rows that are new."""
        with self._sheets() as sheets:
            if not self._settings.mark:
                self._table.look(sheets, intake)
                return
            rows = {sheet.name: list(sheet.rows) for sheet in sheets}
            self._table.look([_again(sheet, rows[sheet.name]) for sheet in sheets], intake)
            self._write_marks(sheets, rows)

    def _round(self, intake: Intake) -> float:
        self.look(intake)
        return self._settings.poll.total_seconds()

    def _sheets(self) -> AbstractContextManager[list[Sheet]]:
        return self._read() if self._settings.account else self._linked()

    def _api(self) -> SheetsApi:
        """Opened at the first look, whose trouble is told."""
        if self._opened is None:
            account = self._settings.account.get_secret_value() if self._settings.account else ""
            self._opened = SheetsApi(self._settings, account, self._store)
        return self._opened

    @contextmanager
    def _read(self) -> Iterator[list[Sheet]]:
        api = self._api()
        try:
            values = api.values(self._wanted(api))
        except Rejected:
            self._names = ()  # a sheet may have been renamed: look again, and say which there are
            values = api.values(self._wanted(api))
        yield [self._sheet(name, rows) for name, rows in zip(self._names, values, strict=True)]

    def _sheet(self, name: str, rows: list[list[Any]]) -> Sheet:
        texts = ([shown(cell) for cell in row] for row in rows)
        return sheet_of(self._book, name, texts, header_row=self._settings.header_row)

    def _wanted(self, api: SheetsApi) -> tuple[str, ...]:
        """The names of the sheets to be read. Raises Rejected where one is not there."""
        if not self._names:
            book = api.book()
            for name in self._settings.sheets:
                if name not in book.sheets:
                    there = ", ".join(f"«{one}»" for one in book.sheets)
                    raise Rejected(f"{book.title} has no sheet «{name}»", hint=NO_SHEET.format(there=there))
            self._book, self._names = book.title, tuple(self._settings.sheets) or book.sheets[:1]
        return self._names

    @contextmanager
    def _linked(self) -> Iterator[list[Sheet]]:
        told = self._settings
        url = f"{told.link_url}/spreadsheets/d/{told.id}/export?format=csv&gid={told.sheet_id}"
        with self._by_link.table(url, partial(open_file, header_row=told.header_row), page=CLOSED) as sheet:
            yield [sheet]

    def _write_marks(self, sheets: list[Sheet], rows: dict[str, list[Row]]) -> None:
        """«Принято» beside each row that is an event and has none yet. A row that is moved at this very moment may get
        the mark of another; the next look puts right what is missing."""
        mark = self._settings.mark
        text = f"принято {self._now().astimezone(self._table.zone):%d.%m.%Y %H:%M}"
        cells: dict[tuple[str, str], str] = {}
        for sheet in sheets:
            if mark not in sheet.columns:
                raise Rejected(f"{sheet.name} has no column «{mark}»", hint=NO_COLUMN.format(mark=mark))
            column = letters(sheet.places[sheet.columns.index(mark)])
            for row in rows[sheet.name]:
                if mark not in row.cells and self._table.is_taken(row):
                    cells[sheet.name, f"{column}{row.number}"] = text
        if cells:
            self._api().write(cells)


def _again(sheet: Sheet, rows: list[Row]) -> Sheet:
    return Sheet(sheet.table, sheet.name, sheet.columns, rows, sheet.notes)


def watcher(name: str, settings: GoogleSheetsSettings, around: Around) -> GoogleSheetsWatcher:
    """The watcher of the channel `name`."""
    return GoogleSheetsWatcher(name, settings, around)
