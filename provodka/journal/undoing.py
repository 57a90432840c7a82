"""What the journal knows of actions that are to be undone, and the actions that undo them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, func, literal_column, select

from provodka.journal import outbox
from provodka.journal.records import WAIT, ActionState, StoredAction
from provodka.journal.schema import AT_ONCE, actions, events
from provodka.journal.sql import chunks, insert_new

UNDO: Final = "undo"


@dataclass(frozen=True, slots=True)
class Undone:
    """Which actions: of a rule, or of an event, or of both, or of an import with all that it has made; planned since
    and until these moments, where given."""

    rule: str = ""
    event_seq: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    job: str = ""


def chosen(connection: Connection, which: Undone) -> list[StoredAction]:
    """The actions, newest first; neither timers nor what undoes others."""
    query = select(actions).where(actions.c.kind.not_in((WAIT, UNDO))).order_by(actions.c.id.desc())
    if which.rule:
        query = query.where(actions.c.rule == which.rule)
    if which.event_seq is not None:
        query = query.where(actions.c.event_seq == which.event_seq)
    if which.job:
        mine = select(events.c.seq).where(events.c.id.between(which.job, f"{which.job}g"))
        query = query.where(actions.c.event_seq.in_(mine))
    if which.since is not None:
        query = query.where(actions.c.created_at >= which.since)
    if which.until is not None:
        query = query.where(actions.c.created_at <= which.until)
    return [outbox.stored(row) for row in connection.execute(query)]


def undo_key(key: str) -> str:
    """The key of what undoes the action of this key; it can be undone once."""
    return f"{key}:{UNDO}"


def undoings(connection: Connection, keys: Sequence[str]) -> dict[str, StoredAction]:
    """What undoes these actions, by the key of the undone one."""
    by_own = {undo_key(key): key for key in keys}
    found: dict[str, StoredAction] = {}
    for part in chunks(list(by_own)):
        rows = connection.execute(select(actions).where(actions.c.key.in_(part)))
        found.update((by_own[row.key], outbox.stored(row)) for row in rows)
    return found


def on_their_way(connection: Connection) -> int:
    """How many undoings are not over yet; cheap, to be asked again and again."""
    live = actions.c.state.in_((literal_column("'ready'"), literal_column("'running'")))
    query = select(func.count()).select_from(actions).where(live, actions.c.kind == UNDO)
    return connection.execute(query).scalar_one()


def undo(
    connection: Connection, wanted: Sequence[StoredAction], params: Mapping[str, str], priority: int, now: datetime
) -> None:
    """Put into the outbox what undoes these actions, in this order; `params` (JSON) by key of the undone one.

    Each goes into the lane of its action: what is undone of one lead goes in order.
    """
    rows = [
        {
            "key": undo_key(action.key),
            "event_seq": action.event_seq,
            "rule": action.rule,
            "kind": UNDO,
            "lane": action.lane,
            "priority": priority,
            "params": params[action.key],
            "state": ActionState.READY,
            "not_before": AT_ONCE,
            "created_at": now,
        }
        for action in wanted
    ]
    if rows:
        connection.execute(insert_new(connection, actions, ("key",)), rows)
