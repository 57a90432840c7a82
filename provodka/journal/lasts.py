"""The last of each: the plans of events, and what channels brought."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, func, select

from provodka.journal import inbox
from provodka.journal.records import StoredEvent
from provodka.journal.schema import events, plans
from provodka.journal.sql import chunks


def last_traces(connection: Connection, numbers: Sequence[int]) -> dict[int, str]:
    """The traces (JSON) of the last plans of these events, by number."""
    found: dict[int, str] = {}
    for part in chunks(list(numbers)):
        query = select(plans.c.event_seq, plans.c.trace).where(plans.c.event_seq.in_(part))
        for row in connection.execute(query.order_by(plans.c.event_seq, plans.c.number)):
            found[row.event_seq] = row.trace
    return found


def last_by_channel(connection: Connection, among: int) -> tuple[dict[str, datetime], bool]:
    """When each channel brought its last event, by what is among so many of the newest events; and whether these are
    all that there are."""
    newest = connection.execute(select(func.max(events.c.seq))).scalar() or 0
    query = select(events.c.channel, func.max(events.c.seq)).where(events.c.seq > newest - among)
    last = {row[1]: row[0] for row in connection.execute(query.group_by(events.c.channel))}
    at = select(events.c.seq, events.c.received_at).where(events.c.seq.in_(list(last)))
    return {last[row.seq]: row.received_at for row in connection.execute(at)}, newest <= among


def newest_of_types(connection: Connection, types: Sequence[str], after: int, limit: int) -> list[StoredEvent]:
    """The newest events of these types behind that number."""
    query = select(events).where(events.c.seq > after, events.c.type.in_(types)).order_by(events.c.seq.desc())
    return [inbox.stored(row) for row in connection.execute(query.limit(limit))]
