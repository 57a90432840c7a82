"""The inbox: events as they were accepted, taken up for planning, put back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Table,
    and_,
    bindparam,
    case,
    delete,
    func,
    literal_column,
    not_,
    or_,
    select,
    update,
)

from provodka.event import Event, dump_payload, dump_person, load_payload, load_person
from provodka.journal import lanes, letters, naming, numbering, outbox
from provodka.journal.records import EventState, StoredEvent
from provodka.journal.schema import AT_ONCE, NOT_PLANNED, UNPLANNED, blobs, cursors, events, microseconds, parts
from provodka.journal.sql import among, insert_at_once, insert_new, upsert
from provodka.payloads import EventType
from provodka.payments import PARTS as PAYMENT_PARTS


def event_row(event: Event) -> dict[str, Any]:
    """An event as a row, made outside the transaction."""
    return {
        "id": event.id,
        "type": event.type.value,
        "channel": event.channel,
        "external_id": event.external_id,
        "occurred_at": event.occurred_at,
        "received_at": event.received_at,
        "person": dump_person(event.person).decode(),
        "payload": dump_payload(event.payload).decode(),
        "raw": event.raw or None,
        "identities": json.dumps([*event.identities, *letters.own_identity(event)], ensure_ascii=False),
        "state": EventState.RECEIVED.value,
        "not_before": AT_ONCE,
    }


def add_events(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Insert those that are new by (channel, external_id)."""
    _insert(connection, events, _EVENT, ("channel", "external_id"), rows)


def _insert(
    connection: Connection, table: Table, names: Sequence[str], key: Sequence[str], rows: Sequence[dict[str, Any]]
) -> None:
    insert_at_once(connection, table, names, key, [[_plain(row[name]) for name in names] for row in rows])


_EVENT: Final = (
    "id", "type", "channel", "external_id", "occurred_at", "received_at", "person", "payload", "raw", "identities",
    "state", "not_before",
)  # fmt: skip
_PIECE: Final = ("channel", "key", "id", "body", "at")


def _plain(value: object) -> object:
    """A value as the driver takes it."""
    return microseconds(value) if isinstance(value, datetime) else value


@dataclass(frozen=True, slots=True)
class Arrived:
    """What one delivery holds: rows of events, and of the pieces that belong to the same moment."""

    events: Sequence[dict[str, Any]]
    parts: Sequence[dict[str, Any]]


def add_arrived(connection: Connection, arrived: Sequence[Arrived]) -> None:
    """What came together, in one statement for the events and one for the pieces."""
    if rows := [row for one in arrived for row in one.events]:
        add_events(connection, rows)
    if pieces := [piece for one in arrived for piece in one.parts]:
        _insert(connection, parts, _PIECE, ("channel", "key", "id"), pieces)


def add_all(
    connection: Connection,
    rows: Sequence[dict[str, Any]],
    part_rows: Sequence[dict[str, Any]],
    cursor_values: Mapping[str, str],
    files: Sequence[bytes],
) -> None:
    """Events with the pieces, cursors and files that belong to the same moment."""
    if rows:
        add_events(connection, rows)
    if part_rows:
        _insert(connection, parts, _PIECE, ("channel", "key", "id"), part_rows)
    if cursor_values:
        values = [{"name": n, "value": v} for n, v in cursor_values.items()]
        connection.execute(upsert(connection, cursors, ("name",), ("value",)), values)
    if files:
        bodies = [{"sha256": hashlib.sha256(f).hexdigest(), "body": f} for f in files]
        connection.execute(insert_new(connection, blobs, ("sha256",)), bodies)


def forget_parts(connection: Connection, before: datetime) -> int:
    """Forget the pieces that came before a moment, but for those of payments; returns how many."""
    old = and_(parts.c.at < before, not_(parts.c.key.startswith(PAYMENT_PARTS, autoescape=True)))
    return connection.execute(delete(parts).where(old)).rowcount


