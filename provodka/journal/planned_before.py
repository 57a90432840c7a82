"""What was made of the events of a stretch of time, read in portions, so that it may be any number of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, literal_column, select

from provodka.journal import inbox
from provodka.journal.reading import Readable
from provodka.journal.records import WAIT, StoredEvent
from provodka.journal.schema import actions, events, plans
from provodka.journal.sql import among

_AT_ONCE: Final = 400
# the hints of a CRM are never seen by rules
_OF_TIME: Final = (events.c.received_at >= bindparam("since")) & (events.c.received_at < bindparam("until"))
_SEEN: Final = events.c.type != literal_column("'crm.hint'")
_EVENTS: Final = (
    select(events)
    .where(events.c.seq > bindparam("after"), events.c.seq <= bindparam("last"), _OF_TIME, _SEEN)
    .order_by(events.c.seq)
    .limit(_AT_ONCE)
)
_BOUNDS: Final = select(func.min(events.c.seq), func.max(events.c.seq)).where(_OF_TIME)
_COUNT: Final = select(func.count()).select_from(events).where(_OF_TIME, _SEEN)
_PLANS: Final = (
    select(plans.c.event_seq, plans.c.cause, plans.c.trace)
    .where(among(plans.c.event_seq, "numbers"))
    .order_by(plans.c.event_seq, plans.c.number)
)
_ACTIONS: Final = (
    select(actions.c.event_seq, actions.c.key, actions.c.rule, actions.c.kind, actions.c.params, actions.c.priority)
    .where(among(actions.c.event_seq, "numbers"), actions.c.kind != WAIT)
    .order_by(actions.c.id)
)


@dataclass(frozen=True, slots=True)
class MadeAction:
    """An action that was planned; `params` is JSON."""

    key: str
    rule: str
    kind: str
    params: str
    priority: int


@dataclass(frozen=True, slots=True)
class History:
    """An event with its plans (cause, trace as JSON) in their order, and its actions without timers."""

    event: StoredEvent
    plans: tuple[tuple[str, str], ...]
    actions: tuple[MadeAction, ...]


def count(journal: Readable, since: datetime, until: datetime) -> int:
    """How many events rules may have seen, received at `since` or later and before `until`."""
    found: int = journal.read(lambda c: c.execute(_COUNT, {"since": since, "until": until}).scalar_one())
    return found


def newest_since(journal: Readable, since: datetime, until: datetime, most: int) -> datetime:
    """From when on there are at most so many events: `since`, or the moment that the last of them came."""
    query = select(events.c.received_at).where(_OF_TIME).order_by(events.c.received_at.desc()).offset(most - 1).limit(1)
    found = journal.read(lambda c: c.execute(query, {"since": since, "until": until}).scalar())
    return since if found is None else found


def histories(journal: Readable, since: datetime, until: datetime) -> Iterator[History]:
    """Their histories, oldest first; each portion is read in a transaction of its own."""
    span = {"since": since, "until": until}
    first, last = journal.read(lambda c: tuple(c.execute(_BOUNDS, span).one()))
    after = -1 if first is None else first - 1
    while first is not None:
        portion = journal.read(lambda c, after=after: _portion(c, {**span, "after": after, "last": last}))  # type: ignore[misc]
        if not portion:
            return
        yield from portion
        after = portion[-1].event.seq


def history_of(connection: Connection, event: StoredEvent) -> History:
    """The history of one event."""
    return _with_plans(connection, [event])[0]


def _portion(connection: Connection, values: dict[str, Any]) -> list[History]:
    return _with_plans(connection, [inbox.stored(row) for row in connection.execute(_EVENTS, values)])


def _with_plans(connection: Connection, found: list[StoredEvent]) -> list[History]:
    numbers = {"numbers": [event.seq for event in found]}
    planned: dict[int, list[tuple[str, str]]] = {}
    made: dict[int, list[MadeAction]] = {}
    for seq, cause, trace in connection.execute(_PLANS, numbers) if found else ():
        planned.setdefault(seq, []).append((cause, trace))
    for seq, *action in connection.execute(_ACTIONS, numbers) if found else ():
        made.setdefault(seq, []).append(MadeAction(*action))
    return [History(e, tuple(planned.get(e.seq, ())), tuple(made.get(e.seq, ()))) for e in found]
