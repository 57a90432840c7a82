"""The outbox: actions claimed by lanes, their attempts, and how each ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    bindparam,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    update,
)

from provodka.journal import lanes, numbering
from provodka.journal.records import WAIT, ActionState, Finished, StoredAction
from provodka.journal.schema import AT_ONCE, LIVE, Moment, actions, attempts, links
from provodka.journal.sql import among, chunks, insert_new

LONGEST_ID: Final = 64  # of a link

# written out, not bound: SQLite uses a partial index only when the statement shows the constant
MAKERS: Final = frozenset({"intake", "create", "find"})
"""The kinds of actions whose result is a lead for others."""
_NAMED: Final = {
    "log_call": "call",
    "log_message": "logged",
    "log_letter": "logged",
    "reply": "answer",
    "report": "reported",
    "message": "letter",
}
"""By kind, the value of a result that names what was done: a call or message that was logged, an answer that went out,
news of it that were told to the card, a letter of ours by its stamp. What others call so is their own business."""
_READY: Final[ColumnElement[str]] = literal_column("'ready'")
_WAITING: Final[ColumnElement[str]] = literal_column("'waiting'")
_LIVE: Final[tuple[ColumnElement[str], ...]] = (literal_column("'ready'"), literal_column("'running'"))


def _free() -> ColumnElement[bool]:
    other = actions.alias("other")
    before = and_(
        other.c.lane == actions.c.lane,
        other.c.state.in_(_LIVE),
        or_(other.c.id < actions.c.id, other.c.state == ActionState.RUNNING),
    )
    return and_(actions.c.state == _READY, actions.c.not_before <= bindparam("now"), ~exists().where(before))


_URGENCY: Final = (actions.c.priority.desc(), actions.c.id)
# built once: SQLAlchemy takes longer to build such a statement than to execute it
_FIRST_KIND: Final = (
    select(actions.c.kind, actions.c.priority)
    .where(_free(), actions.c.kind.not_in(bindparam("besides", expanding=True)))
    .order_by(*_URGENCY)
    .limit(1)
)
_WANTED: Final = (
    select(actions.c.id)
    .where(_free(), actions.c.kind == bindparam("kind"), actions.c.priority == bindparam("urgency"))
    .order_by(*_URGENCY)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_TAKEN: Final = (
    update(actions)
    .where(among(actions.c.id, "ids"), actions.c.state == ActionState.READY)
    .values(
        state=ActionState.RUNNING,
        owner=bindparam("by"),
        lease_until=bindparam("until"),
        attempts=actions.c.attempts + 1,
    )
    .returning(*actions.c)
)
_LAST_NUMBERS: Final = (
    select(attempts.c.action_id, func.max(attempts.c.number))
    .where(among(attempts.c.action_id, "ids"))
    .group_by(attempts.c.action_id)
)
_RESULTS: Final = select(actions.c.key, actions.c.result).where(among(actions.c.key, "keys"))


def claim(
    connection: Connection, owner: str, now: datetime, lease: timedelta, most: int, besides: Sequence[str] = ()
) -> list[StoredAction]:
    """Take up to `most` ready actions of one kind and urgency, the first of each lane, and open an attempt for each.

    Both are those of the most urgent one: under a backlog a whole batch of the same operation comes out, so that a
    limit of requests a second does not become a limit of leads a second; and what is urgent does not have to wait for
    the work that many others make. The kinds `besides` are left alone.
    """
    first = connection.execute(_FIRST_KIND, {"now": now, "besides": list(besides)}).first()
    if first is None:
        return []
    wanted = connection.execute(_WANTED, {"now": now, "kind": first.kind, "urgency": first.priority, "most": most})
    taken = {"ids": [row.id for row in wanted], "by": owner, "until": now + lease}
    rows = sorted(connection.execute(_TAKEN, taken), key=lambda row: row.id)
    if not rows:
        return []
    numbers = {row[0]: row[1] for row in connection.execute(_LAST_NUMBERS, {"ids": [row.id for row in rows]})}
    number = {row.id: numbers.get(row.id, 0) + 1 for row in rows}
    opened = [{"action_id": row.id, "number": number[row.id], "started_at": now, "owner": owner} for row in rows]
    connection.execute(attempts.insert(), opened)
    needed = _results(connection, [row.needs for row in rows if row.needs])
    return [stored(row, needed.get(row.needs), number[row.id]) for row in rows]


def _results(connection: Connection, keys: Sequence[str]) -> dict[str | None, str]:
    found: dict[str | None, str] = {}
    for part in chunks(sorted(set(keys))):
        found.update({row.key: row.result for row in connection.execute(_RESULTS, {"keys": part}) if row.result})
    return found


def stored(row: Row[Any], needed: str | None = None, attempt: int = 0) -> StoredAction:
    """A row as a record."""
    return StoredAction(
        id=row.id,
        key=row.key,
        event_seq=row.event_seq,
        rule=row.rule,
        kind=row.kind,
        lane=row.lane,
        params=row.params,
        state=ActionState(row.state),
        attempts=row.attempts,
        attempt=attempt,
        priority=row.priority,
        request=row.request,
        needs=row.needs,
        needed=needed,
        not_before=row.not_before,
        unsure_since=row.unsure_since,
        result=row.result,
        reason=row.reason,
        error=row.error or "",
        hint=row.hint or "",
        created_at=row.created_at,
        finished_at=row.finished_at,
    )


_FREEZE = (
    update(actions)
    .where(actions.c.key == bindparam("of_key"), actions.c.request.is_(None))
    .values(request=bindparam("b_request"))
)


def freeze(connection: Connection, requests: Sequence[tuple[str, str]]) -> None:
    """Keep the request of each action (by key) for all its attempts."""
    if requests:
        connection.execute(_FREEZE, [{"of_key": key, "b_request": request} for key, request in requests])


_HELD: Final = select(actions.c.id, actions.c.lane, actions.c.key).where(
    among(actions.c.id, "ids"), actions.c.owner == bindparam("by"), actions.c.state == ActionState.RUNNING
)


def finish(connection: Connection, owner: str, endings: Sequence[Finished], now: datetime, system: str) -> list[int]:
    """Close attempts and move their actions on. Actions whose lease somebody else has taken over are left alone.

    Returns the ids that were moved.
    """
    held = {"ids": [e.action_id for e in endings], "by": owner}
    mine = {row.id: row for row in connection.execute(_HELD, held)}
    moved = [e for e in endings if e.action_id in mine]
    if not moved:
        return []
    _close(connection, moved, now)
    link(connection, [(e.action_id, *one) for e in moved for one in e.made], now, system)
    numbers = [(mine[e.action_id].lane, *one) for e in moved for one in e.numbers]
    numbering.put_numbers(connection, [one for one in numbers if one[0] is not None])
    groups: dict[int, tuple[str, ...]] = {}
    for ending in moved:
        lane = mine[ending.action_id].lane
        if ending.identities and lane is not None:
            groups[lane] = (*groups.get(lane, ()), *ending.identities)
    if groups:
        join_lanes(connection, groups, now)
    done = [mine[e.action_id].key for e in moved if e.state is ActionState.DONE]
    if done:
        release(connection, done)
    return [e.action_id for e in moved]


def join_lanes(connection: Connection, groups: dict[int, tuple[str, ...]], now: datetime) -> None:
    """Add identities to lanes that exist: an identity of the lane itself makes the join find it."""
    anchored = lanes.identities_of(connection, list(groups))
    lanes.join(connection, {lane: (*anchored[lane][:1], *group) for lane, group in groups.items()}, now)


_CLOSE_ATTEMPT = (
    update(attempts)
    .where(attempts.c.action_id == bindparam("of_action"), attempts.c.number == bindparam("of_number"))
    .values(
        finished_at=bindparam("b_now"),
        outcome=bindparam("b_outcome"),
        error=bindparam("b_error"),
        calls=bindparam("b_calls"),
    )
)
_MOVE_ACTION = (
    update(actions)
    .where(actions.c.id == bindparam("of_action"))
    .values(
        state=bindparam("b_state"),
        owner=None,
        lease_until=None,
        error=bindparam("b_error"),
        hint=bindparam("b_hint"),
        reason=bindparam("b_reason"),
        unsure_since=bindparam("b_unsure"),
        result=func.coalesce(bindparam("b_result"), actions.c.result),
        not_before=func.coalesce(bindparam("b_not_before", type_=Moment), actions.c.not_before),
        finished_at=bindparam("b_finished"),
        attempts=actions.c.attempts - bindparam("b_uncounted"),
    )
)
_AT_REST = (ActionState.DONE, ActionState.DEAD, ActionState.CANCELLED)


def _close(connection: Connection, endings: Sequence[Finished], now: datetime) -> None:
    """Both updates for the whole batch: row by row they cost more than everything else of a delivery."""
    connection.execute(
        _CLOSE_ATTEMPT,
        [
            {
                "of_action": e.action_id,
                "of_number": e.attempt,
                "b_now": now,
                "b_outcome": e.outcome,
                "b_error": e.error or None,
                "b_calls": e.calls,
            }
            for e in endings
        ],
    )
    connection.execute(
        _MOVE_ACTION,
        [
            {
                "of_action": e.action_id,
                "b_state": e.state,
                "b_error": e.error or None,
                "b_hint": e.hint or None,
                "b_reason": e.reason,
                "b_unsure": e.unsure_since,
                "b_result": e.result,
                "b_not_before": e.not_before,
                "b_finished": now if e.state in _AT_REST else None,
                "b_uncounted": 0 if e.counts else 1,
            }
            for e in endings
        ],
    )


_RELEASE: Final = (
    update(actions)
    .where(actions.c.state == _WAITING, actions.c.needs.is_not(None), among(actions.c.needs, "keys"))
    .values(state=ActionState.READY, not_before=AT_ONCE)
)


def release(connection: Connection, keys: Sequence[str]) -> None:
    """Make ready what waited for the results of these actions."""
    for part in chunks(keys):
        connection.execute(_RELEASE, {"keys": part})


def wake(connection: Connection, now: datetime) -> int:
    """End the pauses of actions that failed for the moment."""
    paused = update(actions).where(actions.c.state == _READY, actions.c.error.is_not(None), actions.c.not_before > now)
    return connection.execute(paused.values(not_before=AT_ONCE)).rowcount


_POSTPONED: Final = (
    actions.c.state == _WAITING,
    actions.c.kind != literal_column("'wait'"),
    actions.c.not_before > literal_column("0"),
    actions.c.not_before <= bindparam("now"),
)
_MAKING: Final = (
    select(actions.c.lane)
    .where(
        among(actions.c.lane, "lanes"),
        actions.c.kind.in_([literal_column(f"'{kind}'") for kind in sorted(MAKERS)]),
        or_(LIVE, and_(actions.c.state == literal_column("'waiting'"), actions.c.not_before > literal_column("0"))),
    )
    .distinct()
)
_ANY_POSTPONED: Final = select(actions.c.id).where(*_POSTPONED).limit(1)
_GO_ON: Final = (
    update(actions)
    .where(*_POSTPONED)
    .values(state=ActionState.READY, created_at=actions.c.not_before, not_before=AT_ONCE, error=None)
)


def postponed_due(connection: Connection, now: datetime) -> bool:
    """Whether the time of an action has come that was postponed."""
    return connection.execute(_ANY_POSTPONED, {"now": now}).first() is not None


def go_on(connection: Connection, now: datetime) -> int:
    """Make ready what was postponed until now; its age counts from here, as its patience with outages does."""
    return connection.execute(_GO_ON, {"now": now}).rowcount


def owners(connection: Connection) -> list[str]:
    """Who holds actions."""
    query = select(actions.c.owner).where(LIVE, actions.c.owner.is_not(None)).distinct()
    return [row.owner for row in connection.execute(query)]


def take_over(connection: Connection, now: datetime, dead_owners: Sequence[str]) -> int:
    """Actions whose worker died, or whose lease ran out: their outcome is in doubt from that attempt's start on."""
    gone = or_(actions.c.lease_until < now, actions.c.owner.in_(dead_owners))
    running = (LIVE, actions.c.state == ActionState.RUNNING, gone)
    lost = select(actions.c.id).where(*running, actions.c.kind != WAIT)
    ids = [row.id for row in connection.execute(lost.with_for_update(skip_locked=True))]
    for action_id in ids:
        started = connection.execute(
            select(func.max(attempts.c.started_at)).where(attempts.c.action_id == action_id)
        ).scalar_one()
        connection.execute(
            update(attempts)
            .where(attempts.c.action_id == action_id, attempts.c.finished_at.is_(None))
            .values(finished_at=now, outcome="lost", error="the process that made this attempt ended before its answer")
        )
        connection.execute(
            update(actions)
            .where(actions.c.id == action_id)
            .values(
                state=ActionState.READY,
                owner=None,
                lease_until=None,
                not_before=AT_ONCE,
                unsure_since=func.coalesce(actions.c.unsure_since, literal(started, Moment)),
            )
        )
    timers = update(actions).where(*running, actions.c.kind == WAIT)
    connection.execute(timers.values(state=ActionState.WAITING, owner=None, lease_until=None))
    return len(ids)


