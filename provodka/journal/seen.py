"""What the journal has seen that may tell the same as an event: calls and forms of its people, copies of its letter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, null, select

from provodka.event import Event
from provodka.journal import inbox, lanes, letters
from provodka.journal.records import StoredEvent
from provodka.journal.schema import actions, events
from provodka.journal.sql import among
from provodka.payloads import EventType

_BEFORE: Final = timedelta(minutes=30)
_AFTER: Final = timedelta(hours=12)  # longer than any talk: what ends a call happened at its end
_MOST: Final = 300
_COLUMNS: Final = [null().label(one.name) if one is events.c.raw else one for one in events.c]  # bodies may be large


def _of_lanes(*conditions: ColumnElement[bool]) -> Select[Any]:
    wanted = (among(events.c.lane, "lanes"), among(events.c.type, "types"), *conditions)
    return select(*_COLUMNS).where(*wanted).order_by(events.c.seq.desc()).limit(_MOST)


_CALLS: Final = _of_lanes(events.c.occurred_at.between(bindparam("since"), bindparam("until")))
_FORMS: Final = _of_lanes(
    events.c.channel == bindparam("channel"),
    events.c.received_at.between(bindparam("since"), bindparam("until")),
)
# without the channel, whose index SQLite would take for many lanes
_FORMS_TOGETHER: Final = _of_lanes(events.c.received_at.between(bindparam("since"), bindparam("until")))
_COPIES: Final = _of_lanes(events.c.external_id == bindparam("key"))
_ACTED: Final = select(actions.c.rule).where(among(actions.c.event_seq, "numbers")).distinct()


def calls(
    connection: Connection, identities: Sequence[str], types: Sequence[EventType], around: datetime
) -> list[StoredEvent]:
    """The events of these types about these people whose calls may have begun around a moment."""
    return _read(connection, _CALLS, identities, types, since=around - _BEFORE, until=around + _AFTER)


def forms(connection: Connection, event: Event, around: timedelta) -> list[StoredEvent]:
    """The forms that the event's person has sent by its channel, received at most so long before or after it."""
    since, until = event.received_at - around, event.received_at + around
    return _read(connection, _FORMS, event.identities, [event.type], channel=event.channel, since=since, until=until)


def forms_together(
    connection: Connection, batch: Sequence[StoredEvent], around: timedelta
) -> Mapping[str, Sequence[Row[Any]]]:
    """What `forms` reads, for many claimed events by one statement; by event id, as rows (`inbox.stored`).

    An event is left out whose lane has been joined with another since, and all are where there is too much to read.
    """
    moments = [one.event.received_at for one in batch]
    asked = {
        "lanes": sorted({one.lane for one in batch if one.lane is not None}),
        "types": sorted({one.event.type.value for one in batch}),
        "since": min(moments) - around,
        "until": max(moments) + around,
    }
    rows = connection.execute(_FORMS_TOGETHER, asked).all()
    if len(rows) == _MOST:
        return {}
    of: dict[tuple[int, str, str], list[Row[Any]]] = {}
    for row in reversed(rows):
        of.setdefault((row.lane, row.channel, row.type), []).append(row)
    found: dict[str, Sequence[Row[Any]]] = {}
    for one in batch:
        event = one.event
        near = [
            row
            for row in of.get((one.lane or 0, event.channel, event.type.value), ())
            if abs(row.received_at - event.received_at) <= around
        ]
        if any(row.id == event.id for row in near):
            found[event.id] = near
    return found


def copies(connection: Connection, event: Event, types: Sequence[EventType]) -> list[StoredEvent]:
    """The events of these types that mailboxes have made of the event's letter."""
    people = [*event.identities, *letters.own_identity(event)]
    return _read(connection, _COPIES, people, types, key=event.external_id)


def rules_that_acted(connection: Connection, numbers: Sequence[int]) -> tuple[str, ...]:
    """The rules that have planned an action of any of these events, in order."""
    return tuple(sorted(row.rule for row in connection.execute(_ACTED, {"numbers": list(numbers)})))


def _read(
    connection: Connection,
    query: Select[Any],
    identities: Sequence[str],
    types: Sequence[EventType],
    **asked: object,
) -> list[StoredEvent]:
    """In the order in which they were accepted; the newest of very many. `raw` is left out."""
    found = sorted(set(lanes.lanes_of(connection, identities).values()))
    if not found:
        return []
    rows = connection.execute(query, {"lanes": found, "types": [one.value for one in types], **asked})
    return [inbox.stored(row) for row in rows][::-1]
