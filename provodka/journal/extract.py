"""The events of a person or of a stretch of time, read from the oldest on in portions, each on a snapshot of its own: a
copy of the whole journal keeps nobody from writing, and takes no more memory than a portion."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, func, literal_column, null, select

from provodka.journal import inbox, lanes, queries
from provodka.journal.records import StoredEvent
from provodka.journal.schema import events, links, microseconds
from provodka.journal.sql import chunks

_COLUMNS: Final = [null().label(one.name) if one is events.c.raw else one for one in events.c]  # bodies may be large
_KNOWN_BY: Final = ("phone:", "email:")
_IDENTITIES: Final = 10


@dataclass(frozen=True, slots=True)
class Scope:
    """What is wanted: the events of a lane (`person`), or all, received at `since` or later and before `until`."""

    person: int | None = None
    since: datetime | None = None
    until: datetime | None = None


def count(connection: Connection, scope: Scope) -> int:
    """How many there are, counted in an index; of a person those that were taken up for planning."""
    query = select(func.count()).select_from(events).where(*_bounds(scope, events.c.received_at))
    number: int = connection.execute(query).scalar_one()
    return number


def numbers(connection: Connection, scope: Scope) -> tuple[int, int] | None:
    """The numbers of the first and the last of them; None where there are none."""
    bounds = _bounds(scope, events.c.received_at)
    first, last = connection.execute(select(func.min(events.c.seq), func.max(events.c.seq)).where(*bounds)).one()
    return None if first is None else (first, last)


def portion(connection: Connection, scope: Scope, after: int, last: int, most: int) -> list[StoredEvent]:
    """The next of them, from behind a number up to and with another. `raw` is left out."""
    # the sign keeps SQLite from the index of the times, by which it would sort all of them for every portion
    received: ColumnElement[Any] = literal_column("+events.received_at")
    query: Select[Any] = select(*_COLUMNS).where(events.c.seq > after, events.c.seq <= last, *_bounds(scope, received))
    return [inbox.stored(row) for row in connection.execute(query.order_by(events.c.seq).limit(most))]


def waiting(connection: Connection, person: int) -> list[StoredEvent]:
    """Events that still lie in the inbox and name a phone or an email of this lane, oldest first."""
    known = lanes.identities_of(connection, [person])[person]
    wanted = [one for one in known if one.startswith(_KNOWN_BY)][:_IDENTITIES]
    found = {event.seq: event for one in wanted for event in queries.not_planned_yet(connection, one)}
    return [found[seq] for seq in sorted(found)]


def names_of(connection: Connection, wanted: Sequence[int]) -> dict[int, set[str]]:
    """Every name that somebody has been called by in the events of these lanes."""
    found: dict[int, set[str]] = {lane: set() for lane in wanted}
    for part in chunks(sorted(found)):
        query = select(events.c.lane, events.c.person).where(events.c.lane.in_(part)).distinct()
        for lane, person in connection.execute(query):
            found[lane].add(json.loads(person).get("name", ""))
    return {lane: names - {""} for lane, names in found.items()}


def made_by(connection: Connection, ids: Sequence[int]) -> dict[int, list[tuple[str, str, str]]]:
    """(system, kind, remote id) of what these actions have made, by action."""
    found: dict[int, list[tuple[str, str, str]]] = {}
    for part in chunks(list(ids)):
        query = select(links).where(links.c.action_id.in_(part)).order_by(links.c.at, links.c.remote_id)
        for row in connection.execute(query):
            found.setdefault(row.action_id, []).append((row.system, row.kind, row.remote_id))
    return found


def _bounds(scope: Scope, received: ColumnElement[Any]) -> list[ColumnElement[bool]]:
    bounds: list[ColumnElement[bool]] = []
    if scope.person is not None:
        bounds.append(events.c.lane == scope.person)
    if scope.since is not None:
        bounds.append(received >= literal_column(str(microseconds(scope.since))))
    if scope.until is not None:
        bounds.append(received < literal_column(str(microseconds(scope.until))))
    return bounds
