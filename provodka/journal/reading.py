"""The journal for whoever only looks at it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from typing import Protocol, TypeVar

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import OperationalError

from provodka.errors import JournalUnavailableError
from provodka.journal.database import read_only
from provodka.journal.schema import meta

T = TypeVar("T")


class Readable(Protocol):
    """What may be asked of a journal, open for writing or not."""

    now: Callable[[], datetime]

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run a function of `provodka.journal.queries` on a snapshot of its own."""


class ReadOnlyJournal:
    """An existing journal at `url`. It is not migrated, and the database refuses whatever would write."""

    def __init__(self, url: str, now: Callable[[], datetime]) -> None:
        self._engine = read_only(url)
        self.now = now

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run a function of `provodka.journal.queries` on a snapshot of its own."""
        return read_from(self._engine, work)

    @cached_property
    def key(self) -> bytes:
        """The key of this journal for hashes of personal data."""
        kept: str = self.read(lambda c: c.execute(select(meta.c.value).where(meta.c.name == "key")).scalar_one())
        return bytes.fromhex(kept)


def read_from(engine: Engine, work: Callable[[Connection], T]) -> T:
    """Run it on a connection; raises JournalUnavailableError."""
    try:
        with engine.connect() as connection:
            return work(connection)
    except OperationalError as error:
        raise JournalUnavailableError(str(error.orig)) from error
