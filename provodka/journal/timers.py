"""Timers: actions of the kind `wait`, each of which lets a rule be read when its time has come."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, literal_column, select, update

from provodka.event import Event
from provodka.journal import inbox, lanes, planning
from provodka.journal.records import ActionState, PlanRecord, StoredEvent
from provodka.journal.schema import UNPLANNED, Moment, actions, events
from provodka.journal.sql import among, chunks
from provodka.payloads import EventType, lead_of

# built once: SQLAlchemy takes longer to build such a statement than to execute it
_DUE: Final = (
    select(actions.c.id)
    .where(
        actions.c.state == literal_column("'waiting'"),
        actions.c.kind == literal_column("'wait'"),
        actions.c.not_before <= bindparam("now"),
    )
    .order_by(actions.c.not_before)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_RUNNING: Final = (
    update(actions)
    .where(among(actions.c.id, "ids"))
    .values(
        state=ActionState.RUNNING,
        owner=bindparam("by"),
        lease_until=bindparam("until"),
        attempts=actions.c.attempts + 1,
    )
    .returning(*actions.c)
)
_SETTLE: Final = (
    update(actions)
    .where(actions.c.id == bindparam("of_timer"))
    .values(
        state=bindparam("b_state"),
        owner=None,
        lease_until=None,
        error=bindparam("b_error"),
        not_before=bindparam("b_not_before", type_=Moment),
        finished_at=bindparam("b_finished", type_=Moment),
    )
)
_HELD: Final = select(actions.c.id, actions.c.not_before).where(
    among(actions.c.id, "ids"), actions.c.owner == bindparam("by"), actions.c.state == ActionState.RUNNING
)


@dataclass(frozen=True, slots=True)
class SettledTimer:
    """What came of a timer: the plan of its rule, or none and the time in which it is to be tried again."""

    action_id: int
    record: PlanRecord | None = None
    retry_in: timedelta | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A timer that events of these types drop when they come after its own event and are about the same."""

    timer: int
    stored: StoredEvent
    kinds: tuple[EventType, ...]


def due(connection: Connection, owner: str, now: datetime, lease: timedelta, most: int) -> list[Row[Any]]:
    """Take timers that came due, the longest due first: rows of `actions`."""
    ids = [row.id for row in connection.execute(_DUE, {"now": now, "most": most})]
    rows: list[Row[Any]] = []
    for part in chunks(ids):
        rows += connection.execute(_RUNNING, {"ids": part, "by": owner, "until": now + lease})
    return sorted(rows, key=lambda row: (row.not_before, row.id))


def settle(connection: Connection, owner: str, settled: Sequence[SettledTimer], now: datetime) -> None:
    """Store the plans and close their timers; of those that somebody else has taken over, nothing is kept."""
    held: dict[int, datetime] = {}
    for part in chunks([one.action_id for one in settled]):
        held.update({row.id: row.not_before for row in connection.execute(_HELD, {"ids": part, "by": owner})})
    mine = [one for one in settled if one.action_id in held]
    if not mine:
        return
    planning.write_plans(connection, [one.record for one in mine if one.record is not None], None, now)
    connection.execute(_SETTLE, [_ending(one, held[one.action_id], now) for one in mine])


def _ending(one: SettledTimer, due_at: datetime, now: datetime) -> dict[str, Any]:
    again = one.retry_in is not None
    return {
        "of_timer": one.action_id,
        "b_state": ActionState.WAITING if again else ActionState.DONE,
        "b_error": one.error or None,
        "b_not_before": now + one.retry_in if one.retry_in is not None else due_at,
        "b_finished": None if again else now,
    }


_OWN_LANES: Final = select(events.c.seq, events.c.lane).where(among(events.c.seq, "numbers"))
_LATER: Final = (
    select(*events.c)
    .where(among(events.c.lane, "lanes"), among(events.c.type, "kinds"), events.c.seq > bindparam("after"))
    .order_by(events.c.seq)
)
_UNPLANNED: Final = (
    select(*events.c)
    .where(
        UNPLANNED,
        events.c.lane.is_(None),
        among(events.c.type, "kinds"),
    )
    .order_by(events.c.seq)
)


def dropped_by(connection: Connection, waiting: Sequence[Waiting]) -> dict[int, Event]:
    """By timer, the first event that drops it. One that has been accepted and not been planned yet counts as well."""
    kinds = sorted({kind.value for one in waiting for kind in one.kinds})
    lane_of: dict[int, int] = {}
    for part in chunks(sorted({one.stored.seq for one in waiting})):
        lane_of.update({row.seq: row.lane for row in connection.execute(_OWN_LANES, {"numbers": part})})
    later: dict[int, list[StoredEvent]] = {}
    first = min(one.stored.seq for one in waiting)
    for part in chunks(sorted(set(lane_of.values()))):
        for row in connection.execute(_LATER, {"lanes": part, "kinds": kinds, "after": first}):
            later.setdefault(row.lane, []).append(inbox.stored(row))
    fresh = connection.execute(_UNPLANNED, {"kinds": kinds}).all()
    if fresh:
        for lane, found in _of_lanes(connection, fresh, set(lane_of.values())):
            later.setdefault(lane, []).append(found)
    drops = ((one.timer, _first_drop(one, later.get(lane_of.get(one.stored.seq, 0), ()))) for one in waiting)
    return {timer: event for timer, event in drops if event is not None}


def _of_lanes(connection: Connection, rows: Sequence[Row[Any]], wanted: set[int]) -> Iterable[tuple[int, StoredEvent]]:
    """Those of the events not planned yet that will come into one of these lanes, by what is known of them now."""
    known = lanes.lanes_of(connection, list({i for row in rows for i in json.loads(row.identities)}))
    for row in rows:
        for lane in {known[i] for i in json.loads(row.identities) if i in known} & wanted:
            yield lane, inbox.stored(row)


def _first_drop(one: Waiting, later: Iterable[StoredEvent]) -> Event | None:
    """A CRM tells times in whole seconds, so that the second in which the waiting began counts as after it."""
    own, lead = one.stored.event, lead_of(one.stored.event.payload)
    begun = own.occurred_at.replace(microsecond=0)
    for found in later:
        event = found.event
        if found.seq <= one.stored.seq or event.type not in one.kinds or event.occurred_at < begun:
            continue
        other = lead_of(event.payload)
        if lead is None or other is None or lead.id == other.id:
            return event
    return None
