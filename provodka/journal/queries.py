"""What support and status ask of the journal. Reading only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, func, literal_column, select

from provodka.journal import inbox, lanes, outbox
from provodka.journal.records import ActionState, Attempt, EventState, StoredAction, StoredEvent
from provodka.journal.schema import ID_END, LIVE, UNPLANNED, actions, attempts, events, links, pace, parts, plans, turns
from provodka.journal.sql import begins, chunks

_PIECE: Final = 4  # signs of an id that are enough to look for it


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """A plan of an event; `trace` is JSON."""

    number: int
    at: datetime
    cause: str
    trace: str


@dataclass(frozen=True, slots=True)
class Story:
    """All that the journal knows of one event."""

    event: StoredEvent
    plans: tuple[StoredPlan, ...]
    actions: tuple[StoredAction, ...]
    attempts: dict[int, tuple[Attempt, ...]]
    turns: dict[str, str]
    needed_by_others: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class EventLine:
    """An event in a list, with how many of its actions stand where."""

    event: StoredEvent
    states: dict[str, int]


def event_by_id(connection: Connection, wanted: str) -> StoredEvent | None:
    """The event with this id, or the only one whose id begins or ends so."""
    row = connection.execute(select(events).where(events.c.id == wanted)).first()
    if row is None and len(wanted) >= _PIECE and len(found := ids_alike(connection, wanted, 2)) == 1:
        row = connection.execute(select(events).where(events.c.id == found[0])).first()
    return None if row is None else inbox.stored(row)


def event_by_seq(connection: Connection, seq: int) -> StoredEvent | None:
    row = connection.execute(select(events).where(events.c.seq == seq)).first()
    return None if row is None else inbox.stored(row)


def story(connection: Connection, event: StoredEvent) -> Story:
    """Plans, actions and attempts of an event."""
    return stories(connection, [event])[0]


def stories(connection: Connection, wanted: Sequence[StoredEvent]) -> list[Story]:
    """The same of many events, in their order."""
    planned: dict[int, list[StoredPlan]] = {}
    numbers = [event.seq for event in wanted]
    for part in chunks(numbers):
        query = select(plans).where(plans.c.event_seq.in_(part)).order_by(plans.c.event_seq, plans.c.number)
        for row in connection.execute(query):
            planned.setdefault(row.event_seq, []).append(StoredPlan(row.number, row.at, row.cause, row.trace))
    made = actions_of(connection, numbers)
    everything = [action for found in made.values() for action in found]
    tries = attempts_of(connection, [action.id for action in everything])
    chosen: dict[str, str] = {}
    for keys in chunks([action.key for action in everything]):
        rows = connection.execute(select(turns).where(turns.c.action_key.in_(keys)))
        chosen.update({row.action_key: row.reason for row in rows})
    return [
        Story(
            event=event,
            plans=tuple(planned.get(event.seq, ())),
            actions=tuple(found),
            attempts={one.id: tries[one.id] for one in found if one.id in tries},
            turns={one.key: chosen[one.key] for one in found if one.key in chosen},
        )
        for event in wanted
        for found in (made.get(event.seq, []),)
    ]


def attempts_of(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[Attempt, ...]]:
    """The attempts of these actions, by id, in their order."""
    found: dict[int, tuple[Attempt, ...]] = {}
    for part in chunks(list(ids)):
        query = select(attempts).where(attempts.c.action_id.in_(part)).order_by(attempts.c.action_id, attempts.c.number)
        for row in connection.execute(query):
            ended = (row.finished_at, row.outcome, row.error or "", row.calls or "[]")
            found[row.action_id] = (*found.get(row.action_id, ()), Attempt(row.number, row.started_at, *ended))
    return found


def list_events(
    connection: Connection,
    *,
    identity: str = "",
    lane: int | None = None,
    kind: str = "",
    channel: str = "",
    state: str = "",
    after_seq: int = 0,
    limit: int = 50,
) -> list[EventLine]:
    """Newest first (oldest first when following with `after_seq`). `identity` finds the whole lane of a person."""
    query = select(events)
    if identity:
        found = lanes.lanes_of(connection, [identity])
        query = query.where(events.c.lane.in_(found.values()))
    if lane is not None:
        query = query.where(events.c.lane == lane)
    if kind:
        query = query.where(events.c.type == kind)
    if channel:
        query = query.where(events.c.channel == channel)
    if state in tuple(EventState):
        query = query.where(events.c.state == state)
    elif state:
        query = query.where(events.c.seq.in_(select(actions.c.event_seq).where(actions.c.state == state)))
    order = events.c.seq.asc() if after_seq else events.c.seq.desc()
    rows = connection.execute(query.where(events.c.seq > after_seq).order_by(order).limit(limit)).all()
    counts = _state_counts(connection, [row.seq for row in rows])
    return [EventLine(inbox.stored(row), counts.get(row.seq, {})) for row in rows]


def _state_counts(connection: Connection, numbers: Sequence[int]) -> dict[int, dict[str, int]]:
    counts: dict[int, dict[str, int]] = {}
    for part in chunks(numbers):
        query = select(actions.c.event_seq, actions.c.state, func.count()).where(actions.c.event_seq.in_(part))
        for seq, state, count in connection.execute(query.group_by(actions.c.event_seq, actions.c.state)):
            counts.setdefault(seq, {})[state] = count
    return counts


@dataclass(frozen=True, slots=True)
class Totals:
    """How much stands where, and since when the oldest waits."""

    events: dict[str, int]
    actions: dict[str, int]
    oldest_unplanned: datetime | None
    oldest_ready: datetime | None


def totals(connection: Connection) -> Totals:
    """Counts of what is not at rest, plus all events and all done actions."""
    by_state = connection.execute(select(events.c.state, func.count()).group_by(events.c.state))
    by_action = connection.execute(select(actions.c.state, func.count()).group_by(actions.c.state))
    waiting = select(func.min(events.c.received_at)).where(UNPLANNED)
    ready = select(func.min(actions.c.created_at)).where(LIVE)
    return Totals(
        events={row[0]: row[1] for row in by_state},
        actions={row[0]: row[1] for row in by_action},
        oldest_unplanned=connection.execute(waiting).scalar(),
        oldest_ready=connection.execute(ready).scalar(),
    )


def action_by_id(connection: Connection, action_id: int) -> StoredAction | None:
    row = connection.execute(select(actions).where(actions.c.id == action_id)).first()
    return None if row is None else outbox.stored(row)


def action_by_key(connection: Connection, key: str) -> StoredAction | None:
    row = connection.execute(select(actions).where(actions.c.key == key)).first()
    return None if row is None else outbox.stored(row)


def has_in_lane(connection: Connection, lane: int, kind: str) -> bool:
    """Whether the lane has an action of this kind, in whatever state."""
    query = select(actions.c.id).where(actions.c.lane == lane, actions.c.kind == kind).limit(1)
    return connection.execute(query).first() is not None


def dead_actions(connection: Connection, limit: int = 100) -> list[StoredAction]:
    """What needs a person, newest first."""
    query = select(actions).where(actions.c.state == ActionState.DEAD).order_by(actions.c.id.desc()).limit(limit)
    return [outbox.stored(row) for row in connection.execute(query)]


# built once: a webhook of an exchange waits for it
_PARTS: Final = (
    select(parts.c.id, parts.c.body)
    .where(parts.c.channel == bindparam("channel"), parts.c.key == bindparam("key"))
    .order_by(parts.c.at, parts.c.id)
)


def stored_parts(connection: Connection, channel: str, key: str) -> list[tuple[str, str]]:
    """(id, body) of the pieces of a key, oldest first."""
    return [(row.id, row.body) for row in connection.execute(_PARTS, {"channel": channel, "key": key})]


def parts_of(connection: Connection, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], list[str]]:
    """The ids of the pieces of many (channel, key), oldest first."""
    by_channel: dict[str, list[str]] = {}
    for channel, key in keys:
        by_channel.setdefault(channel, []).append(key)
    found: dict[tuple[str, str], list[str]] = {}
    for channel, wanted in by_channel.items():
        for part in chunks(wanted):
            query = select(parts.c.key, parts.c.id).where(parts.c.channel == channel, parts.c.key.in_(part))
            for row in connection.execute(query.order_by(parts.c.at, parts.c.id)):
                found.setdefault((channel, row.key), []).append(row.id)
    return found


def never_ended(connection: Connection, channel: str, prefix: str, before: datetime) -> list[str]:
    """See `provodka.channel.Intake`; the longest silent first."""
    last = func.max(parts.c.at)
    ended = select(events.c.seq).where(events.c.channel == channel, events.c.external_id == parts.c.key).exists()
    mine = (parts.c.channel == channel) & begins(connection, parts.c.key, prefix)
    query = select(parts.c.key).where(mine, ~ended).group_by(parts.c.key).having(last < before).order_by(last)
    return [row.key for row in connection.execute(query)]


def made_ids(connection: Connection, system: str, kind: str, ids: Sequence[str]) -> dict[str, int]:
    """Which of these remote ids were made by us, and by which action."""
    found: dict[str, int] = {}
    for part in chunks(list(ids)):
        query = select(links.c.remote_id, links.c.action_id).where(
            links.c.system == system, links.c.kind == kind, links.c.remote_id.in_(part)
        )
        found.update({row.remote_id: row.action_id for row in connection.execute(query)})
    return found


def unfinished(connection: Connection) -> int:
    """Events not planned yet and actions that still have to run (timers and held ones left out)."""
    open_events = select(func.count()).select_from(events).where(UNPLANNED)
    open_actions = select(func.count()).select_from(actions).where(LIVE)
    return int(connection.execute(open_events).scalar_one()) + int(connection.execute(open_actions).scalar_one())


def events_by_seq(connection: Connection, numbers: Sequence[int]) -> dict[int, StoredEvent]:
    """These events, by number."""
    found: dict[int, StoredEvent] = {}
    for part in chunks(sorted(set(numbers))):
        found.update(
            {row.seq: inbox.stored(row) for row in connection.execute(select(events).where(events.c.seq.in_(part)))}
        )
    return found


def maker_of(connection: Connection, system: str, kind: str, remote_id: str) -> StoredAction | None:
    """The action that made this thing of another system, if one of ours did; also by what a person has settled."""
    query = select(actions).join(links, links.c.action_id == actions.c.id)
    named = (links.c.system.in_((system, "")), links.c.kind == kind, links.c.remote_id == remote_id)
    row = connection.execute(query.where(*named)).first()
    return outbox.stored(row) if row is not None else None


def doer_of(connection: Connection, name: str, value: str) -> StoredAction | None:
    """The action whose result has this value under a name that is remembered (`call`, `answer`, …)."""
    query = select(actions).join(links, links.c.action_id == actions.c.id)
    row = connection.execute(query.where(links.c.kind == name, links.c.remote_id == value).limit(1)).first()
    return outbox.stored(row) if row is not None else None


def results_in_lane(connection: Connection, identities: Sequence[str], kind: str) -> list[tuple[datetime, str]]:
    """When the done actions of this kind ended in the lanes of these identities, with their results (JSON)."""
    found = sorted(set(lanes.lanes_of(connection, identities).values()))
    query = select(actions.c.finished_at, actions.c.result).where(
        actions.c.lane.in_(found), actions.c.kind == kind, actions.c.state == ActionState.DONE
    )
    return [(row.finished_at, row.result) for row in connection.execute(query) if row.result]


def results_of_made(connection: Connection, kind: str, ids: Sequence[str]) -> dict[str, str]:
    """By remote id, the result (JSON) of the action that made it; the newest where several systems know the id."""
    found: dict[str, str] = {}
    for part in chunks(list(ids)):
        query = (
            select(links.c.remote_id, actions.c.result)
            .join(actions, actions.c.id == links.c.action_id)
            .where(links.c.kind == kind, links.c.remote_id.in_(part))
            .order_by(links.c.at)
        )
        found.update({row.remote_id: row.result for row in connection.execute(query) if row.result})
    return found


def ids_alike(connection: Connection, wanted: str, most: int = 6) -> list[str]:
    """Ids of events that begin so, else of those that end so, of at least four signs. Reads nothing but indexes."""
    begin = select(events.c.id).where(events.c.id >= wanted, events.c.id < f"{wanted}g").limit(most)
    found = [row.id for row in connection.execute(begin)]  # an id is hexadecimal, so that "g" ends the range
    ends = events.c.id.endswith(wanted, autoescape=True)
    end = select(events.c.id).where(ends, ID_END.in_([wanted[-_PIECE:]])).limit(most)
    return found or [row.id for row in connection.execute(end)]


def not_planned_yet(connection: Connection, identity: str) -> list[StoredEvent]:
    """Events of somebody that are still in the inbox, newest first: they have no lane to be found by."""
    waiting = events.c.state.in_((literal_column("'received'"), literal_column("'planning'")))
    named = events.c.identities.contains(json.dumps(identity, ensure_ascii=False), autoescape=True)
    query = select(events).where(waiting, events.c.lane.is_(None), named).order_by(events.c.seq.desc())
    return [inbox.stored(row) for row in connection.execute(query)]


def actions_of(connection: Connection, numbers: Sequence[int]) -> dict[int, list[StoredAction]]:
    """The actions of these events, by event number, in their order."""
    found: dict[int, list[StoredAction]] = {}
    for part in chunks(list(numbers)):
        for row in connection.execute(select(actions).where(actions.c.event_seq.in_(part)).order_by(actions.c.id)):
            found.setdefault(row.event_seq, []).append(outbox.stored(row))
    return found


def ahead_in_lane(connection: Connection, action: StoredAction) -> int | None:
    """The action of the same lane that has to be over before this one may start."""
    live = actions.c.state.in_((literal_column("'ready'"), literal_column("'running'")))
    query = select(func.min(actions.c.id)).where(actions.c.lane == action.lane, live, actions.c.id < action.id)
    return connection.execute(query).scalar()


def last_by_channel(connection: Connection, most: int | None = None) -> list[tuple[str, int, datetime]]:
    """(channel, how many events, when the last one came), by channel. It counts to `most` and no further, so that it
    takes as long on a large journal as on a small one."""
    first = select(func.min(events.c.channel).label("channel")).cte("heard", recursive=True)
    later = select(func.min(events.c.channel)).where(events.c.channel > first.c.channel).scalar_subquery()
    heard = first.union_all(select(later).where(first.c.channel.is_not(None)))  # from one to the next in the index
    mine = events.c.channel == heard.c.channel
    counted = select(events.c.seq).where(mine).limit(most).correlate(heard).subquery()
    last = select(func.max(events.c.seq)).where(mine).scalar_subquery()
    number = select(func.count()).select_from(counted).scalar_subquery()
    query = select(heard.c.channel, number.label("number"), last.label("last")).where(heard.c.channel.is_not(None))
    rows = connection.execute(query.order_by(heard.c.channel)).all()
    newest = select(events.c.seq, events.c.received_at).where(events.c.seq.in_([row.last for row in rows]))
    at = {row.seq: row.received_at for row in connection.execute(newest)}
    return [(row.channel, row.number, at[row.last]) for row in rows]


def dead_by_reason(connection: Connection) -> list[tuple[str, int, datetime, int]]:
    """(reason, how many actions, when the first of them died, the newest one's id), by reason."""
    query = select(actions.c.reason, func.count(), func.min(actions.c.finished_at), func.max(actions.c.id))
    dead = query.where(actions.c.state == literal_column("'dead'")).group_by(actions.c.reason)
    return [(row[0], row[1], row[2], row[3]) for row in connection.execute(dead.order_by(actions.c.reason))]


def dead_by_rule(connection: Connection) -> list[tuple[str, int, StoredAction]]:
    """(rule, how many of its actions are dead, the newest of them), by rule."""
    dead = actions.c.state == literal_column("'dead'")
    counted = select(actions.c.rule, func.count(), func.max(actions.c.id)).where(dead).group_by(actions.c.rule)
    rows = connection.execute(counted.order_by(actions.c.rule)).all()
    newest = connection.execute(select(actions).where(actions.c.id.in_([row[2] for row in rows])))
    by_id = {row.id: outbox.stored(row) for row in newest}
    return [(rule, count, by_id[last]) for rule, count, last in rows]


def holds(connection: Connection, now: datetime) -> list[tuple[str, datetime, str]]:
    """(account, until when, why) of the accounts that nothing may be sent to now."""
    query = select(pace).where(pace.c.held_until > now).order_by(pace.c.account)
    return [(row.account, row.held_until, row.reason or "") for row in connection.execute(query)]
