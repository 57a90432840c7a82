"""The same letter in several mailboxes: who was told of it first, and which rules have acted on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, select

from provodka.event import Event
from provodka.journal import lanes, letters
from provodka.journal.records import EventState
from provodka.journal.schema import actions, events
from provodka.journal.sql import among
from provodka.payloads import EventType

MAIL: Final = (EventType.EMAIL_RECEIVED, EventType.EMAIL_SENT)

_COPIES: Final = (
    select(events.c.seq, events.c.id, events.c.type, events.c.channel, events.c.state, events.c.planned_at)
    .where(
        among(events.c.lane, "lanes"),
        events.c.external_id == bindparam("key"),
        among(events.c.type, "types"),
    )
    .order_by(events.c.seq)
)
_ACTED: Final = select(actions.c.rule).where(among(actions.c.event_seq, "numbers")).distinct()


@dataclass(frozen=True, slots=True)
class EarlierCopy:
    """The first event that told of a letter, and the rules that have acted on any of its copies, in order."""

    event_id: str
    type: EventType
    channel: str
    rules: tuple[str, ...]


def earlier_copy(connection: Connection, event: Event) -> EarlierCopy | None:
    """Of a letter that other mailboxes have told of before this one; None for any other event.

    Before is what was planned before, as numbers may be committed in another order. Copies of one letter are in one
    lane and never claimed together, so that of two there is always a first.
    """
    if event.type not in MAIL:
        return None
    found = lanes.lanes_of(connection, [*event.identities, *letters.own_identity(event)])
    asked = {"lanes": sorted(set(found.values())), "key": event.external_id, "types": [one.value for one in MAIL]}
    rows = connection.execute(_COPIES, asked).all() if found else []
    own = next((row for row in rows if row.id == event.id), None)
    planned = [row for row in rows if row.id != event.id and row.state == EventState.PLANNED]
    if own is not None and own.planned_at is not None:  # it is planned again
        planned = [row for row in planned if (row.planned_at, row.seq) < (own.planned_at, own.seq)]
    if not planned:
        return None
    first = min(planned, key=lambda row: (row.planned_at, row.seq))
    acted = connection.execute(_ACTED, {"numbers": [row.seq for row in planned]})
    return EarlierCopy(first.id, EventType(first.type), first.channel, tuple(sorted(row.rule for row in acted)))
