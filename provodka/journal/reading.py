"""The journal for whoever only looks at it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from typing import Protocol, TypeVar

from sqlalchemy import Connection, select

from provodka.journal.database import connected, read_only
from provodka.journal.schema import meta

T = TypeVar("T")


class Readable(Protocol):
    """What may be asked of a journal, open for writing or not."""

    now: Callable[[], datetime]

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run a function of `provodka.journal.queries` on a snapshot of its own. Raises JournalUnavailableError."""


class ReadOnlyJournal:
    """An existing journal at `url`. It is not migrated, and the database refuses whatever would write."""

    def __init__(self, url: str, now: Callable[[], datetime]) -> None:
        self._engine = read_only(url)
        self.now = now

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def read(self, work: Callable[[Connection], T]) -> T:
        """As `Readable` says."""
        with connected(self._engine) as connection:
            return work(connection)

    @cached_property
    def key(self) -> bytes:
        """The key of this journal for hashes of personal data."""
        kept: str = self.read(lambda c: c.execute(select(meta.c.value).where(meta.c.name == "key")).scalar_one())
        return bytes.fromhex(kept)
