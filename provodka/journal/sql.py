"""The few statements that the two databases write differently."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, Connection, Insert, Table, and_, bindparam
from sqlalchemy.dialects import postgresql, sqlite

T = TypeVar("T")

_CHUNK = 400  # SQLite takes a limited number of bound values


def chunks(items: Sequence[T], size: int = _CHUNK) -> Iterator[Sequence[T]]:
    """The items in portions that fit into one IN (...)."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


@lru_cache(maxsize=256)  # building a statement costs more than its execution
def _insert_new(dialect: str, table: Table, key: tuple[str, ...]) -> Insert:
    statement: Insert = _insert(dialect, table).on_conflict_do_nothing(index_elements=key)
    return statement


@lru_cache(maxsize=256)
def _upsert(dialect: str, table: Table, key: tuple[str, ...], changed: tuple[str, ...]) -> Insert:
    statement = _insert(dialect, table)
    values = {name: statement.excluded[name] for name in changed}
    done: Insert = statement.on_conflict_do_update(index_elements=key, set_=values)
    return done


def _insert(dialect: str, table: Table) -> Any:  # noqa: ANN401 -- the two dialects share no base with these methods
    return (sqlite if dialect == "sqlite" else postgresql).insert(table)


def insert_new(connection: Connection, table: Table, key: tuple[str, ...]) -> Insert:
    """INSERT that leaves rows with a known key as they are."""
    return _insert_new(connection.dialect.name, table, key)


_ROWS_AT_ONCE: Final = 500  # SQLite takes 32,766 values in a statement


def insert_at_once(
    connection: Connection, table: Table, names: Sequence[str], key: Sequence[str], rows: Sequence[Sequence[object]]
) -> None:
    """Insert the rows whose key is new, all in one statement; the values as the driver takes them, in the order of the
    names.

    The driver lets other threads run at every row of an `executemany`; with a dozen webhooks being parsed at that
    moment the commit that they all wait for would take several times as long.
    """
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    one = f"({', '.join([mark] * len(names))})"
    into, unless = f"INSERT INTO {table.name} ({', '.join(names)})", f"ON CONFLICT ({', '.join(key)}) DO NOTHING"
    for part in chunks(rows, _ROWS_AT_ONCE):
        sql = f"{into} VALUES {', '.join([one] * len(part))} {unless}"  # our own names
        connection.exec_driver_sql(sql, tuple(value for row in part for value in row))


def upsert(connection: Connection, table: Table, key: tuple[str, ...], changed: tuple[str, ...]) -> Insert:
    """INSERT that replaces the `changed` columns of a row with a known key."""
    return _upsert(connection.dialect.name, table, key, changed)


_LAST_SIGN: Final = "\U0010ffff"


def begins(connection: Connection, column: ColumnElement[str], prefix: str) -> ColumnElement[bool]:
    """Whether a text begins so. SQLite finds such texts in an index only where its bounds are told; on PostgreSQL they
    would follow the rules of a language, and LIKE takes the index that is made for it."""
    alike = column.startswith(prefix, autoescape=True)
    if connection.dialect.name != "sqlite":
        return alike
    return and_(column >= prefix, column < f"{prefix}{_LAST_SIGN}", alike)


def among(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """`column IN (...)` for a statement that is built once: the values are bound as a list under this name."""
    return column.in_(bindparam(name, expanding=True))
