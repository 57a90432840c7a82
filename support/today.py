"""What the house does now: the ledger of a day, what waits, who answers, how long tokens live. By indexes, the newest
first, with limits: it is looked at every few seconds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Column, ColumnElement, Connection, Select, func, literal_column, select

from provodka.journal import Journal, Trouble, brakes, queries, troubles
from provodka.journal.schema import LIVE, UNPLANNED, actions, attempts, events, pace, tokens
from support.health import Backlog, ChannelLine, HoldLine, ImportLine, imports_under_way

MOST_EVENTS: Final = 10_000
MANY: Final = 10_000
"""Of the events of a channel no more are counted; one more stands for all above."""
MOST_ATTEMPTS: Final = 500
MOST_TROUBLES: Final = 20
_TOKENS: Final = select(tokens.c.account, tokens.c.expires_at).order_by(tokens.c.account)
_GOOD: Final = ("done", "found")
_BAD: Final = ("retryable", "auth_failed", "ambiguous", "rejected", "lost")


@dataclass(frozen=True, slots=True)
class Ledger:
    """Of the events that came since then (the newest of them, where `cut`): how many stand where, and their actions.
    All of them are counted by state, so that each sum is the whole."""

    since: datetime
    cut: bool
    events: dict[str, int]
    actions: dict[str, int]


@dataclass(frozen=True, slots=True)
class Attempted:
    """When a kind of action last went well and last went wrong among the newest attempts, and what was said then."""

    kind: str
    good_at: datetime | None = None
    bad_at: datetime | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class PaceLine:
    """The limiter of an account: for how many seconds its queue is given away."""

    account: str
    queue: float


@dataclass(frozen=True, slots=True)
class Today:
    """All of it. `well`: nothing needs a person."""

    at: datetime
    well: bool
    dead: int
    failed: int
    to_plan: Backlog
    to_send: Backlog
    channels: tuple[ChannelLine, ...]
    attempted: tuple[Attempted, ...]
    paces: tuple[PaceLine, ...]
    holds: tuple[HoldLine, ...]
    tokens: tuple[tuple[str, datetime], ...]
    troubles: tuple[Trouble, ...]
    ended: tuple[Trouble, ...]
    stopped: tuple[brakes.Stopped, ...]
    imports: tuple[ImportLine, ...]
    ledger: Ledger


def today(journal: Journal, midnight: datetime) -> Today:
    """Look; the ledger begins at `midnight`."""
    now = journal.now()

    def read(connection: Connection) -> Today:
        every = troubles.all_troubles(connection, opened=False)
        opened = tuple(one for one in every if one.ended_at is None)
        dead = _count(connection, actions.c.id, actions.c.state == literal_column("'dead'"))
        failed = _count(connection, events.c.seq, events.c.state == literal_column("'failed'"))
        return Today(
            at=now,
            well=not (opened or dead or failed),
            dead=dead,
            failed=failed,
            to_plan=_to_plan(connection),
            to_send=_to_send(connection),
            channels=tuple(ChannelLine(*row) for row in queries.last_by_channel(connection, MANY + 1)),
            attempted=_attempted(connection),
            paces=_paces(connection, now),
            holds=tuple(HoldLine(*row) for row in queries.holds(connection, now)),
            tokens=tuple((row.account, row.expires_at) for row in connection.execute(_TOKENS)),
            troubles=opened,
            ended=tuple(one for one in every if one.ended_at is not None)[:MOST_TROUBLES],
            stopped=tuple(brakes.stopped(connection)),
            imports=imports_under_way(connection, journal),
            ledger=ledger(connection, midnight),
        )

    return journal.read(read)


def ledger(connection: Connection, since: datetime, most: int = MOST_EVENTS) -> Ledger:
    """Of what came since then, no more than the newest `most`."""
    newest = select(events.c.seq, events.c.state).where(events.c.received_at >= since)
    mine = newest.order_by(events.c.received_at.desc()).limit(most).subquery()
    by_event = _by_state(connection, select(mine.c.state, func.count()).group_by(mine.c.state))
    joined = select(actions.c.state, func.count()).join(mine, mine.c.seq == actions.c.event_seq)
    by_action = _by_state(connection, joined.group_by(actions.c.state))
    return Ledger(since, sum(by_event.values()) == most, by_event, by_action)


def _by_state(connection: Connection, query: Select[str, int]) -> dict[str, int]:
    return {row[0]: row[1] for row in connection.execute(query)}


def _count(connection: Connection, column: Column[int], where: ColumnElement[bool]) -> int:
    return int(connection.execute(select(func.count(column)).where(where)).scalar_one())


def _to_plan(connection: Connection) -> Backlog:
    first = [
        connection.execute(select(func.min(events.c.seq)).where(UNPLANNED, events.c.state == literal_column(state)))
        for state in ("'received'", "'planning'")
    ]
    numbers = [number for row in first if (number := row.scalar()) is not None]
    oldest = select(events.c.received_at).where(events.c.seq.in_(numbers)).order_by(events.c.seq).limit(1)
    return Backlog(_count(connection, events.c.seq, UNPLANNED), connection.execute(oldest).scalar())


def _to_send(connection: Connection) -> Backlog:
    number = actions.c.id + 0  # a sum: for the least id itself SQLite would walk through all actions
    first = connection.execute(select(func.min(number)).where(LIVE)).scalar()
    oldest = connection.execute(select(actions.c.created_at).where(actions.c.id == first)).scalar()
    return Backlog(_count(connection, actions.c.id, LIVE), oldest)


def _attempted(connection: Connection) -> tuple[Attempted, ...]:
    newest = select(attempts).order_by(attempts.c.action_id.desc(), attempts.c.number.desc()).limit(MOST_ATTEMPTS)
    mine = newest.subquery()
    at = func.coalesce(mine.c.finished_at, mine.c.started_at, type_=attempts.c.started_at.type)
    query = select(actions.c.kind, mine.c.outcome, at.label("at"), mine.c.error).join(
        mine, mine.c.action_id == actions.c.id
    )
    found: dict[str, Attempted] = {}
    for row in sorted(connection.execute(query), key=lambda one: one.at):
        before = found.get(row.kind, Attempted(row.kind))
        if row.outcome in _GOOD:
            found[row.kind] = Attempted(row.kind, row.at, before.bad_at, before.why)
        elif row.outcome in _BAD:
            found[row.kind] = Attempted(row.kind, before.good_at, row.at, row.error or "")
    return tuple(found.values())


def _paces(connection: Connection, now: datetime) -> tuple[PaceLine, ...]:
    rows = connection.execute(select(pace.c.account, pace.c.places).order_by(pace.c.account))
    return tuple(PaceLine(row.account, _queue(json.loads(row.places), now.timestamp())) for row in rows)


def _queue(places: Sequence[float], now: float) -> float:
    return max(0.0, max(places, default=now) - now)
