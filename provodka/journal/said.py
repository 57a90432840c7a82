"""What was said in the talks of one person, out of the events of their lane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, func, select

from provodka.event import load_payload
from provodka.journal import lanes
from provodka.journal.schema import events
from provodka.journal.sql import among
from provodka.payloads import EventType, MessageEvent, ReplyWritten

MOST: Final = 200
"""How many of the newest lines are looked at: a burst is shorter."""

_LINES: Final = (EventType.MESSAGE_RECEIVED, EventType.MESSAGE_SENT, EventType.REPLY_WRITTEN)
_OF_LANES: Final = (
    select(events.c.id, events.c.type, events.c.channel, events.c.occurred_at, events.c.payload)
    .where(among(events.c.lane, "lanes"), events.c.type.in_([kind.value for kind in _LINES]))
    .order_by(events.c.seq.desc())
    .limit(bindparam("most"))
)
_COUNTED: Final = select(func.count()).where(
    among(events.c.lane, "lanes"),
    events.c.type == EventType.MESSAGE_RECEIVED.value,
    events.c.channel == bindparam("of_channel"),
)


_LAST: Final = select(func.max(events.c.occurred_at)).where(
    among(events.c.lane, "lanes"),
    events.c.type == EventType.MESSAGE_RECEIVED.value,
    events.c.channel == bindparam("of_channel"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a talk: of the client, or (`ours`) of the staff, wherever they wrote it. `chat` is the messenger's,
    `channel` the one that the talk belongs to."""

    event_id: str
    at: datetime
    channel: str
    chat: str
    ours: bool
    text: str = ""
    service: str = ""


def lines(connection: Connection, identities: Sequence[str], most: int = MOST) -> list[Line]:
    """The lines of these people's talks, newest first."""
    found = sorted(set(lanes.lanes_of(connection, identities).values()))
    read = []
    for row in connection.execute(_OF_LANES, {"lanes": found, "most": most}) if found else ():
        kind = EventType(row.type)
        payload = load_payload(kind, row.payload)
        if isinstance(payload, MessageEvent):
            message, ours = payload.message, kind is EventType.MESSAGE_SENT
            line = Line(row.id, row.occurred_at, row.channel, message.chat, ours, message.text, message.service)
            read.append(line)
        elif isinstance(payload, ReplyWritten):
            reply = payload.reply
            read.append(Line(row.id, row.occurred_at, reply.source, reply.chat_id, True, reply.text))
    return read


def received(connection: Connection, identities: Sequence[str], channel: str) -> int:
    """How many messages these people have written to this channel."""
    found = sorted(set(lanes.lanes_of(connection, identities).values()))
    if not found:
        return 0
    return int(connection.execute(_COUNTED, {"lanes": found, "of_channel": channel}).scalar_one())


def last_received(connection: Connection, identities: Sequence[str], channel: str) -> datetime | None:
    """When these people last wrote to this channel."""
    found = sorted(set(lanes.lanes_of(connection, identities).values()))
    if not found:
        return None
    last: datetime | None = connection.execute(_LAST, {"lanes": found, "of_channel": channel}).scalar_one()
    return last
