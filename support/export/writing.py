"""Making the file: privately, under another name until it is whole, never over one that is there."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from glob import escape
from pathlib import Path
from secrets import token_hex

from provodka.journal import Journal, extract
from provodka.journal.extract import Scope
from provodka.leftovers import held, sweep
from support.export.lines import lines
from support.export.writers import CsvWriter, JsonWriter, SqliteWriter, Words, Writer
from support.masking import Masks


class Format(StrEnum):
    """What the file is."""

    SQLITE = "sqlite"
    CSV = "csv"
    JSON = "json"


_SUFFIXES = {Format.SQLITE: "sqlite", Format.CSV: "csv", Format.JSON: "jsonl"}


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted. `opened` shows personal data; `zone` are the client's clocks; `words` are those of a CSV."""

    scope: Scope
    format: Format
    client: str
    zone: tzinfo
    opened: bool = False
    words: Words = field(default_factory=Words.plain)


@dataclass(frozen=True, slots=True)
class Made:
    """What has come of it."""

    events: int
    size: int


def file_name(wish: Wish, now: datetime) -> str:
    """What to call it: what it holds, and whether somebody's data lie open in it."""
    scope = wish.scope

    def day(at: datetime | None, other: datetime, back: timedelta = timedelta()) -> str:
        return f"{((at or other) - back).astimezone(wish.zone):%Y-%m-%d}"

    what = f"person-{scope.person}" if scope.person is not None else ""
    if scope.since is not None or not what:
        last = day(scope.until, now, timedelta(microseconds=1))
        first = day(scope.since, datetime(2000, 1, 1, tzinfo=UTC))
        what = "-".join(filter(None, (what, first if first == last else f"{first}--{last}")))
    return f"journal-{what}-{'open' if wish.opened else 'masked'}.{_SUFFIXES[wish.format]}"


def export(
    journal: Journal, wish: Wish, path: Path, move: Callable[[int], None] = lambda _: None, *, over: bool = False
) -> Made:
    """Write the file, for its owner alone. `move` hears how many events are done, and may raise to give up: then, as
    after any error, nothing is left. Raises FileExistsError unless what is there may be written `over`, OSError."""
    if path.exists() and not over:
        raise FileExistsError(path)
    sweep(path.parent.glob(f".{escape(path.name)}.*.part"))
    partial, lock = held(lambda: _reserve(path.with_name(f".{path.name}.{token_hex(4)}.part")))
    try:
        done = _fill(journal, wish, partial, move)
        if not over:
            _reserve(path)  # fails where somebody else was quicker
        partial.replace(path)
    except BaseException as error:
        partial.unlink(missing_ok=True)
        if isinstance(error, sqlite3.Error):  # of the file: the journal's own are told as JournalUnavailableError
            raise OSError(errno.EIO, str(error)) from error
        raise
    finally:
        os.close(lock)
    return Made(done, path.stat().st_size)


def _reserve(path: Path) -> Path:
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    return path


def _fill(journal: Journal, wish: Wish, path: Path, move: Callable[[int], None]) -> int:
    done = 0
    writer = _writer(wish, path, journal)
    try:
        for portion in lines(journal, wish.scope, Masks(journal.key, wish.opened)):
            writer.add(portion)
            done += len(portion)
            move(done)
        writer.end()
    finally:
        writer.close()
    return done


def _writer(wish: Wish, path: Path, journal: Journal) -> Writer:
    match wish.format:
        case Format.SQLITE:
            return SqliteWriter(path, _about(wish, journal), wish.zone)
        case Format.CSV:
            return CsvWriter(path, wish.zone, wish.words)
    return JsonWriter(path, _about(wish, journal))


def _about(wish: Wish, journal: Journal) -> dict[str, str]:
    scope = wish.scope
    now = journal.now()
    return {
        "what": "a copy of a part of the journal of Provodka",
        "client": wish.client,
        "person": "" if scope.person is None else str(scope.person),
        "since": "" if scope.since is None else scope.since.isoformat(),
        "until": (scope.until or now).isoformat(),
        "made_at": now.isoformat(),
        "masked": "no: personal data lie open" if wish.opened else "yes",
        "local_time": str(wish.zone),
        "left_out": "bodies as they were received, and files",
    }


def size_of(journal: Journal, scope: Scope) -> int:
    """How many events it would hold."""
    return journal.read(lambda c: extract.count(c, scope))
