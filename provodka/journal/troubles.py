"""Troubles: what holds a part of the house back. The same trouble said a thousand times is one row and one alert."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, select, update

from provodka.journal.records import Trouble
from provodka.journal.schema import past_troubles, troubles
from provodka.journal.sql import upsert

_KEPT: Final = timedelta(days=90)


def report(connection: Connection, name: str, cause: str, cure: str, now: datetime, times: int = 1) -> bool:
    """Open or repeat a trouble; true when it is new, so that it is to be alerted."""
    row = connection.execute(select(troubles).where(troubles.c.name == name)).first()
    if row is not None and row.ended_at is None:
        values = {"cause": cause, "cure": cure, "last_at": now, "times": row.times + times}
        connection.execute(update(troubles).where(troubles.c.name == name).values(**values))
        return False
    fresh = {"name": name, "cause": cause, "cure": cure, "since": now, "last_at": now, "times": times}
    fresh |= {"ended_at": None, "alerted": 0}
    changed = ("cause", "cure", "since", "last_at", "times", "ended_at", "alerted")
    connection.execute(upsert(connection, troubles, ("name",), changed), [fresh])
    return True


def end(connection: Connection, name: str, now: datetime) -> timedelta | None:
    """It works again; how long the trouble lasted, or none when there was none to end."""
    open_one = (troubles.c.name == name) & troubles.c.ended_at.is_(None)
    row = connection.execute(select(troubles).where(open_one)).first()
    if row is None:
        return None
    connection.execute(update(troubles).where(open_one).values(ended_at=now))
    _keep(connection, row, now)
    since: datetime = row.since
    return now - since


def _keep(connection: Connection, row: Row[Any], now: datetime) -> None:
    """Remember this time of it, and forget what was long ago."""
    past = {name: getattr(row, name) for name in ("name", "since", "last_at", "cause", "cure", "times")}
    changed = ("ended_at", "last_at", "cause", "cure", "times")
    connection.execute(upsert(connection, past_troubles, ("name", "since"), changed), [past | {"ended_at": now}])
    connection.execute(delete(past_troubles).where(past_troubles.c.ended_at < now - _KEPT))


def take_unalerted(connection: Connection) -> list[Trouble]:
    """Open troubles that nobody was told of yet; they count as told from now on."""
    query = select(troubles).where(troubles.c.alerted == 0, troubles.c.ended_at.is_(None)).with_for_update()
    found = [_trouble(row) for row in connection.execute(query)]
    if found:
        names = [t.name for t in found]
        connection.execute(update(troubles).where(troubles.c.name.in_(names)).values(alerted=1))
    return found


def all_troubles(connection: Connection, *, opened: bool) -> Sequence[Trouble]:
    """Troubles, newest first; only open ones when asked so."""
    query = select(troubles).order_by(troubles.c.since.desc())
    if opened:
        query = query.where(troubles.c.ended_at.is_(None))
    return [_trouble(row) for row in connection.execute(query)]


def past(connection: Connection, most: int) -> list[Trouble]:
    """Those that are over, each time of each, the last ended first."""
    query = select(past_troubles).order_by(past_troubles.c.ended_at.desc(), past_troubles.c.name).limit(most)
    return [_trouble(row) for row in connection.execute(query)]


def times_since(connection: Connection, names: Collection[str], since: datetime) -> dict[str, int]:
    """How often each of these was opened since then and has ended."""
    mine = (past_troubles.c.name.in_(names), past_troubles.c.since >= since)
    query = select(past_troubles.c.name, func.count()).where(*mine).group_by(past_troubles.c.name)
    return {row[0]: row[1] for row in connection.execute(query)}


def _trouble(row: Row[Any]) -> Trouble:
    return Trouble(row.name, row.cause, row.cure, row.since, row.last_at, row.times, row.ended_at)
