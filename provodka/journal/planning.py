"""What the rules made of events: plans with their actions, and what was found by comparing with the mirror."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, update

from provodka.event import Event, new_event_id
from provodka.journal.connector_store import outdated, put_snapshots
from provodka.journal.inbox import add_events, event_row
from provodka.journal.records import WAIT, ActionState, EventState, NewAction, PlanRecord
from provodka.journal.schema import AT_ONCE, actions, events, plans
from provodka.journal.sql import insert_new
from provodka.payloads import CrmHint, EventType, LeadEvent, Person
from provodka.stores import Snapshot


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
