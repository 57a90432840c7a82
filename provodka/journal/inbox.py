"""The inbox: events as they were accepted, and what the rules made of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, func, literal_column, or_, select, update

from provodka.event import Event, dump_payload, dump_person, load_payload, load_person, new_event_id
from provodka.journal import lanes
from provodka.journal.connector_store import outdated, put_snapshots
from provodka.journal.records import WAIT, ActionState, EventState, NewAction, PlanRecord, StoredEvent
from provodka.journal.schema import AT_ONCE, actions, blobs, cursors, events, identities, microseconds, parts, plans
from provodka.journal.sql import chunks, insert_new, upsert
from provodka.payloads import CrmHint, EventType, LeadEvent, Person
from provodka.stores import Snapshot


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
        "identities": json.dumps(event.identities, ensure_ascii=False),
        "state": EventState.RECEIVED.value,
        "not_before": AT_ONCE,
    }


def add_events(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Insert those that are new by (channel, external_id), all in one statement.

    The driver lets other threads run at every row of an `executemany`; with a dozen webhooks being parsed at that
    moment the commit that they all wait for would take several times as long.
    """
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    one = f"({', '.join([mark] * len(_ROW))})"
    for part in chunks(rows, _ROWS_AT_ONCE):
        values = ", ".join([one] * len(part))
        sql = f"INSERT INTO events ({', '.join(_ROW)}) VALUES {values} ON CONFLICT (channel, external_id) DO NOTHING"  # noqa: S608 -- our own names
        connection.exec_driver_sql(sql, tuple(_plain(row[name]) for row in part for name in _ROW))


_ROW: Final = (
    "id", "type", "channel", "external_id", "occurred_at", "received_at", "person", "payload", "raw", "identities",
    "state", "not_before",
)  # fmt: skip
_ROWS_AT_ONCE: Final = 500  # SQLite takes 32,766 values in a statement


def _plain(value: object) -> object:
    """A value as the driver takes it."""
    return microseconds(value) if isinstance(value, datetime) else value


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
        connection.execute(insert_new(connection, parts, ("channel", "key", "id")), list(part_rows))
    if cursor_values:
        values = [{"name": n, "value": v} for n, v in cursor_values.items()]
        connection.execute(upsert(connection, cursors, ("name",), ("value",)), values)
    if files:
        bodies = [{"sha256": hashlib.sha256(f).hexdigest(), "body": f} for f in files]
        connection.execute(insert_new(connection, blobs, ("sha256",)), bodies)


def claim(connection: Connection, owner: str, now: datetime, lease: timedelta, most: int) -> list[StoredEvent]:
    """Take up to `most` events for planning, oldest first, each with its lane.

    An event whose lane has an earlier event in planning elsewhere is left for the next time, so that one person's
    events are planned in their order.
    """
    ready = (
        select(events.c.seq)
        .where(events.c.state == literal_column("'received'"), events.c.not_before <= now)
        .order_by(events.c.seq)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    numbers = [row.seq for row in connection.execute(ready)]
    if not numbers:
        return []
    taken = (
        update(events)
        .where(events.c.seq.in_(numbers))
        .values(state=EventState.PLANNING, owner=owner, lease_until=now + lease, attempts=events.c.attempts + 1)
        .returning(*events.c)
    )
    rows = sorted(connection.execute(taken), key=lambda row: row.seq)
    groups = {row.seq: json.loads(row.identities) for row in rows}
    lane_of = lanes.join(connection, groups, now)
    busy = _planned_elsewhere(connection, set(lane_of.values()), owner)
    late = [row.seq for row in rows if lane_of[row.seq] in busy]
    if late:
        back = now + timedelta(milliseconds=50)
        values = {"state": EventState.RECEIVED, "not_before": back, "attempts": events.c.attempts - 1}
        connection.execute(update(events).where(events.c.seq.in_(late)).values(**values))
    kept = [row for row in rows if lane_of[row.seq] not in busy]
    if kept:
        named = update(events).where(events.c.seq == bindparam("number")).values(lane=bindparam("its_lane"))
        connection.execute(named, [{"number": row.seq, "its_lane": lane_of[row.seq]} for row in kept])
    return [stored(row, lane_of[row.seq]) for row in kept]


def _planned_elsewhere(connection: Connection, wanted: set[int], owner: str) -> set[int]:
    query = select(events.c.lane).where(
        events.c.state == literal_column("'planning'"), events.c.owner != owner, events.c.lane.in_(wanted)
    )
    return {row.lane for row in connection.execute(query)}


def stored(row: Row[Any], lane: int | None = None) -> StoredEvent:
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
        lane=row.lane if lane is None else lane,
        attempts=row.attempts,
        error=row.error or "",
        planned_at=row.planned_at,
    )


