"""Forms of a person that a channel has brought, for knowing a repeat from a further request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, bindparam, select

from provodka.event import Event
from provodka.journal import inbox, lanes
from provodka.journal.records import EventState
from provodka.journal.schema import events
from provodka.journal.sql import among
from provodka.payloads import EventType

_MOST: Final = 100
_SEEN: Final = (
    select(events)
    .where(
        among(events.c.lane, "lanes"),
        events.c.type == EventType.FORM_SUBMITTED.value,
        events.c.channel == bindparam("channel"),
        events.c.received_at >= bindparam("since"),
        events.c.received_at <= bindparam("until"),
    )
    .order_by(events.c.seq.desc())
    .limit(_MOST)
)


@dataclass(frozen=True, slots=True)
class SeenForm:
    """A `form.submitted` event, and how far it has come."""

    seq: int
    event: Event
    state: EventState
    planned_at: datetime | None


def seen_forms(
    connection: Connection, channel: str, identities: Sequence[str], at: datetime, around: timedelta
) -> list[SeenForm]:
    """The forms of these people by this channel that were received around a moment; the newest hundred."""
    found = sorted(set(lanes.lanes_of(connection, identities).values()))
    if not found:
        return []
    asked = {"lanes": found, "channel": channel, "since": at - around, "until": at + around}
    rows = [inbox.stored(row) for row in connection.execute(_SEEN, asked)]
    return [SeenForm(one.seq, one.event, one.state, one.planned_at) for one in rows]
