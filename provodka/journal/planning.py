"""What the rules made of events: plans with their actions, and what was found by comparing with the mirror."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, select, update

from provodka.cards import TOLD
from provodka.event import Event, new_event_id
from provodka.journal import brakes, discipline, imported
from provodka.journal.connector_store import outdated, put_snapshots
from provodka.journal.firings import let_act
from provodka.journal.inbox import add_events, event_row
from provodka.journal.records import WAIT, ActionState, EventState, NewAction, PlanRecord
from provodka.journal.schema import AT_ONCE, actions, events, plans
from provodka.journal.sql import among, insert_new
from provodka.payloads import MIRRORED, AccountingHint, CrmHint, EventType, Person, card_of
from provodka.stores import Snapshot

# built once: SQLAlchemy takes longer to build such a statement than to execute it
_PLANNED: Final = (
    update(events)
    .where(among(events.c.seq, "numbers"))
    .values(state=EventState.PLANNED, planned_at=bindparam("now"), owner=None, lease_until=None, error=None)
)
_STORED: Final = select(events.c.seq).where(among(events.c.seq, "numbers"))
_HELD: Final = _STORED.where(events.c.owner == bindparam("by"), events.c.state == EventState.PLANNING)
_LAST_NUMBERS: Final = (
    select(plans.c.event_seq, func.max(plans.c.number))
    .where(among(plans.c.event_seq, "numbers"))
    .group_by(plans.c.event_seq)
)
_LANES: Final = select(events.c.seq, events.c.lane).where(among(events.c.seq, "numbers"))


def write_plans(connection: Connection, records: Sequence[PlanRecord], owner: str | None, now: datetime) -> None:
    """Store plans with their actions, and mark the events planned: all of it or nothing.

    With `owner`, only for events that this owner still holds; the others were taken over after its lease ran out. Of
    those nothing is kept, least of all the snapshots: they would hide the differences from who follows the hint next.
    """
    ours = _still_held(connection, records, owner)
    records = [r for r in records if r.cause != "event" or r.seq in ours]
    if not records:
        return
    current = _current_lanes(connection, records)
    records = let_act(connection, records, current, now)
    held = brakes.held_back(connection, records, current, now)
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
    action_rows = [_action_row(a, r, current.get(r.seq, r.lane), now, held) for r in records for a in r.actions]
    if action_rows:
        connection.execute(insert_new(connection, actions, ("key",)), action_rows)
    discipline.put(connection, [(r.seq, violation) for r in records for violation in r.violations])
    derived = [event_row(e) for r in records for e in compared(connection, r.derived, r.snapshots, now)]
    if derived:
        add_events(connection, derived)
    done = [r.seq for r in records if r.cause == "event"]
    if done:
        connection.execute(_PLANNED, {"numbers": done, "now": now})


def compared(
    connection: Connection,
    found: Sequence[Event],
    snapshots: Mapping[tuple[str, str], Sequence[Snapshot]],
    now: datetime,
) -> list[Event]:
    """Store the snapshots, and give the events that were found by them.

    Where the mirror is not any more what was compared with (we have written to that card meanwhile), both are void:
    they would tell of our own writing as somebody else's. Such a card is hinted at again, to be compared anew.
    """
    kept = list(found)
    for (system, kind), rows in snapshots.items():
        void = outdated(connection, system, kind, rows)
        put_snapshots(connection, system, kind, [row for row in rows if row.id not in void], {})
        if void:
            cards = {(kind, one) for one in void}
            kept = [e for e in kept if card_of(e.payload) not in cards]
            kept.append(_hint_again(system, [f"{MIRRORED}{kind}:{one}" for one in sorted(void)], now))
    return imported.marked(connection, kept)


def _hint_again(system: str, entities: Sequence[str], now: datetime) -> Event:
    id_ = new_event_id(now)
    sales = [one.removeprefix(f"{MIRRORED}{TOLD}:") for one in entities if one.startswith(f"{MIRRORED}{TOLD}:")]
    return Event(
        id=id_,
        type=EventType.ACCOUNTING_HINT if sales else EventType.CRM_HINT,
        channel=system,
        external_id=f"again:{id_}",
        occurred_at=now,
        received_at=now,
        person=Person(),
        payload=AccountingHint(tuple(f"sale:{one}" for one in sales)) if sales else CrmHint(tuple(entities)),
    )


def _still_held(connection: Connection, records: Sequence[PlanRecord], owner: str | None) -> set[int]:
    wanted = [r.seq for r in records if r.cause == "event"]
    if not wanted:
        return set()
    if owner is None:
        return set(connection.execute(_STORED, {"numbers": wanted}).scalars())
    return set(connection.execute(_HELD, {"numbers": wanted, "by": owner}).scalars())


def _next_numbers(connection: Connection, records: Sequence[PlanRecord]) -> dict[int, int]:
    wanted = sorted({r.seq for r in records})
    return dict.fromkeys(wanted, 0) | {row[0]: row[1] for row in connection.execute(_LAST_NUMBERS, {"numbers": wanted})}


def _current_lanes(connection: Connection, records: Sequence[PlanRecord]) -> dict[int, int]:
    """Lanes may have been joined since the events were claimed."""
    wanted = sorted({r.seq for r in records})
    return {r.seq: r.lane for r in connection.execute(_LANES, {"numbers": wanted}) if r.lane is not None}


def _action_row(
    action: NewAction, record: PlanRecord, lane: int, now: datetime, held: Container[str]
) -> dict[str, Any]:
    waits = action.kind == WAIT or action.needs is not None
    state = ActionState.HELD if action.key in held else ActionState.WAITING if waits else ActionState.READY
    return {
        "key": action.key,
        "event_seq": record.seq,
        "rule": action.rule,
        "kind": action.kind,
        "lane": None if action.kind == WAIT else lane,
        "priority": action.priority,
        "params": action.params,
        "needs": action.needs,
        "state": state,
        "not_before": action.due or AT_ONCE,
        "created_at": now,
    }