def extend(connection: Connection, owner: str, ids: Sequence[int], until: datetime) -> None:
    """Keep the leases of actions that take long."""
    connection.execute(update(actions).where(actions.c.id.in_(ids), actions.c.owner == owner).values(lease_until=until))


def lanes_with_makers(connection: Connection, wanted: Sequence[int]) -> set[int]:
    """Those of these lanes in which an action that may bring a lead is still to be delivered."""
    found: set[int] = set()
    for part in chunks(wanted):
        found.update(connection.execute(_MAKING, {"lanes": part}).scalars())
    return found


def left_behind(kind: str, values: Mapping[str, str]) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """What a done action leaves for later ones: (kind, remote id) of what it made, and identities for its lane."""
    if kind in MAKERS:
        made = (("lead", values["lead_id"]),) if values.get("created") == "yes" else ()
        return made, tuple(f"{k}:{values[f'{k}_id']}" for k in ("lead", "contact") if values.get(f"{k}_id"))
    if (name := _NAMED.get(kind, "")) and values.get(name):
        return ((name, values[name]),), ()  # by a name of its own, by which later ones find it
    made_id = values.get("remote_id", "")
    return ((kind, made_id),) if 0 < len(made_id) <= LONGEST_ID else (), ()


def link(connection: Connection, made: Sequence[tuple[int, str, str]], now: datetime, system: str) -> None:
    """Remember which action made what: (action id, kind, remote id)."""
    rows = [{"system": system, "kind": kind, "remote_id": id_, "action_id": by, "at": now} for by, kind, id_ in made]
    if rows:
        connection.execute(insert_new(connection, links, ("system", "kind", "remote_id")), rows)
