"""The brake: a rule that would touch too many cards in too short a time stops itself, and its actions are held.

A card is a lane. It is decided in the very transaction that stores the plans, with the rule's row locked: several
planners on one journal count together. What is counted are the lanes of the last minutes, never the outbox.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, bindparam, delete, exists, func, literal_column, or_, select, update

from provodka.brake import Brake
from provodka.journal import troubles
from provodka.journal.records import WAIT, ActionState, PlanRecord
from provodka.journal.schema import actions, brakes, touched
from provodka.journal.sql import among, insert_new, upsert

# built once: SQLAlchemy takes longer to build such a statement than to execute it
_LOCKED: Final = select(brakes).where(among(brakes.c.rule, "rules")).order_by(brakes.c.rule).with_for_update()
_FORGET: Final = delete(touched).where(among(touched.c.rule, "rules"), touched.c.at <= bindparam("before"))
_COUNTS: Final = select(touched.c.rule, func.count()).where(among(touched.c.rule, "rules")).group_by(touched.c.rule)
_KNOWN: Final = select(touched.c.rule, touched.c.lane).where(
    among(touched.c.rule, "rules"), among(touched.c.lane, "lanes")
)
# written out, not bound: SQLite uses a partial index only when the statement shows the constant
_HELD: Final[ColumnElement[str]] = literal_column("'held'")
_HELD_COUNTS: Final = select(actions.c.rule, func.count()).where(actions.c.state == _HELD).group_by(actions.c.rule)
_UNITS: Final = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))
_STOP: Final = (
    update(brakes).where(brakes.c.rule == bindparam("of")).values(stopped_at=bindparam("now"), why=bindparam("because"))
)
_HOLDING: Final = actions.alias("holding")
_NEEDED: Final = (
    select(actions.c.id)
    .where(actions.c.key.in_(select(_HOLDING.c.needs).where(_HOLDING.c.state == _HELD)))
    .order_by(actions.c.id)
    .with_for_update()
)
_CURE: Final = (
    'Проверьте, того ли вы хотели от правила. Отпустить задержанное: provodka resume "{rule}"; отменить его: '
    'provodka resume "{rule}" --drop'
)


@dataclass(frozen=True, slots=True)
class Stopped:
    """A rule that has stopped itself, and how many of its actions are held."""

    rule: str
    since: datetime
    why: str
    held: int


def trouble_of(rule: str) -> str:
    """The name of the trouble that tells of it."""
    return f"rule «{rule}» stopped itself"


def held_back(
    connection: Connection, records: Sequence[PlanRecord], lanes: Mapping[int, int], now: datetime
) -> set[str]:
    """The keys of those new actions that are to be held; counts the others' lanes, and stops the rules that go too far.

    `lanes` are the present lanes by event.
    """
    limits = {a.rule: a.brake for r in records for a in r.actions if a.brake is not None and a.kind != WAIT}
    if not limits:
        return set()
    stopped = _lock(connection, sorted(limits))
    watched = {rule: limit for rule, limit in limits.items() if rule not in stopped}
    window = _Window(connection, watched, {lanes.get(r.seq, r.lane) for r in records}, now)
    held: set[str] = set()
    for record in records:
        lane = lanes.get(record.seq, record.lane)
        for action in record.actions:
            if action.rule not in limits or action.kind == WAIT:
                continue
            if action.rule not in stopped and not window.takes(action.rule, lane):
                stopped.add(action.rule)
                _stop(connection, action.rule, limits[action.rule], now)
            if action.rule in stopped:
                held.add(action.key)
    window.keep(connection, now)
    return held


class _Window:
    """Which lanes rules have touched in the time that their brakes look at."""

    def __init__(
        self, connection: Connection, limits: Mapping[str, Brake], lanes: Collection[int], now: datetime
    ) -> None:
        self._limits = limits
        rules = sorted(limits)
        for within in {limit.within for limit in limits.values()}:
            same = [rule for rule in rules if limits[rule].within == within]
            connection.execute(_FORGET, {"rules": same, "before": now - within})
        counted = {row[0]: row[1] for row in connection.execute(_COUNTS, {"rules": rules})} if rules else {}
        known = connection.execute(_KNOWN, {"rules": rules, "lanes": sorted(lanes)}) if counted else ()
        self._counts = Counter[str](counted)
        self._known = {(row[0], row[1]) for row in known}
        self._touched: set[tuple[str, int]] = set()

    def takes(self, rule: str, lane: int) -> bool:
        """Count a lane; false where it would be one too many."""
        if (rule, lane) not in self._known:
            if self._counts[rule] >= self._limits[rule].cards:
                return False
            self._counts[rule] += 1
            self._known.add((rule, lane))
        self._touched.add((rule, lane))
        return True

    def keep(self, connection: Connection, now: datetime) -> None:
        """A lane that is touched again stays in the window for its whole length."""
        rows = [{"rule": rule, "lane": lane, "at": now} for rule, lane in sorted(self._touched)]
        if rows:
            connection.execute(upsert(connection, touched, ("rule", "lane"), ("at",)), rows)


def _lock(connection: Connection, rules: Sequence[str]) -> set[str]:
    """Lock the rows of these rules, which makes other planners wait, and tell which of them are stopped."""
    rows = connection.execute(_LOCKED, {"rules": rules}).all()
    if len(rows) < len(rules):
        fresh = [{"rule": rule, "stopped_at": None, "why": ""} for rule in rules]
        connection.execute(insert_new(connection, brakes, ("rule",)), fresh)
        rows = connection.execute(_LOCKED, {"rules": rules}).all()
    return {row.rule for row in rows if row.stopped_at is not None}


def _stop(connection: Connection, rule: str, limit: Brake, now: datetime) -> None:
    why = f"it would touch more than {limit.cards} cards within {_minutes(limit.within)}"
    connection.execute(_STOP, {"of": rule, "now": now, "because": why})
    troubles.report(connection, trouble_of(rule), why, _CURE.format(rule=rule), now)


def _minutes(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    whole = next(((seconds // size, unit) for size, unit in _UNITS if seconds % size == 0), (seconds, "s"))
    return f"{whole[0]} {whole[1]}"


def stopped(connection: Connection) -> list[Stopped]:
    """The rules that have stopped themselves, the first one first."""
    rows = connection.execute(
        select(brakes).where(brakes.c.stopped_at.is_not(None)).order_by(brakes.c.stopped_at, brakes.c.rule)
    )
    held: dict[str, int] = {row[0]: row[1] for row in connection.execute(_HELD_COUNTS)}
    return [Stopped(row.rule, row.stopped_at, row.why, held.get(row.rule, 0)) for row in rows]


def resume(connection: Connection, rule: str, now: datetime, *, drop: bool) -> int | None:
    """Let a stopped rule go on, its count begun anew; how many actions were released, in their order, or cancelled.

    None where the rule is not stopped.
    """
    rows = connection.execute(_LOCKED, {"rules": [rule]}).all()
    if not rows or rows[0].stopped_at is None:
        return None
    connection.execute(update(brakes).where(brakes.c.rule == rule).values(stopped_at=None, why=""))
    connection.execute(delete(touched).where(touched.c.rule == rule))
    troubles.end(connection, trouble_of(rule), now)
    mine = update(actions).where(actions.c.state == _HELD, actions.c.rule == rule)
    if drop:
        words = "dropped by a person after its rule had stopped itself"
        return connection.execute(mine.values(state=ActionState.CANCELLED, finished_at=now, error=words)).rowcount
    connection.execute(_NEEDED).all()  # none of them may become done unseen between the question and our commit
    needed = actions.alias("needed")
    met = exists().where(needed.c.key == actions.c.needs, needed.c.state == ActionState.DONE)
    ready = connection.execute(mine.where(or_(actions.c.needs.is_(None), met)).values(state=ActionState.READY))
    return ready.rowcount + connection.execute(mine.values(state=ActionState.WAITING)).rowcount
