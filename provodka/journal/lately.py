"""The newest events and how their actions stand, without their bodies: what the live feed looks at again and again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, func, select

from provodka.journal.records import ActionState, EventState
from provodka.journal.schema import actions, events
from provodka.journal.sql import among, chunks


@dataclass(frozen=True, slots=True)
class BriefEvent:
    """An event without what it says."""

    seq: int
    id: str
    type: str
    channel: str
    state: EventState
    received_at: datetime
    planned_at: datetime | None


@dataclass(frozen=True, slots=True)
class BriefAction:
    """An action without what it is given and what came of it."""

    id: int
    rule: str
    kind: str
    state: ActionState
    created_at: datetime
    finished_at: datetime | None


# built once: they are asked again and again while somebody looks
_E, _A = events.c, actions.c
_EVENT: Final = select(_E.seq, _E.id, _E.type, _E.channel, _E.state, _E.received_at, _E.planned_at)
_AFTER: Final = _EVENT.where(_E.seq > bindparam("last")).order_by(_E.seq.desc()).limit(bindparam("most"))
_BEFORE: Final = (
    _EVENT.where(_E.seq < bindparam("first"), _E.seq >= bindparam("floor"))
    .order_by(_E.seq.desc())
    .limit(bindparam("most"))
)
_NUMBERED: Final = _EVENT.where(among(_E.seq, "numbers"))
_NEWEST: Final = select(_E.seq).order_by(_E.seq.desc()).limit(bindparam("most"))
_ACTIONS: Final = (
    select(_A.event_seq, _A.id, _A.rule, _A.kind, _A.state, _A.created_at, _A.finished_at)
    .where(among(_A.event_seq, "numbers"))
    .order_by(_A.id)
)
_NEXT_CHANNEL: Final = select(func.min(_E.channel)).where(_E.channel > bindparam("name"))


def newest_numbers(connection: Connection, most: int) -> list[int]:
    """The numbers of the newest events, newest first."""
    return list(connection.execute(_NEWEST, {"most": most}).scalars())


def after(connection: Connection, last: int, most: int) -> list[BriefEvent]:
    """What has a greater number, newest first."""
    return _events(connection.execute(_AFTER, {"last": last, "most": most}))


def before(connection: Connection, first: int, floor: int, most: int) -> list[BriefEvent]:
    """What has a smaller number than `first`, but not than `floor`, newest first."""
    return _events(connection.execute(_BEFORE, {"first": first, "floor": floor, "most": most}))


def numbered(connection: Connection, numbers: Iterable[int]) -> list[BriefEvent]:
    """These, as far as they are there."""
    found: list[BriefEvent] = []
    for part in chunks(sorted(numbers)):
        found += _events(connection.execute(_NUMBERED, {"numbers": part}))
    return found


def actions_of(connection: Connection, numbers: Sequence[int]) -> dict[int, list[BriefAction]]:
    """The actions of these events, in their order."""
    found: dict[int, list[BriefAction]] = {}
    for part in chunks(numbers):
        for row in connection.execute(_ACTIONS, {"numbers": part}):
            action = BriefAction(row.id, row.rule, row.kind, ActionState(row.state), row.created_at, row.finished_at)
            found.setdefault(row.event_seq, []).append(action)
    return found


def channels(connection: Connection) -> list[str]:
    """Every channel that an event came by. One step in the index for each: they are few, the events are many."""
    found: list[str] = []
    name = connection.execute(_NEXT_CHANNEL, {"name": ""}).scalar()
    while name is not None:
        found.append(name)
        name = connection.execute(_NEXT_CHANNEL, {"name": name}).scalar()
    return found


def _events(rows: Iterable[Row[Any]]) -> list[BriefEvent]:
    return [
        BriefEvent(row.seq, row.id, row.type, row.channel, EventState(row.state), row.received_at, row.planned_at)
        for row in rows
    ]
