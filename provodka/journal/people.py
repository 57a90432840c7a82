"""The events of a person page by page, and those that need somebody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, literal_column, select

from provodka.event import dump_person, load_person
from provodka.journal import inbox
from provodka.journal.records import StoredEvent
from provodka.journal.schema import actions, events
from provodka.payloads import Person

_NAMELESS: Final = dump_person(Person()).decode().partition(",")[0]
"""How whoever has no name begins in the journal."""
_NEWEST_FIRST: Final = (events.c.seq + 0).desc()
"""Within a lane. By the number itself PostgreSQL goes back through all events where it expects one of the lane soon."""


@dataclass(frozen=True, slots=True)
class Newest:
    """Somebody by the last event of their lane. `person` is who it tells of, with what it does not know of them (a call
    has no name) from the last event that had a name."""

    lane: int
    event: StoredEvent
    person: Person


def newest_of(connection: Connection, lanes: Sequence[int]) -> list[Newest]:
    """These lanes by their last event, whoever was heard of last first."""
    found = [
        Newest(lane, event, _known(connection, lane, event.event.person))
        for lane in lanes
        for event in page_of(connection, lane, None, 1)
    ]
    return sorted(found, key=lambda one: -one.event.seq)


def _known(connection: Connection, lane: int, newest: Person) -> Person:
    if newest.name:
        return newest
    named = select(events.c.person).where(events.c.lane == lane, ~events.c.person.startswith(_NAMELESS))
    body = connection.execute(named.order_by(_NEWEST_FIRST).limit(1)).scalar_one_or_none()
    if body is None:
        return newest
    known = load_person(body)
    return Person(
        known.name,
        newest.phones or known.phones,
        newest.emails or known.emails,
        newest.messengers or known.messengers,
    )


def page_of(connection: Connection, lane: int, before: int | None, limit: int) -> list[StoredEvent]:
    """The events of a lane, newest first, from before a number."""
    numbers = select(events.c.seq).where(events.c.lane == lane).order_by(_NEWEST_FIRST).limit(limit)
    some = numbers if before is None else numbers.where(events.c.seq < before)
    rows = connection.execute(select(events).where(events.c.seq.in_(some)).order_by(events.c.seq.desc()))
    return [inbox.stored(row) for row in rows]


def broken_of(connection: Connection, lane: int, limit: int) -> list[StoredEvent]:
    """Those events of a lane that need a person: they failed, or something that they led to is dead."""
    dead = select(actions.c.event_seq).where(actions.c.lane == lane, actions.c.state == literal_column("'dead'"))
    failed = select(events.c.seq).where(events.c.lane == lane, events.c.state == literal_column("'failed'"))
    numbers = sorted({*connection.execute(dead).scalars(), *connection.execute(failed).scalars()}, reverse=True)[:limit]
    rows = connection.execute(select(events).where(events.c.seq.in_(numbers)).order_by(events.c.seq.desc()))
    return [inbox.stored(row) for row in rows]


def last_broken(connection: Connection, limit: int) -> list[StoredEvent]:
    """The last events that need a person."""
    dead = select(actions.c.event_seq).where(actions.c.state == literal_column("'dead'")).order_by(actions.c.id.desc())
    failed = select(events.c.seq).where(events.c.state == literal_column("'failed'")).order_by(events.c.seq.desc())
    found = [connection.execute(query.limit(limit * 4)).scalars() for query in (dead, failed)]
    numbers = sorted({seq for numbers in found for seq in numbers}, reverse=True)[:limit]
    rows = connection.execute(select(events).where(events.c.seq.in_(numbers)).order_by(events.c.seq.desc()))
    return [inbox.stored(row) for row in rows]
