"""The few statements that the two databases write differently."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Insert, Table
from sqlalchemy.dialects import postgresql, sqlite

T = TypeVar("T")

_CHUNK = 400  # SQLite takes a limited number of bound values


def chunks(items: Sequence[T], size: int = _CHUNK) -> Iterator[Sequence[T]]:
    """The items in portions that fit into one IN (...)."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _insert(connection: Connection, table: Table) -> Any:  # noqa: ANN401 -- the two dialects share no base with these methods
    return (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(table)


def insert_new(connection: Connection, table: Table, key: Sequence[str]) -> Insert:
    """INSERT that leaves rows with a known key as they are."""
    statement: Insert = _insert(connection, table).on_conflict_do_nothing(index_elements=list(key))
    return statement


def upsert(connection: Connection, table: Table, key: Sequence[str], changed: Sequence[str]) -> Insert:
    """INSERT that replaces the `changed` columns of a row with a known key."""
    statement = _insert(connection, table)
    values = {name: statement.excluded[name] for name in changed}
    done: Insert = statement.on_conflict_do_update(index_elements=list(key), set_=values)
    return done
