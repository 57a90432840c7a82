"""What happened with one person before, out of the events of their lane."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, and_, bindparam, case, not_, select

from provodka.event import load_payload
from provodka.journal import lanes
from provodka.journal.schema import events
from provodka.journal.sql import among
from provodka.payloads import EventType, Payload

MOST: Final = 1000
"""How many of the newest events are looked at; whoever has more is counted by these."""

_READ: Final = (
    EventType.CALL_FINISHED,
    EventType.CALL_MISSED,
    EventType.LEAD_STAGE_CHANGED,
    EventType.LEAD_WON,
    EventType.LEAD_LOST,
    EventType.TASK_COMPLETED,
    EventType.FORM_SUBMITTED,
)
_TYPES: Final = (*_READ, EventType.EMAIL_RECEIVED, EventType.MESSAGE_RECEIVED)
# in JSON the quotes of a letter's own text are escaped, so that this stands there only as the member
_NO_LETTER: Final = and_(
    events.c.type == EventType.EMAIL_RECEIVED.value, not_(events.c.payload.contains('"kind":"letter"'))
)
_PAYLOAD: Final = case((events.c.type.in_([kind.value for kind in _READ]), events.c.payload), else_=None)
_OF_LANES: Final = (
    select(events.c.type, events.c.channel, events.c.occurred_at, _PAYLOAD.label("payload"))
    .where(among(events.c.lane, "lanes"), events.c.type.in_([kind.value for kind in _TYPES]), not_(_NO_LETTER))
    .order_by(events.c.seq.desc())
    .limit(bindparam("most"))
)


@dataclass(frozen=True, slots=True)
class Happening:
    """An event of somebody's past; `payload` only of calls, forms, leads that moved and completed tasks."""

    type: EventType
    at: datetime
    payload: Payload | None
    channel: str = ""


def happenings(connection: Connection, identities: Sequence[str], most: int = MOST) -> list[Happening]:
    """Calls, letters that people wrote, messages, forms, moves of leads and completed tasks of these people;
    newest first."""
    found = sorted(set(lanes.lanes_of(connection, identities).values()))
    return list(_of_lanes(connection, found, most)) if found else []


def _of_lanes(connection: Connection, found: Sequence[int], most: int) -> Iterator[Happening]:
    for row in connection.execute(_OF_LANES, {"lanes": found, "most": most}):
        kind = EventType(row.type)
        yield Happening(kind, row.occurred_at, load_payload(kind, row.payload) if row.payload else None, row.channel)
