"""Calls of a person as channels have told of them, for knowing one call from another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, bindparam, select

from provodka.calls import CallEvent, Sighting
from provodka.event import load_payload
from provodka.journal import lanes
from provodka.journal.records import EventState
from provodka.journal.schema import events
from provodka.journal.sql import among
from provodka.payloads import EventType

_BEFORE: Final = timedelta(minutes=30)
_AFTER: Final = timedelta(hours=12)  # longer than any talk: what ends a call happened at its end
_MOST: Final = 300
_SEEN: Final = (
    select(
        events.c.seq,
        events.c.id,
        events.c.type,
        events.c.channel,
        events.c.occurred_at,
        events.c.payload,
        events.c.state,
        events.c.planned_at,
    )
    .where(
        among(events.c.lane, "lanes"),
        among(events.c.type, "types"),
        events.c.occurred_at >= bindparam("since"),
        events.c.occurred_at <= bindparam("until"),
    )
    .order_by(events.c.seq)
    .limit(_MOST)
)


@dataclass(frozen=True, slots=True)
class SeenCall:
    """A `call.*` event of a person: `payload.utm` is what it tells of the visit."""

    seq: int
    event_id: str
    type: EventType
    payload: CallEvent
    sighting: Sighting
    state: EventState
    planned_at: datetime | None


def seen_calls(
    connection: Connection, identities: Sequence[str], types: Sequence[EventType], around: datetime
) -> list[SeenCall]:
    """The events of these types about these people whose calls may have begun around a moment, in their order."""
    found = sorted(set(lanes.lanes_of(connection, identities).values()))
    if not found:
        return []
    return list(_of_lanes(connection, found, types, around))


def _of_lanes(
    connection: Connection, found: Sequence[int], types: Sequence[EventType], around: datetime
) -> Iterator[SeenCall]:
    asked = {
        "lanes": found,
        "types": [kind.value for kind in types],
        "since": around - _BEFORE,
        "until": around + _AFTER,
    }
    for row in connection.execute(_SEEN, asked):
        kind = EventType(row.type)
        payload = load_payload(kind, row.payload)
        if isinstance(payload, CallEvent):
            began = payload.call.started_at or row.occurred_at
            sighting = Sighting(row.channel, payload.call, began)
            yield SeenCall(row.seq, row.id, kind, payload, sighting, EventState(row.state), row.planned_at)