def write_plans(connection: Connection, records: Sequence[PlanRecord], owner: str | None, now: datetime) -> None:
    """Store plans with their actions, and mark the events planned: all of it or nothing.

    With `owner`, only for events that this owner still holds; the others were taken over after its lease ran out. Of
    those nothing is kept, least of all the snapshots: they would hide the differences from who follows the hint next.
    """
    held = _still_held(connection, records, owner)
    records = [r for r in records if r.cause != "event" or r.seq in held]
    if not records:
        return
    numbers = _next_numbers(connection, records)
    rows = []
    for record in records:
        numbers[record.seq] += 1
        rows.append(
            {
                "event_seq": record.seq,
                "number": numbers[record.seq],
                "at": now,
                "cause": record.cause,
                "trace": record.trace,
            }
        )
    connection.execute(plans.insert(), rows)
    current = _current_lanes(connection, records)
    action_rows = [_action_row(a, r, current.get(r.seq, r.lane), now) for r in records for a in r.actions]
    if action_rows:
        connection.execute(insert_new(connection, actions, ("key",)), action_rows)
    derived = [event_row(e) for r in records for e in compared(connection, r.derived, r.snapshots, now)]
    if derived:
        add_events(connection, derived)
    done = [r.seq for r in records if r.cause == "event"]
    if done:
        values = {"state": EventState.PLANNED, "planned_at": now, "owner": None, "lease_until": None, "error": None}
        connection.execute(update(events).where(events.c.seq.in_(done)).values(**values))


def compared(
    connection: Connection,
    found: Sequence[Event],
    snapshots: Mapping[tuple[str, str], Sequence[Snapshot]],
    now: datetime,
) -> list[Event]:
    """Store the snapshots, and give the events that were found by them.

    Where the mirror is not any more what was compared with (we have written to that lead meanwhile), both are void:
    they would tell of our own writing as somebody else's. Such a lead is hinted at again, to be compared anew.
    """
    kept = list(found)
    for (system, kind), rows in snapshots.items():
        void = outdated(connection, system, kind, rows)
        put_snapshots(connection, system, kind, [row for row in rows if row.id not in void], {})
        if void:
            kept = [e for e in kept if not (isinstance(e.payload, LeadEvent) and e.payload.lead.id in void)]
            kept.append(_hint_again(system, [f"{kind}:{one}" for one in sorted(void)], now))
    return kept


def _hint_again(system: str, entities: Sequence[str], now: datetime) -> Event:
    id_ = new_event_id(now)
    return Event(
        id=id_,
        type=EventType.CRM_HINT,
        channel=system,
        external_id=f"again:{id_}",
        occurred_at=now,
        received_at=now,
        person=Person(),
        payload=CrmHint(tuple(entities)),
    )


def _still_held(connection: Connection, records: Sequence[PlanRecord], owner: str | None) -> set[int]:
    wanted = [r.seq for r in records if r.cause == "event"]
    query = select(events.c.seq).where(events.c.seq.in_(wanted))
    if owner is not None:
        query = query.where(events.c.owner == owner, events.c.state == EventState.PLANNING)
    return {row.seq for row in connection.execute(query)} if wanted else set()


def _next_numbers(connection: Connection, records: Sequence[PlanRecord]) -> dict[int, int]:
    wanted = {r.seq for r in records}
    query = (
        select(plans.c.event_seq, func.max(plans.c.number))
        .where(plans.c.event_seq.in_(wanted))
        .group_by(plans.c.event_seq)
    )
    return dict.fromkeys(wanted, 0) | {row[0]: row[1] for row in connection.execute(query)}


def _current_lanes(connection: Connection, records: Sequence[PlanRecord]) -> dict[int, int]:
    """Lanes may have been joined since the events were claimed."""
    query = select(events.c.seq, events.c.lane).where(events.c.seq.in_({r.seq for r in records}))
    return {row.seq: row.lane for row in connection.execute(query) if row.lane is not None}


