"""What happened in a stretch of time, for figures: events of some types, and which event a lead came from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, bindparam, select

from provodka.event import load_payload
from provodka.journal.schema import actions, events, links
from provodka.journal.sql import among, chunks
from provodka.payloads import EventType, Payload

_BETWEEN: Final = (
    select(events.c.seq)
    .where(
        events.c.received_at >= bindparam("since"),
        events.c.received_at < bindparam("until"),
        events.c.type.in_(bindparam("types", expanding=True)),
    )
    .order_by(events.c.occurred_at, events.c.seq)
)
_THESE: Final = (
    select(events.c.id, events.c.type, events.c.lane, events.c.channel, events.c.occurred_at, events.c.payload)
    .where(among(events.c.seq, "numbers"))
    .order_by(events.c.occurred_at, events.c.seq)
)
_NTH_NEWEST: Final = (
    select(events.c.received_at)
    .where(events.c.received_at >= bindparam("since"), events.c.received_at < bindparam("until"))
    .order_by(events.c.received_at.desc())
    .offset(bindparam("most"))
    .limit(1)
)
_CAME_FROM: Final = (
    select(links.c.remote_id, events.c.channel, events.c.payload)
    .join(actions, actions.c.id == links.c.action_id)
    .join(events, events.c.seq == actions.c.event_seq)
    .where(links.c.kind == "lead", among(links.c.remote_id, "ids"))
)


@dataclass(frozen=True, slots=True)
class Happening:
    """An event as figures see it; `lane` is empty for one that is not planned yet."""

    type: EventType
    lane: int | None
    at: datetime
    payload: Payload
    channel: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a lead of ours came from: the channel of the event, and its advertising source (`utm.source`), if any;
    whether the event was a row of an import."""

    channel: str
    source: str = ""
    imported: bool = False


def between(
    connection: Connection, since: datetime, until: datetime, types: Sequence[EventType]
) -> Iterator[Happening]:
    """The events that came in this time, the earliest first; read by pages."""
    asked = {"since": since, "until": until, "types": [kind.value for kind in types]}
    # the numbers first: a database that puts whole rows into their order keeps all of them in memory
    numbers = connection.execute(_BETWEEN, asked).scalars().all()
    for part in chunks(numbers):
        for row in connection.execute(_THESE, {"numbers": part}):
            kind = EventType(row.type)
            yield Happening(kind, row.lane, row.occurred_at, load_payload(kind, row.payload), row.channel, row.id)


def newest_since(connection: Connection, since: datetime, until: datetime, most: int) -> datetime:
    """From when on no more than so many events came in this time: `since` itself where they are few. By an index."""
    first_too_many = connection.execute(_NTH_NEWEST, {"since": since, "until": until, "most": most}).scalar()
    return since if first_too_many is None else first_too_many + timedelta(microseconds=1)


def origins(connection: Connection, lead_ids: Sequence[str]) -> dict[str, Origin]:
    """By lead id, where those came from that we made; the others are absent."""
    found: dict[str, Origin] = {}
    for part in chunks(list(lead_ids)):
        for row in connection.execute(_CAME_FROM, {"ids": part}):
            payload = json.loads(row.payload)
            utm = payload.get("utm") or {}
            imported = payload.get("imported") is True
            found[row.remote_id] = Origin(row.channel, str(utm.get("source") or ""), imported)
    return found
