"""What waits for a person, by its cause: dead actions, unknown outcomes, events that could not be planned."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection, Row, func, literal_column, select

from provodka.journal import DeadReason, Journal, StoredEvent, brakes, mending, queries
from provodka.journal.records import Attempt
from provodka.journal.schema import actions, events
from provodka.journal.sql import chunks

LOOKED_AT: Final = 1_500
SHOWN: Final = 3
AT_ONCE: Final = 100
"""Events that are planned anew by one answer: each is evaluated while somebody waits for the page."""
_SINGULAR: Final = re.compile(r"(?<!\S)[^\s\d]*\d\S*")  # what differs between errors of one cause: numbers, ids, times
_DEAD: Final = actions.c.state == literal_column("'dead'")
_FAILED: Final = events.c.state == literal_column("'failed'")


@dataclass(frozen=True, slots=True)
class Case:
    """One of a group: an action (0 for none) and its event."""

    action: int
    at: datetime | None
    event: StoredEvent


@dataclass(frozen=True, slots=True)
class Cause:
    """What has gone wrong in one and the same way. `error`, `hint` and `attempts` are those of the newest; `ids` are of
    actions, or numbers of events where no action was planned, newest first; `key` names the group in an address."""

    key: str
    rule: str
    kind: str
    reason: str
    error: str
    hint: str
    since: datetime | None
    last_at: datetime | None
    ids: tuple[int, ...]
    newest: tuple[Case, ...] = ()
    attempts: tuple[Attempt, ...] = ()

    @property
    def count(self) -> int:
        """How many."""
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Causes:
    """Groups, the largest first. `total` is how many there are, `looked_at` how many of them (the newest) were put
    into groups."""

    total: int
    looked_at: int
    groups: tuple[Cause, ...]

    def of(self, key: str) -> Cause | None:
        """The group of this name."""
        return next((group for group in self.groups if group.key == key), None)


@dataclass(frozen=True, slots=True)
class StoppedRule:
    """A rule that has stopped itself, with the newest of what it holds."""

    stopped: brakes.Stopped
    newest: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Needs:
    """All that waits for a person. `holds` are accounts: (name, until when, why)."""

    dead: Causes
    unknown: Causes
    failed: Causes
    stopped: tuple[StoppedRule, ...]
    holds: tuple[tuple[str, datetime, str], ...]

    @property
    def none(self) -> bool:
        """Whether nobody is needed."""
        return not (self.dead.total or self.unknown.total or self.failed.total or self.stopped or self.holds)


def needs(journal: Journal, most: int = LOOKED_AT) -> Needs:
    """Look by indexes alone, at the newest `most` of each sort."""

    def read(connection: Connection) -> Needs:
        return Needs(
            dead=dead(connection, unknown=False, most=most),
            unknown=dead(connection, unknown=True, most=most),
            failed=failed(connection, most),
            stopped=tuple(_stopped(connection)),
            holds=tuple(queries.holds(connection, journal.now())),
        )

    return journal.read(read)


def dead(connection: Connection, *, unknown: bool, most: int = LOOKED_AT) -> Causes:
    """Actions that were given up, or those whose outcome is unknown."""
    doubt = DeadReason.OUTCOME_UNKNOWN.value
    mine = (_DEAD, actions.c.reason == doubt if unknown else actions.c.reason.is_distinct_from(doubt))
    names = ("id", "event_seq", "rule", "kind", "reason", "error", "hint", "finished_at")
    query = select(*(actions.c[name] for name in names)).where(*mine).order_by(actions.c.id.desc()).limit(most)
    rows = connection.execute(query).all()
    total = len(rows)
    if total == most:
        total = _count_of_dead(connection, doubt)
        total = total if unknown else _count_of_dead(connection) - total
    groups: dict[tuple[str, ...], list[Row[*tuple[Any, ...]]]] = {}
    for row in rows:
        groups.setdefault(_alike(row.rule, row.kind, row.reason or "", row.error or ""), []).append(row)
    stories = _events(connection, (row.event_seq for some in groups.values() for row in some[:SHOWN]))
    tried = queries.attempts_of(connection, [some[0].id for some in groups.values()])
    found = (_cause(_key(words), some, stories, tried.get(some[0].id, ())) for words, some in groups.items())
    return Causes(total, len(rows), _sorted(found))


def _count_of_dead(connection: Connection, *reason: str) -> int:
    """Of this reason, or all: both in an index, while all but one reason would be looked for in the actions."""
    query = select(func.count()).select_from(actions).where(_DEAD, *(actions.c.reason == one for one in reason))
    return connection.execute(query).scalar_one()


def failed(connection: Connection, most: int = LOOKED_AT) -> Causes:
    """Events that the rules could not plan."""
    query = select(events.c.seq, events.c.error, events.c.received_at).where(_FAILED).order_by(events.c.seq.desc())
    rows = connection.execute(query.limit(most)).all()
    total = len(rows)
    if total == most:
        total = connection.execute(select(func.count()).select_from(events).where(_FAILED)).scalar_one()
    groups: dict[tuple[str, ...], list[Row[*tuple[Any, ...]]]] = {}
    for row in rows:
        groups.setdefault(_alike("", "", "", row.error or ""), []).append(row)
    stories = _events(connection, (row.seq for some in groups.values() for row in some[:SHOWN]))
    return Causes(total, len(rows), _sorted(_failure(_key(words), some, stories) for words, some in groups.items()))


def resend(journal: Journal, key: str, upto: int) -> int:
    """Send the actions of a cause again, those up to this id (what the person was shown); how many went. Those of
    unknown outcome never do."""
    group = journal.read(lambda c: dead(c, unknown=False)).of(key)
    moved = 0
    for part in chunks(sorted(id_ for id_ in group.ids if id_ <= upto) if group else []):
        moved += journal.write(partial(_resend, part, journal.now()))
    journal.new_actions.set()
    return moved


def events_of_dead(journal: Journal, key: str, upto: int | None = None) -> list[StoredEvent]:
    """The events whose actions of a cause are dead (those up to this action's id), oldest first; the oldest `AT_ONCE`
    where there are more."""
    group = journal.read(lambda c: dead(c, unknown=False)).of(key)
    wanted = [id_ for id_ in group.ids if upto is None or id_ <= upto] if group else []

    def read(connection: Connection) -> list[StoredEvent]:
        numbers: set[int] = set()
        for part in chunks(sorted(wanted)):
            numbers |= set(connection.execute(select(actions.c.event_seq).where(actions.c.id.in_(part))).scalars())
        return [event for _, event in sorted(_events(connection, sorted(numbers)[:AT_ONCE]).items())]

    return journal.read(read)


def replay_failed(journal: Journal, key: str, upto: int) -> int:
    """Let the events of a cause be planned anew, by the rules that the workers have now; how many."""
    group = journal.read(failed).of(key)
    moved = 0
    for part in chunks([seq for seq in group.ids if seq <= upto] if group else []):
        moved += journal.write(partial(mending.plan_again, numbers=part))
    journal.new_events.set()
    return moved


def resume(journal: Journal, rule: str, *, drop: bool) -> int | None:
    """Let a stopped rule go on, with what it holds or without; how many actions, none where it is not stopped."""
    now = journal.now()
    moved = journal.write(lambda c: brakes.resume(c, rule, now, drop=drop))
    journal.new_actions.set()
    return moved


def _resend(ids: Sequence[int], now: datetime, connection: Connection) -> int:
    return sum(mending.resend(connection, id_, now) for id_ in ids)


def _stopped(connection: Connection) -> Iterable[StoppedRule]:
    for one in brakes.stopped(connection):
        mine = (actions.c.state == literal_column("'held'"), actions.c.rule == one.rule)
        query = select(actions.c.id, actions.c.event_seq, actions.c.created_at).where(*mine)
        rows = connection.execute(query.order_by(actions.c.id.desc()).limit(SHOWN)).all()
        stories = _events(connection, (row.event_seq for row in rows))
        yield StoppedRule(one, tuple(Case(r.id, r.created_at, stories[r.event_seq]) for r in rows))


def _cause(
    key: str, rows: Sequence[Row[*tuple[Any, ...]]], stories: Mapping[int, StoredEvent], tried: tuple[Attempt, ...]
) -> Cause:
    first, last = rows[-1], rows[0]
    cases = (Case(r.id, r.finished_at, stories[r.event_seq]) for r in rows[:SHOWN] if r.event_seq in stories)
    words = (last.rule, last.kind, last.reason or "", last.error or "", last.hint or "")
    ids = tuple(row.id for row in rows)
    return Cause(key, *words, first.finished_at, last.finished_at, ids, tuple(cases), tried)


def _failure(key: str, rows: Sequence[Row[*tuple[Any, ...]]], stories: Mapping[int, StoredEvent]) -> Cause:
    first, last = rows[-1], rows[0]
    cases = tuple(Case(0, row.received_at, stories[row.seq]) for row in rows[:SHOWN])
    ids = tuple(row.seq for row in rows)
    return Cause(key, "", "", "", last.error or "", "", first.received_at, last.received_at, ids, cases)


def _alike(rule: str, kind: str, reason: str, error: str) -> tuple[str, ...]:
    """The words that those of one cause have in common."""
    return rule, kind, reason, _SINGULAR.sub("#", error)


def _key(words: tuple[str, ...]) -> str:
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:16]


def _events(connection: Connection, numbers: Iterable[int]) -> dict[int, StoredEvent]:
    return queries.events_by_seq(connection, list(numbers))


def _sorted(groups: Iterable[Cause]) -> tuple[Cause, ...]:
    return tuple(sorted(groups, key=lambda one: (-one.count, one.key)))