def _action_row(action: NewAction, record: PlanRecord, lane: int, now: datetime) -> dict[str, Any]:
    waits = action.kind == WAIT or action.needs is not None
    return {
        "key": action.key,
        "event_seq": record.seq,
        "rule": action.rule,
        "kind": action.kind,
        "lane": None if action.kind == WAIT else lane,
        "priority": action.priority,
        "params": action.params,
        "needs": action.needs,
        "state": ActionState.WAITING if waits else ActionState.READY,
        "not_before": action.due or AT_ONCE,
        "created_at": now,
    }


def put_back(connection: Connection, seq: int, not_before: datetime, error: str) -> None:
    """An event that could not be planned now (a fact could not be read): try again later."""
    values = {
        "state": EventState.RECEIVED,
        "not_before": not_before,
        "error": error,
        "owner": None,
        "lease_until": None,
    }
    connection.execute(update(events).where(events.c.seq == seq).values(**values))


def wake(connection: Connection, now: datetime) -> int:
    """End the pauses of events that were put back after an error."""
    paused = update(events).where(
        events.c.state == literal_column("'received'"), events.c.error.is_not(None), events.c.not_before > now
    )
    return connection.execute(paused.values(not_before=AT_ONCE)).rowcount


def fail(connection: Connection, seq: int, error: str) -> None:
    """An event that the rules cannot plan: it stays, marked, until it is replayed."""
    values = {"state": EventState.FAILED, "error": error, "owner": None, "lease_until": None}
    connection.execute(update(events).where(events.c.seq == seq).values(**values))


def extend(connection: Connection, owner: str, numbers: Sequence[int], until: datetime) -> None:
    """Keep the leases of events whose planning takes long."""
    held = events.c.seq.in_(numbers) & (events.c.owner == owner)
    connection.execute(update(events).where(held).values(lease_until=until))


def free_expired(connection: Connection, now: datetime, dead_owners: Sequence[str]) -> int:
    """Give back events whose planner died; planning has no side effect, so it is simply done again."""
    gone = or_(events.c.lease_until < now, events.c.owner.in_(dead_owners))
    freed = (
        update(events)
        .where(events.c.state == literal_column("'planning'"), gone)
        .values(state=EventState.RECEIVED, owner=None, lease_until=None)
    )
    return connection.execute(freed).rowcount


def due_timers(connection: Connection, owner: str, now: datetime, lease: timedelta, most: int) -> list[Row[Any]]:
    """Take timers that came due: rows of `actions` of the kind `wait`."""
    ready = (
        select(actions.c.id)
        .where(
            actions.c.state == literal_column("'waiting'"),
            actions.c.kind == literal_column("'wait'"),
            actions.c.not_before <= now,
        )
        .order_by(actions.c.not_before)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    taken = (
        update(actions)
        .where(actions.c.id.in_([row.id for row in connection.execute(ready)]))
        .values(state=ActionState.RUNNING, owner=owner, lease_until=now + lease, attempts=actions.c.attempts + 1)
        .returning(*actions.c)
    )
    return list(connection.execute(taken))


def settle_timer(connection: Connection, action_id: int, now: datetime, retry_at: datetime | None, error: str) -> None:
    """A timer's rule has been evaluated, or could not be and waits until `retry_at`."""
    values: dict[str, Any] = {"owner": None, "lease_until": None, "error": error or None}
    if retry_at is None:
        values |= {"state": ActionState.DONE, "finished_at": now}
    else:
        values |= {"state": ActionState.WAITING, "not_before": retry_at}
    connection.execute(update(actions).where(actions.c.id == action_id).values(**values))


def identities_in_lane(connection: Connection, lane: int) -> list[str]:
    """All that is known of a lane."""
    query = select(identities.c.identity).where(identities.c.lane == lane)
    return [row.identity for row in connection.execute(query)]


def owners(connection: Connection) -> list[str]:
    """Who holds events in planning."""
    query = (
        select(events.c.owner)
        .where(events.c.state == literal_column("'planning'"), events.c.owner.is_not(None))
        .distinct()
    )
    return [row.owner for row in connection.execute(query)]
