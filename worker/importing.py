"""Hands out the rows of imports: a few at a time, so that whatever else comes in stands before the next ones."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from itertools import chain, dropwhile, islice
from typing import Any, Final

import structlog
from pydantic import TypeAdapter

from connectors.tables.importing import ImportOptions, ReadRow, as_file, open_table
from provodka.channel import Intake, Status
from provodka.errors import ConnectorError, Rejected
from provodka.event import Event
from provodka.journal import Journal, imports
from provodka.journal.imports import ImportJob, ImportState
from rules.calendar import WorkingCalendar
from rules.durations import parse_duration
from rules.plan import Priority

log = structlog.get_logger("worker")

Open = Callable[[ImportJob], Iterator[ReadRow]]
"""The rows of an import from the beginning. It, and what it gives, raise ConnectorError with a cure."""

_GULP: Final = 100  # rows at once: as many events stand before a new one at most
_ENOUGH: Final = 200  # of what was handed out is not done yet: no more until it is
_PAUSE: Final = 0.1  # seconds
_LOOK: Final = 1.0
_CURE: Final = "Исправьте причину, затем: provodka import resume {job}"


@dataclass(frozen=True, slots=True)
class Place:
    """How far an import has come: the last `row` that was looked at, how many events of the present portion were
    `given`, and when the next portion may begin."""

    row: int = 0
    given: int = 0
    next: datetime | None = None


_PLACE: Final = TypeAdapter(Place)


def place_of(job: str, cursor: Callable[[str], str | None]) -> Place:
    """Where an import stands."""
    kept = cursor(imports.cursor_of(job))
    return _PLACE.validate_json(kept) if kept else Place()


def kept_rows(job: ImportJob, journal: Journal, channels: Mapping[str, Any], zone: tzinfo) -> Iterator[ReadRow]:
    """The rows of the file of an import, as its channel reads them now. Raises Rejected with the cure."""
    body = journal.store.blob(job.sha256)
    if job.channel not in channels or body is None:
        what = "file" if body is None else f"channel «{job.channel}»"
        raise Rejected(f"its {what} is not there any more", hint=f"Верните канал «{job.channel}» в настройки")
    options = ImportOptions.model_validate_json(job.options)
    with as_file(body, job.file) as path:
        table = open_table(path, job.channel, channels[job.channel], options, zone, job.file)
        yield from table.rows(journal.now())


class Importer:
    """The watcher of all imports. It keeps nothing that is not in the journal: a new one goes on where it stood."""

    name = "imports"

    def __init__(self, journal: Journal, read: Open, calendar: WorkingCalendar) -> None:
        self._journal = journal
        self._read = read
        self._calendar = calendar
        self._open: dict[str, _Opened] = {}

    def watch(self, stop: threading.Event, intake: Intake, status: Status) -> None:
        """Go on with what is running, until told to stop."""
        while not stop.is_set():
            stop.wait(_PAUSE if self.go_on(intake, status) else _LOOK)

    def go_on(self, intake: Intake, status: Status) -> bool:
        """Hand out a few rows of each import that is running; whether to look again soon."""
        jobs = self._journal.read(lambda c: imports.all_imports(c, ImportState.RUNNING))
        self._open = {job.id: self._open[job.id] for job in jobs if job.id in self._open}
        busy = [self._step(job, intake, status) for job in jobs]
        return any(busy)

    def check(self) -> list[str]:
        """Nothing outside is needed."""
        return []

    def _step(self, job: ImportJob, intake: Intake, status: Status) -> bool:
        """Hand out the next rows; whether to look again soon."""
        place, now = place_of(job.id, intake.cursor), self._journal.now()
        if place.next is not None and place.next > now:
            return False
        bulk = -int(Priority.BULK)
        if self._journal.read(lambda c: imports.under_way(c, bulk, _ENOUGH)) >= _ENOUGH:
            return True
        try:
            self._hand_out(job, place, now)
        except ConnectorError as error:
            stopped = (ImportState.RUNNING,)
            self._journal.write(lambda c: imports.move(c, job.id, ImportState.STOPPED, stopped))
            cure = f"{error.hint}. {_CURE.format(job=job.id)}" if error.hint else _CURE.format(job=job.id)
            status.trouble(f"import {job.id}", f"«{job.file}» cannot be read: {error.reason}", cure)
            return False
        status.well(f"import {job.id}")
        return True

    def _hand_out(self, job: ImportJob, place: Place, now: datetime) -> None:
        options = ImportOptions.model_validate_json(job.options)
        opened = self._at(job, place)
        rows, left = opened.take(_GULP), options.portion - place.given
        events = self._new(job, rows)
        if len(events) > left:
            events = events[:left]
            opened.put_back(imports.row_number(events[-1].id), rows)
        given = place.given + len(events)
        after = Place(opened.row, given, place.next)
        if given >= options.portion:
            pause = self._calendar.add(parse_duration(options.every), now) if options.every else None
            after = Place(opened.row, 0, pause)
        kept = _PLACE.dump_json(after).decode()
        if not self._journal.write(lambda c: imports.hand_out(c, job.id, events, kept)):
            return
        if events:
            self._journal.new_events.set()
        log.info("import.handed_out", id=job.id, rows=len(rows), events=len(events), upto=opened.row)
        if opened.ended:
            running = (ImportState.RUNNING,)
            self._journal.write(lambda c: imports.move(c, job.id, ImportState.DONE, running))

    def _at(self, job: ImportJob, place: Place) -> _Opened:
        """The file, read up to where the journal says: somebody else may have gone on with it meanwhile."""
        opened = self._open.get(job.id)
        if opened is None or opened.row != place.row:
            opened = self._open[job.id] = _Opened(self._read(job))
            opened.skip(place.row)
        return opened

    def _new(self, job: ImportJob, rows: Sequence[ReadRow]) -> list[Event]:
        """The events of those rows that the channel does not know yet, under the ids of this import."""
        made = {row.event.external_id: (row.number, row.event) for row in rows if row.event is not None}
        known: Mapping[str, str] = self._journal.read(lambda c: imports.taken_before(c, job.channel, list(made)))
        now = self._journal.now()
        return [
            replace(
                event,
                id=imports.event_id(job.id, number),
                received_at=now,
                occurred_at=now if event.occurred_at == event.received_at else event.occurred_at,
            )
            for key, (number, event) in made.items()
            if key not in known
        ]


class _Opened:
    """A file that is being read. `row` is the last one that was taken, `ended` says that there are no more."""

    def __init__(self, rows: Iterator[ReadRow]) -> None:
        self._rows = rows
        self.row = 0
        self.ended = False

    def skip(self, upto: int) -> None:
        """Leave out what was handed out before."""
        self._rows = dropwhile(lambda row: row.number <= upto, self._rows)
        self.row = upto

    def take(self, most: int) -> list[ReadRow]:
        """The next rows."""
        taken = list(islice(self._rows, most))
        self.ended = len(taken) < most
        self.row = taken[-1].number if taken else self.row
        return taken

    def put_back(self, after: int, rows: Sequence[ReadRow]) -> None:
        """Of these rows those behind the row `after` are for another time."""
        self._rows = chain([row for row in rows if row.number > after], self._rows)
        self.row, self.ended = after, False
