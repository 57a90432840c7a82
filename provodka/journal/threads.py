"""In which leads letters ended: out of their events, and of the results of the actions that followed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, literal_column, select

from provodka.event import load_payload
from provodka.journal import lanes, queries
from provodka.journal.letters import KINDS
from provodka.journal.records import ActionState
from provodka.journal.schema import actions, events
from provodka.journal.sql import among, chunks
from provodka.mail_thread import PastLetter, mail_of
from provodka.payloads import EventType

SENT: Final = "letter"
"""By this name the journal remembers the stamp of a letter of ours."""
MOST: Final = 200
"""So many of somebody's newest letters are looked at."""

# the channels one after the other: the index of (channel, external_id) then finds a letter whichever mailbox it came to
_FIRST: Final = select(func.min(events.c.channel).label("channel")).cte("mailboxes", recursive=True)
_NEXT: Final = select(func.min(events.c.channel)).where(events.c.channel > _FIRST.c.channel).scalar_subquery()
_CHANNELS: Final = _FIRST.union_all(select(_NEXT).where(_FIRST.c.channel.is_not(None)))
_NAMED: Final = select(events.c.seq, events.c.external_id).where(
    events.c.channel.in_(select(_CHANNELS.c.channel).where(_CHANNELS.c.channel.is_not(None))),
    among(events.c.external_id, "ids"),
    events.c.type.in_([literal_column(f"'{kind}'") for kind in KINDS]),
)
_RESULTS: Final = (
    select(actions.c.event_seq, actions.c.result)
    .where(among(actions.c.event_seq, "numbers"), actions.c.state == ActionState.DONE, actions.c.result.is_not(None))
    .order_by(actions.c.id.desc())
)
_OF_LANES: Final = (
    select(events.c.seq, events.c.id, events.c.type, events.c.occurred_at, events.c.payload)
    .where(among(events.c.lane, "lanes"), events.c.type.in_(KINDS))
    .order_by(events.c.seq.desc())
    .limit(bindparam("most"))
)


def leads_of(connection: Connection, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """By Message-ID, the leads that the actions of these letters were about, the last one first."""
    found: dict[str, tuple[str, ...]] = {}
    for part in chunks(list(dict.fromkeys(ids))):
        rows = connection.execute(_NAMED, {"ids": part}).all()
        leads = _ended(connection, [row.seq for row in rows])
        for row in sorted(rows, key=lambda row: -row.seq):
            found[row.external_id] = _each_once((*found.get(row.external_id, ()), *leads.get(row.seq, ())))
    return {one: some for one, some in found.items() if some}


def leads_of_ours(connection: Connection, stamps: Sequence[str]) -> dict[str, str]:
    """By stamp, the leads of the letters that we have sent; others than ours are absent."""
    results = queries.results_of_made(connection, SENT, stamps)
    return {one: json.loads(result).get("lead_id", "") for one, result in results.items()}


def letters(connection: Connection, identities: Sequence[str], most: int = MOST) -> list[PastLetter]:
    """The letters of these people, received and sent, newest first."""
    found = sorted(set(lanes.lanes_of(connection, identities).values()))
    rows = connection.execute(_OF_LANES, {"lanes": found, "most": most}).all() if found else []
    leads = _ended(connection, [row.seq for row in rows])
    read = [(row, mail_of(load_payload(EventType(row.type), row.payload))) for row in rows]
    return [PastLetter(row.id, row.occurred_at, mail, leads.get(row.seq, ())) for row, mail in read if mail is not None]


def _ended(connection: Connection, numbers: Sequence[int]) -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = {}
    for part in chunks(numbers):
        for row in connection.execute(_RESULTS, {"numbers": part}):
            result: dict[str, Any] = json.loads(row.result)
            if lead := result.get("lead_id"):
                found[row.event_seq] = _each_once((*found.get(row.event_seq, ()), lead))
    return found


def _each_once(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ids))
