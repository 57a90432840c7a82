"""The engines of the journal: SQLite as embedded default, PostgreSQL by URL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoneFreeError
from sqlalchemy.pool import NullPool, QueuePool

from provodka.errors import JournalUnavailableError

_PATIENCE = 600  # seconds for another process that migrates a large journal


class Database:
    """Engines over one database: `writing` and `passing` for the one writer thread, `reading` for everybody else.

    What `passing` commits survives the death of any process, but is flushed to disk only by the next commit of
    `writing`: for what can be worked out again from what was flushed before it.

    On SQLite a writing transaction begins IMMEDIATE: a deferred one that reads first fails with "database is
    locked" as soon as another process has written meanwhile.
    """

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        if self.is_sqlite:
            self.writing = _sqlite(url, "BEGIN IMMEDIATE", pool_size=1)
            self.passing = _sqlite(url, "BEGIN IMMEDIATE", pool_size=1, synchronous="NORMAL")
            self.reading = _sqlite(url, "BEGIN", pool_size=4)
        else:
            full = self.url.set(drivername="postgresql+psycopg")
            self.writing = self.passing = self.reading = create_engine(
                full, pool_size=6, max_overflow=8, pool_pre_ping=True
            )

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @property
    def place(self) -> str:
        """Where it is, without the password."""
        return self.url.render_as_string(hide_password=True)

    def read(self) -> AbstractContextManager[Connection]:
        """A connection on a snapshot of its own. Raises JournalUnavailableError where there is none, or it is lost."""
        return connected(self.reading)

    def close(self) -> None:
        self.writing.dispose()
        self.passing.dispose()
        self.reading.dispose()


@contextmanager
def connected(engine: Engine) -> Iterator[Connection]:
    """A connection. Raises JournalUnavailableError where there is none, or it is lost."""
    try:
        with engine.connect() as connection:
            yield connection
    except SQLAlchemyError as error:
        if (away := unavailable(error)) is None:
            raise
        raise away from error


def unavailable(error: BaseException) -> JournalUnavailableError | None:
    """What to raise in place of an error that says that the database is away; None for any other error."""
    if isinstance(error, NoneFreeError):
        return JournalUnavailableError("every connection to the database is in use, and none came free in time")
    if isinstance(error, OperationalError) or (isinstance(error, DBAPIError) and error.connection_invalidated):
        return JournalUnavailableError(str(error.orig))
    return None


def read_only(url: str) -> Engine:
    """An engine over a journal that is there, whose connections can write nothing."""
    target = make_url(url)
    if target.get_backend_name() != "sqlite":
        engine = create_engine(target.set(drivername="postgresql+psycopg"), pool_size=1)
        return engine.execution_options(postgresql_readonly=True)
    file = f"file:{quote(str(Path(target.database or '').absolute()))}"
    return _sqlite(URL.create("sqlite", database=file, query={"mode": "ro", "uri": "true"}), "BEGIN", pool_size=1)


def _sqlite(url: str | URL, begin: str, *, pool_size: int, synchronous: str = "FULL") -> Engine:
    in_memory = make_url(url).database in (None, "", ":memory:")
    if in_memory:
        raise ValueError("the journal needs a file: an in-memory SQLite would lose what was accepted")
    engine = create_engine(url, poolclass=QueuePool, pool_size=pool_size, max_overflow=24, connect_args={"timeout": 10})

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: Any) -> None:  # noqa: ANN401
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={synchronous}",
            "busy_timeout=10000",
            "temp_store=MEMORY",
            "cache_size=-1000",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    # the dialect's own place for it: a listener that sends BEGIN costs more than the statement, at every transaction
    engine.dialect.do_begin = lambda dbapi_connection: _execute(dbapi_connection, begin)  # type: ignore[method-assign]
    return engine


def _execute(connection: DBAPIConnection, statement: str) -> None:
    cast("sqlite3.Connection", connection).execute(statement)


def throwaway(url: str) -> Engine:
    """An engine without a pool, for the migrations. On SQLite it begins no transaction by itself: Python's driver would
    begin one behind the first tables that a migration makes, and leave those behind when it is cut off."""
    target = make_url(url)
    if target.get_backend_name() == "sqlite":
        return create_engine(target, poolclass=NullPool, connect_args={"isolation_level": None, "timeout": _PATIENCE})
    return create_engine(target.set(drivername="postgresql+psycopg"), poolclass=NullPool)
