"""Looks at the files of a folder, or at one of an address."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from connectors.looking import Looking
from connectors.table_file.settings import TableFileSettings
from connectors.tables.fetching import Fetching
from connectors.tables.files import open_file
from connectors.tables.live import LiveTable
from connectors.tables.sheet import Row, Sheet
from provodka.channel import Around, Intake, Status
from provodka.errors import ConnectorError, Rejected

MOST_FILES: Final = 200
SETTLED: Final = 2.0  # seconds since the last write: until then somebody may be writing still

NO_PATH: Final = "Проверьте path: такой папки или файла нет, или Provodka не может их прочитать"
TOO_MANY: Final = f"В папке больше {MOST_FILES} файлов: уберите прочитанные в другую папку"

State = dict[Path, tuple[int, int]]
"""The files that there are, each with its size and the moment of its last write."""


class TableFileWatcher:
    """Files are read again only when one has changed. A file that cannot be read holds up none of the others."""

    def __init__(self, name: str, settings: TableFileSettings, around: Around) -> None:
        self.name = name
        self._settings = settings
        self._now = around.now
        self._table = LiveTable(name, settings, around)
        self._fetching = Fetching(settings.allow)
        self._state: State | None = None

    def watch(self, stop: threading.Event, intake: Intake, status: Status) -> None:
        """Until `stop`."""
        pause = self._settings.poll.total_seconds()
        Looking(self.name, last_retry=300.0, refused=pause).forever(lambda: self._round(intake), stop, status)

    def check(self) -> list[str]:
        """Whether there is a table, and it is such as the settings say."""
        troubles: list[Rejected] = []
        try:
            with self._opened(self._files(), troubles) as sheets:
                for sheet in sheets:
                    self._table.reading(sheet)
        except ConnectorError as error:
            return [error.sentence(self.name)]
        return [trouble.sentence(self.name) for trouble in troubles]

    def look(self, intake: Intake) -> None:
        """Take in the rows that are new. Raises Rejected for a file that cannot be read, after all others."""
        state = self._files()
        if not self._settings.url and state == self._state and not self._table.waits:
            return
        troubles: list[Rejected] = []
        with self._opened(state, troubles) as sheets:
            self._table.look(sheets, intake)
        if troubles:
            raise troubles[0]
        self._state = state

    def _round(self, intake: Intake) -> float:
        self.look(intake)
        return self._settings.poll.total_seconds()

    def _files(self) -> State:
        """The files that nobody is writing into. Raises Rejected where the place is not there."""
        if self._settings.url:
            return {}
        path = Path(self._settings.path)
        try:
            found = [path] if path.is_file() else sorted(path.iterdir())
            state = {one: (one.stat().st_size, one.stat().st_mtime_ns) for one in found if self._is_table(one)}
        except OSError as error:
            raise Rejected(f"{path} cannot be read: {error.strerror}", hint=NO_PATH) from error
        if len(state) > MOST_FILES:
            raise Rejected(f"{path} has {len(state)} files", hint=TOO_MANY)
        settled = (self._now().timestamp() - SETTLED) * 1e9
        return {one: told for one, told in state.items() if told[1] <= settled}

    def _is_table(self, path: Path) -> bool:
        """Programs leave locks beside the files that they have open."""
        return path.is_file() and path.match(self._settings.files) and not path.name.startswith(("~$", "."))

    def _opened(self, state: State, troubles: list[Rejected]) -> AbstractContextManager[Iterator[Sheet]]:
        return self._fetched() if self._settings.url else self._read(state, troubles)

    @contextmanager
    def _read(self, state: State, troubles: list[Rejected]) -> Iterator[Iterator[Sheet]]:
        yield self._sheets(state, troubles)

    def _sheets(self, state: State, troubles: list[Rejected]) -> Iterator[Sheet]:
        for path in state:
            try:
                sheet = self._sheet(path)
                self._table.reading(sheet)
            except Rejected as error:
                troubles.append(error)
            else:
                yield replace(sheet, rows=_as_far_as_they_go(sheet.rows, troubles))

    @contextmanager
    def _fetched(self) -> Iterator[Iterator[Sheet]]:
        with self._fetching.table(self._settings.url, self._sheet) as sheet:
            yield iter([sheet])

    def _sheet(self, path: Path) -> Sheet:
        told = self._settings
        return open_file(path, told.sheet, header_row=told.header_row, encoding=told.encoding, separator=told.separator)


def _as_far_as_they_go(rows: Iterable[Row], troubles: list[Rejected]) -> Iterator[Row]:
    try:
        yield from rows
    except Rejected as error:
        troubles.append(error)


def watcher(name: str, settings: TableFileSettings, around: Around) -> TableFileWatcher:
    """The watcher of the channel `name`."""
    return TableFileWatcher(name, settings, around)
