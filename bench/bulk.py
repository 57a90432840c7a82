"""Rows by the million into the tables of a journal, faster than the journal itself would take them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, Protocol, Self

import psycopg
from psycopg import sql
from sqlalchemy import make_url


class Bulk(Protocol):
    """Takes rows as the database holds them. All is kept at the end of the `with`."""

    def put(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Rows of a table, in the order of these columns."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


def bulk(url: str) -> Bulk:
    """Into the journal at this address, which nobody else has open."""
    target = make_url(url)
    return _Sqlite(str(target.database)) if target.get_backend_name() == "sqlite" else _Postgres(url)


class _Sqlite:
    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)

    def put(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        marks = ", ".join("?" * len(columns))
        self._connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)  # our names

    def __enter__(self) -> Self:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-1000000"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute("BEGIN")
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.execute("COMMIT")
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.close()


class _Postgres:
    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)

    def put(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        into = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
        with self._connection.cursor() as cursor, cursor.copy(into) as copy:
            for row in rows:
                copy.write_row(row)

    def __enter__(self) -> Self:
        self._connection.execute("SET synchronous_commit = off")
        return self

    def __exit__(self, *_: object) -> None:
        for table, key in (("events", "seq"), ("actions", "id"), ("audit", "id")):
            if self._connection.execute("SELECT to_regclass(%s)", (table,)).fetchone() != (None,):
                counted = f"SELECT setval(pg_get_serial_sequence('{table}', '{key}'), max({key}) + 1) FROM {table}"
                self._connection.execute(counted)  # our own names
        self._connection.execute("VACUUM ANALYZE")  # as the server does by itself in time
        self._connection.close()
