"""Lanes: identities seen together are one person, and one person's actions run one after another.

A lane is named by the smallest event number that it has seen. Two lanes that turn out to be one person are joined:
the younger one's identities, events and actions move to the older.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, func, select, update

from provodka.journal.schema import actions, events, firings, identities
from provodka.journal.sql import among, chunks, upsert

_JOINING: Final = 20260102  # the name of the lock
# built once: SQLAlchemy takes longer to build a statement than to execute it
_MEMBERS: Final = (
    select(identities.c.lane, identities.c.identity)
    .where(among(identities.c.lane, "lanes"))
    .order_by(identities.c.seen_at.desc(), identities.c.identity.desc())
)
_LANES: Final = select(identities.c.identity, identities.c.lane).where(among(identities.c.identity, "wanted"))
_MOVES: Final = [
    update(table).where(table.c.lane == bindparam("gone")).values(lane=bindparam("kept"))
    for table in (identities, events, actions, firings)
]


def alone(connection: Connection) -> None:
    """Until the end of the transaction nobody else joins lanes.

    On PostgreSQL two planners would else, at the same moment, give two lanes to one person whom neither had seen
    before, and so two leads. SQLite has one writer anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_JOINING)))


def join(
    connection: Connection,
    groups: Mapping[int, Sequence[str]],
    now: datetime,
    if_known: Mapping[int, Sequence[str]] | None = None,
) -> dict[int, int]:
    """Bring each group of identities into one lane; the key is the lane to use when none is known yet.

    Those of `if_known` belong to the group of the same key where a lane has them already; else they are left alone.
    Returns the lane of every key. Runs inside the caller's transaction.
    """
    alone(connection)
    more = if_known or {}
    lane_of = _known(connection, {i for found in (groups, more) for group in found.values() for i in group})
    fresh: dict[str, int] = {}
    moved: dict[int, int] = {}
    result: dict[int, int] = {}
    for key, group in groups.items():
        found = {_follow(moved, lane_of[i]) for i in (*group, *more.get(key, ())) if i in lane_of}
        lane = min(found) if found else key
        for other in found - {lane}:
            moved[other] = lane
        for identity in group:
            if identity not in lane_of:
                fresh[identity] = lane
            lane_of[identity] = lane
        result[key] = lane
    for gone in moved:
        _move(connection, gone, _follow(moved, gone))
    if fresh:
        rows = [{"identity": i, "lane": _follow(moved, lane), "seen_at": now} for i, lane in fresh.items()]
        connection.execute(upsert(connection, identities, ("identity",), ("lane",)), rows)
    return {key: _follow(moved, lane) for key, lane in result.items()}


def identities_of(connection: Connection, lanes: Sequence[int]) -> dict[int, list[str]]:
    """Everything that is known of these lanes, newest first."""
    found: dict[int, list[str]] = {lane: [] for lane in lanes}
    for part in chunks(sorted(set(lanes))):
        for lane, identity in connection.execute(_MEMBERS, {"lanes": part}):
            found[lane].append(identity)
    return found


def lanes_of(connection: Connection, wanted: Sequence[str]) -> dict[str, int]:
    """The lane of each of these identities that is known."""
    return _known(connection, set(wanted))


def _known(connection: Connection, wanted: set[str]) -> dict[str, int]:
    known: dict[str, int] = {}
    for part in chunks(sorted(wanted)):
        known.update({row.identity: row.lane for row in connection.execute(_LANES, {"wanted": part})})
    return known


def _follow(moved: Mapping[int, int], lane: int) -> int:
    while lane in moved:
        lane = moved[lane]
    return lane


def _move(connection: Connection, gone: int, kept: int) -> None:
    for statement in _MOVES:
        connection.execute(statement, {"gone": gone, "kept": kept})
