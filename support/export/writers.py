"""The three forms of a copy: SQLite with full-text search, one CSV for a spreadsheet, JSON lines."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Any, Final, Protocol

from pydantic import TypeAdapter
from sqlite_utils import Database

from support.export.lines import Line, text_of
from support.export.tables import INDEXES, SEARCH, TABLES, VIEWS, local, rows_of
from support.sheet import no_formula
from support.story import ShownStory

_NAMED: Final = """("person") DO UPDATE SET "name" = excluded."name" WHERE "people"."name" = ''"""


class Writer(Protocol):
    """Fills a file. `end` makes it whole; `close` lets go of it, whole or not."""

    def add(self, lines: Sequence[Line]) -> None: ...
    def end(self) -> None: ...
    def close(self) -> None: ...


class SqliteWriter:
    """Tables that refer to one another, views, `texts_fts` and `about`. Nothing unmasked is ever written into a masked
    one, so that its free pages hold none either."""

    def __init__(self, path: Path, about: Mapping[str, str], zone: tzinfo) -> None:
        self._db = Database(path)
        self._zone = zone
        for pragma in ("journal_mode=MEMORY", "synchronous=OFF", "cache_size=-8000", "temp_store=FILE"):
            self._db.execute(f"PRAGMA {pragma}").fetchall()
        for name, (columns, key, foreign) in TABLES.items():
            self._db.create_table(name, dict(columns), pk=key, foreign_keys=foreign)
        self._tell(about)

    def add(self, lines: Sequence[Line]) -> None:
        found: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
        for line in lines:
            for table, row in rows_of(line, self._zone):
                found[table].append(row)
        with self._db.atomic():
            for name, rows in found.items():
                if rows:
                    self._insert(name, rows)

    def end(self) -> None:
        for table, column in INDEXES:
            self._db.table(table).create_index([column])
        self._db.execute(SEARCH)
        self._db.table("texts").populate_fts(["text", "also"])
        for name, query in VIEWS.items():
            self._db.create_view(name, query)
        counts = {name: self._db.table(name).count for name in TABLES if name != "about"}
        self._tell({f"rows of {name}": str(count) for name, count in counts.items()})

    def close(self) -> None:
        self._db.close()

    def _tell(self, about: Mapping[str, str]) -> None:
        with self._db.atomic():
            self._insert("about", [{"name": name, "value": value} for name, value in about.items()])

    def _insert(self, table: str, rows: Sequence[dict[str, Any]]) -> None:
        """Those whose key is new, and the first name of somebody who had none. Half the time of sqlite-utils' own,
        which looks for new columns in every row."""
        columns = TABLES[table][0]
        names, marks = (", ".join(f"{sign}{name}{end}" for name in columns) for sign, end in (('"', '"'), (":", "")))
        known = _NAMED if table == "people" else "DO NOTHING"
        query = f'INSERT INTO "{table}" ({names}) VALUES ({marks}) ON CONFLICT {known}'  # noqa: S608
        self._db.conn.executemany(query, rows)


@dataclass(frozen=True, slots=True)
class Words:
    """What the columns of the CSV are called, and how a reader calls the types, kinds and states in them."""

    titles: Mapping[str, str]
    said: Callable[[str, str], str]

    @classmethod
    def plain(cls) -> Words:
        """As the journal calls them."""
        return cls({name: name for name in COLUMNS}, lambda _, value: value)


COLUMNS: Final = (
    "local", "person", "who", "what", "kind", "by", "text", "state", "error", "hint", "lead", "url", "event", "action",
)  # fmt: skip
_LONGEST: Final = 32_000  # signs of a cell; Excel takes 32,767


class CsvWriter:
    """One row for an event and one for each action: what a spreadsheet opens by a double click. What a stranger wrote
    is never run as a formula."""

    def __init__(self, path: Path, zone: tzinfo, words: Words) -> None:
        self._file = path.open("w", encoding="utf-8-sig", newline="")
        self._zone = zone
        self._words = words
        self._rows = csv.writer(self._file, delimiter=";")
        self._rows.writerow([words.titles[name] for name in COLUMNS])

    def add(self, lines: Sequence[Line]) -> None:
        for line in lines:
            for row in _timeline(line, self._zone):
                cells = (self._words.said(name, str(row.get(name) or "")) for name in COLUMNS)
                self._rows.writerow([no_formula(" ".join(cell.split())[:_LONGEST]) for cell in cells])

    def end(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def _timeline(line: Line, zone: tzinfo) -> Iterator[dict[str, Any]]:
    told = line.story.event
    both = {"person": line.person, "who": str(told.person), "event": told.id}
    yield both | {
        "local": local(told.received_at, zone), "what": "event", "kind": told.type, "by": told.channel,
        "text": line.about, "state": told.state, "error": told.error or told.says,
    }  # fmt: skip
    for action in line.story.actions:
        result = action.result if isinstance(action.result, dict) else {}
        yield both | {
            "local": local(action.finished_at or action.created_at, zone), "what": "action", "kind": action.kind,
            "by": action.rule, "text": text_of(action), "state": action.state, "error": action.error,
            "hint": action.hint, "lead": result.get("lead_id"), "url": result.get("url"), "action": action.id,
        }  # fmt: skip


_STORY: Final = TypeAdapter(ShownStory)


class JsonWriter:
    """JSON lines: `about` first, then an event a line with its payload and story (as `explain --json` tells it), and
    `whole` with the number of events last, without which the file was cut."""

    def __init__(self, path: Path, about: Mapping[str, str]) -> None:
        self._file = path.open("w", encoding="utf-8")
        self._count = 0
        self._line({"about": about})

    def add(self, lines: Sequence[Line]) -> None:
        for line in lines:
            plain = json.loads(_STORY.dump_json(line.story))
            made = [
                {"action": action, "system": system, "kind": kind, "id": one}
                for action, things in line.made.items()
                for system, kind, one in things
            ]
            more = {"seq": line.seq, "lane": line.person, "about": line.about, "payload": line.payload}
            self._line(plain | {"event": plain["event"] | more, "made": made})
        self._count += len(lines)

    def end(self) -> None:
        self._line({"whole": {"events": self._count}})
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def _line(self, document: object) -> None:
        self._file.write(json.dumps(document, ensure_ascii=False) + "\n")
