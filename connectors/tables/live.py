"""Watches a table: which of its rows are new, by their own keys and not by their places.

The keys that have been seen are kept in the journal, one by one, for as long as their rows stand in the table: moved
columns, sorted and deleted rows make nothing new, and neither does a restart, however old the rows are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, tzinfo
from itertools import islice
from typing import Final

from connectors.tables.headings import is_moment
from connectors.tables.rows import Reading, Refusal, raw_of
from connectors.tables.settings import LiveSettings
from connectors.tables.sheet import Row, Sheet
from provodka.channel import Around, Intake
from provodka.errors import Rejected
from provodka.event import Event, new_event_id
from provodka.payloads import EventType, Person, Unreadable
from provodka.stores import Snapshot

PORTION: Final = 500  # rows
SPARE: Final = 10_000  # keys of rows that are gone, kept at least
OLD, TAKEN = "old row", "row"

WANTS_KEY: Final = (
    "Укажите, по каким столбцам узнавать строку: key: [Телефон, Дата]. Без столбца с датой иначе любая правка строки "
    "выглядела бы новой заявкой"
)


class LiveTable:
    """The rows of the channel `name`. `own` are columns that the channel writes itself.

    A row without an hour is typed in by hand: it is taken once it has stood unchanged from one look to the next, so
    that nobody is met half-way through it. A row with a damaged cell becomes an event `unreadable`, once.
    """

    def __init__(self, name: str, settings: LiveSettings, around: Around, own: Iterable[str] = ()) -> None:
        self.name = name
        self._settings = settings
        self._around = around
        self._own = frozenset(own)
        self._known: dict[str, str] = {}
        self._begun = False
        self._seen: dict[int, str] = {}
        self._held: set[int] = set()

    def look(self, sheets: Iterable[Sheet], intake: Intake) -> None:
        """Into the intake what is new. Raises Rejected for a table that cannot be understood."""
        self._load()
        first = not self._begun and self._settings.first_rows == "new"
        seen: dict[int, str] = {}
        held: set[int] = set()
        news = self._news(sheets, seen, held, first=first)
        while portion := list(islice(news, PORTION)):
            self._store(portion, intake)
        if not self._begun:
            self._around.store.put_snapshots(self._system, TAKEN, [], cursors={self._cursor: self._now().isoformat()})
            self._begun = True
        self._seen, self._held = seen, held
        self._forget()

    @property
    def waits(self) -> bool:
        """Whether some row is to be seen once more before it is taken."""
        return bool(self._held)

    @property
    def zone(self) -> tzinfo:
        """That of the client."""
        return self._around.zone

    def is_taken(self, row: Row) -> bool:
        """Whether this row, as it was at the last look, is an event of ours."""
        return self._known.get(self._seen.get(self._print(row), "")) == TAKEN

    def reading(self, sheet: Sheet) -> Reading:
        """How the rows of this sheet are read. Raises Rejected where the settings do not fit it."""
        told = self._settings
        reading = Reading(
            self.name, sheet.table, sheet.name, self._around.zone, told.map, told.aliases, tuple(told.key), self._own
        )
        reading.fits(sheet)
        if not told.key and not any(map(is_moment, sheet.columns)):
            raise Rejected(f"{sheet.table}: nothing tells its rows apart", hint=WANTS_KEY)
        return reading

    @property
    def _system(self) -> str:
        return f"table:{self.name}"

    @property
    def _cursor(self) -> str:
        return f"table:{self.name}:begun"

    def _now(self) -> datetime:
        return self._around.now()

    def _load(self) -> None:
        if self._begun:
            return
        store = self._around.store
        self._begun = store.cursor(self._cursor) is not None
        self._known = {key: kind for kind in (OLD, TAKEN) for key in store.snapshot_ids(self._system, kind)}

    def _news(
        self, sheets: Iterable[Sheet], seen: dict[int, str], held: set[int], *, first: bool
    ) -> Iterator[tuple[str, Event | None]]:
        """The keys that nobody knows yet, with their events; `seen` and `held` are filled on the way."""
        for sheet in sheets:
            reading = self.reading(sheet)
            for row in sheet.rows:
                now = self._print(row)
                if (key := self._seen.get(now)) is not None:
                    seen[now] = key
                    continue
                key, event = self._read(reading, row)
                settled = first or now in self._held or reading.moment(row) is not None
                if not settled and key and key not in self._known:
                    held.add(now)
                    continue
                seen[now] = key
                if key and key not in self._known:
                    yield key, None if first else event

    def _read(self, reading: Reading, row: Row) -> tuple[str, Event | None]:
        """The key of a row and its event; an empty key for a row that is not filled in yet."""
        told = reading.event(row, self._now())
        if isinstance(told, Event):
            return told.external_id, told
        return (f"damaged:{told.key}", self._unreadable(told, row)) if told.damaged else ("", None)

    def _unreadable(self, refusal: Refusal, row: Row) -> Event:
        now = self._now()
        return Event(
            id=new_event_id(now),
            type=EventType.UNREADABLE,
            channel=self.name,
            external_id=f"damaged:{refusal.key}",
            occurred_at=now,
            received_at=now,
            person=Person(),
            payload=Unreadable(f"{refusal.why}. {refusal.cure}"),
            raw=raw_of(row.cells),
        )

    def _store(self, portion: list[tuple[str, Event | None]], intake: Intake) -> None:
        """Events first: should we be killed between the two, the journal knows them by their keys."""
        events = [event for _, event in portion if event is not None]
        if events:
            intake.accept(events)
        for kind in (OLD, TAKEN):
            keys = {key: kind for key, event in portion if (OLD if event is None else TAKEN) == kind}
            if keys:
                rows = [Snapshot(key, "", self._now()) for key in keys]
                self._around.store.put_snapshots(self._system, kind, rows)
                self._known.update(keys)

    def _forget(self) -> None:
        """The keys of rows that are gone, once there are many."""
        if len(self._known) <= 2 * len(self._seen) + SPARE:
            return
        there = set(self._seen.values())
        for kind in (OLD, TAKEN):
            gone = [key for key, one in self._known.items() if one == kind and key not in there]
            self._around.store.forget_snapshots(self._system, kind, gone)
        self._known = {key: kind for key, kind in self._known.items() if key in there}

    def _print(self, row: Row) -> int:
        """Tells a row that has changed from one that has not, within this process."""
        return hash(frozenset((column, text) for column, text in row.cells.items() if column not in self._own))