# built once: SQLAlchemy takes longer to build such a statement than to execute it
_READY: Final = (
    select(events.c.seq)
    .where(UNPLANNED, events.c.state == literal_column("'received'"), events.c.not_before <= bindparam("now"))
    .order_by(events.c.seq)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_TAKEN: Final = (
    update(events)
    .where(among(events.c.seq, "numbers"))
    .values(
        state=EventState.PLANNING,
        owner=bindparam("by"),
        lease_until=bindparam("until"),
        attempts=events.c.attempts + 1,
    )
    .returning(*events.c)
)
_LATE: Final = (
    update(events)
    .where(events.c.seq == bindparam("number"))
    .values(
        state=EventState.RECEIVED,
        not_before=bindparam("back"),
        attempts=events.c.attempts - 1,
        lane=bindparam("its_lane"),
    )
)
_NAMED: Final = update(events).where(events.c.seq == bindparam("number")).values(lane=bindparam("its_lane"))
_AHEAD: Final = (
    select(
        events.c.lane,
        func.min(case((events.c.state == literal_column("'planning'"), literal_column("0")), else_=events.c.seq)),
    )
    .where(
        NOT_PLANNED,
        or_(
            and_(events.c.state == literal_column("'planning'"), events.c.owner != bindparam("by")),
            # left for the next time by whoever claimed it; one put back after an error lets the others pass
            and_(events.c.state == literal_column("'received'"), events.c.error.is_(None)),
        ),
        among(events.c.lane, "lanes"),
    )
    .group_by(events.c.lane)
)
_WAIT: Final = timedelta(milliseconds=50)
_PUT_BACK: Final = (
    select(events.c.lane, func.min(events.c.seq))
    .where(
        NOT_PLANNED,
        events.c.state == literal_column("'received'"),
        events.c.error.is_not(None),
        events.c.type.in_([literal_column(f"'{kind}'") for kind in letters.KINDS]),
        among(events.c.lane, "lanes"),
    )
    .group_by(events.c.lane)
)


def claim(connection: Connection, owner: str, now: datetime, lease: timedelta, most: int) -> list[StoredEvent]:
    """Take up to `most` events for planning, oldest first, each with its lane.

    An event whose lane is in planning elsewhere, or has an earlier event that was left, is left for the next time, so
    that one person's events are planned in their order. A letter besides waits for the lead of those before it.
    """
    lanes.alone(connection)
    numbers = [row.seq for row in connection.execute(_READY, {"now": now, "most": most})]
    if not numbers:
        return []
    taken = connection.execute(_TAKEN, {"numbers": numbers, "by": owner, "until": now + lease})
    rows = sorted(taken, key=lambda row: row.seq)
    taken_up = {row.seq: stored(row) for row in rows}
    groups = {row.seq: json.loads(row.identities) for row in rows}
    threads = {seq: letters.thread(found.event) for seq, found in taken_up.items()}
    lane_of = lanes.join(connection, groups, now, threads)
    found = connection.execute(_AHEAD, {"by": owner, "lanes": sorted(set(lane_of.values()))})
    ahead = {row[0]: row[1] for row in found}
    late = {row.seq for row in rows if row.seq > ahead.get(lane_of[row.seq], row.seq)}
    in_order = [taken_up[row.seq] for row in rows]
    of_letters = sorted({lane_of[one.seq] for one in in_order if letters.is_letter(one)})
    waiting = letters.later(in_order, lane_of, *_unsettled(connection, of_letters))
    late |= waiting
    if late:
        back = now + _WAIT * max(1, len(waiting) / 10)  # many of them must not be all that is ever looked at
        connection.execute(_LATE, [{"number": seq, "its_lane": lane_of[seq], "back": back} for seq in sorted(late)])
    kept = [row.seq for row in rows if row.seq not in late]
    if kept:
        connection.execute(_NAMED, [{"number": seq, "its_lane": lane_of[seq]} for seq in kept])
        _put_known_by(connection, [(lane_of[seq], taken_up[seq].event) for seq in kept])
    return [replace(taken_up[seq], lane=lane_of[seq]) for seq in kept]


def _put_known_by(connection: Connection, of_lanes: Sequence[tuple[int, Event]]) -> None:
    """Keep the names and numbers that these events, each with its lane, can be looked for by."""
    naming.put_names(connection, ((lane, event.person.name) for lane, event in of_lanes))
    told = ((lane, numbering.numbers_of(event.payload, event.external_id)) for lane, event in of_lanes)
    numbering.put_numbers(connection, ((lane, *one) for lane, numbers in told for one in numbers))


def _unsettled(connection: Connection, wanted: Sequence[int]) -> tuple[set[int], dict[int, int]]:
    """Of these lanes those in which an action that may bring a lead is under way; and the first letter of each that was
    put back after an error."""
    if not wanted:
        return set(), {}
    put_back = {row[0]: row[1] for row in connection.execute(_PUT_BACK, {"lanes": wanted})}
    return outbox.lanes_with_makers(connection, wanted), put_back


def stored(row: Row[Any]) -> StoredEvent:
    """A row as a record."""
    event = Event(
        id=row.id,
        type=EventType(row.type),
        channel=row.channel,
        external_id=row.external_id,
        occurred_at=row.occurred_at,
        received_at=row.received_at,
        person=load_person(row.person),
        payload=load_payload(EventType(row.type), row.payload),
        raw=row.raw or b"",
    )
    return StoredEvent(
        seq=row.seq,
        event=event,
        state=EventState(row.state),
        lane=row.lane,
        attempts=row.attempts,
        error=row.error or "",
        planned_at=row.planned_at,
    )


def put_back(connection: Connection, owner: str, seq: int, not_before: datetime, error: str) -> None:
    """An event that could not be planned now (a fact could not be read): try again later. Only one that this owner
    still holds: it may be planned already, and its plan would be made a second time."""
    values = {
        "state": EventState.RECEIVED,
        "not_before": not_before,
        "error": error,
        "owner": None,
        "lease_until": None,
    }
    connection.execute(update(events).where(*_held(owner, seq)).values(**values))


def wake(connection: Connection, now: datetime) -> int:
    """End the pauses of events that were put back after an error."""
    paused = update(events).where(
        UNPLANNED,
        events.c.state == literal_column("'received'"),
        events.c.error.is_not(None),
        events.c.not_before > now,
    )
    return connection.execute(paused.values(not_before=AT_ONCE)).rowcount


def fail(connection: Connection, owner: str, seq: int, error: str) -> None:
    """An event that the rules cannot plan: it stays, marked, until it is replayed. Only one that is still held."""
    values = {"state": EventState.FAILED, "error": error, "owner": None, "lease_until": None}
    connection.execute(update(events).where(*_held(owner, seq)).values(**values))


def _held(owner: str, seq: int) -> tuple[ColumnElement[bool], ...]:
    return events.c.seq == seq, events.c.owner == owner, events.c.state == EventState.PLANNING


def extend(connection: Connection, owner: str, numbers: Sequence[int], until: datetime) -> None:
    """Keep the leases of events whose planning takes long."""
    held = events.c.seq.in_(numbers) & (events.c.owner == owner)
    connection.execute(update(events).where(held).values(lease_until=until))


def free_expired(connection: Connection, now: datetime, dead_owners: Sequence[str]) -> int:
    """Give back events whose planner died; planning has no side effect, so it is simply done again."""
    gone = or_(events.c.lease_until < now, events.c.owner.in_(dead_owners))
    freed = (
        update(events)
        .where(UNPLANNED, events.c.state == literal_column("'planning'"), gone)
        .values(state=EventState.RECEIVED, owner=None, lease_until=None)
    )
    return connection.execute(freed).rowcount


def owners(connection: Connection) -> list[str]:
    """Who holds events in planning."""
    query = (
        select(events.c.owner)
        .where(UNPLANNED, events.c.state == literal_column("'planning'"), events.c.owner.is_not(None))
        .distinct()
    )
    return [row.owner for row in connection.execute(query)]
