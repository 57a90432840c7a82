"""Violations of guards: who broke which, how often. Written with the plan that found them, once for each event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, func, select

from provodka.journal.records import NewViolation
from provodka.journal.schema import events, violations
from provodka.journal.sql import insert_new

MOST: Final = 1000


@dataclass(frozen=True, slots=True)
class Tally:
    """How often somebody broke a guard, and when last."""

    person: str
    guard: str
    times: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class StoredViolation:
    """One violation, with the event that showed it; `lead` is empty where there was none."""

    at: datetime
    guard: str
    person: str
    rule: str
    lead: str
    event: str


def put(connection: Connection, found: Sequence[tuple[int, NewViolation]]) -> None:
    """Keep what was found of events (by number). What an event has shown before is not counted again."""
    rows = [
        {"event_seq": seq, "guard": v.guard, "rule": v.rule, "person": v.person, "lead": v.lead, "at": v.at}
        for seq, v in found
    ]
    if rows:
        connection.execute(insert_new(connection, violations, ("event_seq", "guard")), rows)


def tallies(connection: Connection, since: datetime, *, person: str = "", guard: str = "") -> list[Tally]:
    """By person and guard, the most frequent first."""
    times = func.count().label("times")
    query = select(violations.c.person, violations.c.guard, times, func.max(violations.c.at).label("last_at"))
    query = _wanted(query, since, person, guard).group_by(violations.c.person, violations.c.guard)
    rows = connection.execute(query.order_by(times.desc(), violations.c.person, violations.c.guard))
    return [Tally(row.person, row.guard, row.times, row.last_at) for row in rows]


def listed(
    connection: Connection, since: datetime, *, person: str = "", guard: str = "", limit: int = MOST
) -> list[StoredViolation]:
    """Each of them, newest first."""
    query = select(violations, events.c.id.label("event")).join(events, events.c.seq == violations.c.event_seq)
    query = _wanted(query, since, person, guard).order_by(violations.c.at.desc(), violations.c.event_seq.desc())
    return [_stored(row) for row in connection.execute(query.limit(limit))]


def _wanted(query: Any, since: datetime, person: str, guard: str) -> Any:  # noqa: ANN401 -- a statement of any columns
    query = query.where(violations.c.at >= since)
    if person:
        query = query.where(violations.c.person == person)
    return query.where(violations.c.guard == guard) if guard else query


def _stored(row: Row[Any]) -> StoredViolation:
    return StoredViolation(row.at, row.guard, row.person, row.rule, row.lead, row.event)
