"""Troubles: what holds a part of the house back. The same trouble said a thousand times is one row and one alert."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from provodka.journal.records import Trouble
from provodka.journal.schema import troubles
from provodka.journal.sql import upsert


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
    since: datetime | None = connection.execute(select(troubles.c.since).where(open_one)).scalar()
    if since is None:
        return None
    connection.execute(update(troubles).where(open_one).values(ended_at=now))
    return now - since


def take_unalerted(connection: Connection) -> list[Trouble]:
    """Open troubles that nobody was told of yet; they count as told from now on."""
    query = select(troubles).where(troubles.c.alerted == 0, troubles.c.ended_at.is_(None)).with_for_update()
    found = [
        Trouble(r.name, r.cause, r.cure, r.since, r.last_at, r.times, r.ended_at) for r in connection.execute(query)
    ]
    if found:
        names = [t.name for t in found]
        connection.execute(update(troubles).where(troubles.c.name.in_(names)).values(alerted=1))
    return found


def all_troubles(connection: Connection, *, opened: bool) -> Sequence[Trouble]:
    """Troubles, newest first; only open ones when asked so."""
    query = select(troubles).order_by(troubles.c.since.desc())
    if opened:
        query = query.where(troubles.c.ended_at.is_(None))
    return [
        Trouble(r.name, r.cause, r.cure, r.since, r.last_at, r.times, r.ended_at) for r in connection.execute(query)
    ]
