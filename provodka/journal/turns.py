"""Turns: whose lead the next one is. Exact under concurrency and after a crash."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, exists, func, select

from provodka.journal.records import ActionState
from provodka.journal.schema import actions, counters, turns
from provodka.journal.sql import among, chunks, insert_new, upsert
from provodka.turns import Pick, Standing

KEPT: Final = timedelta(days=30)
"""For how long turns are remembered whose actions are done."""

# built once: SQLAlchemy takes longer to build such a statement than to execute it
_COUNTER: Final = select(counters).where(counters.c.name == bindparam("named")).with_for_update()
_TAKEN: Final = select(turns).where(among(turns.c.action_key, "keys"))
_GIVEN: Final = (
    select(turns.c.person, actions.c.state, actions.c.result)
    .join_from(turns, actions, actions.c.key == turns.c.action_key)
    .where(among(turns.c.person, "people"))
    .order_by(turns.c.at.desc())
    .limit(bindparam("most"))
)
_DEALT: Final = (
    select(turns.c.counter, turns.c.person, func.count())
    .where(turns.c.at >= bindparam("since"), turns.c.at < bindparam("until"))
    .group_by(turns.c.counter, turns.c.person)
)
_STATES: Final = select(counters.c.name, counters.c.last).where(among(counters.c.name, "names"))
_MAY_ASK: Final = exists().where(actions.c.key == turns.c.action_key, actions.c.state != ActionState.DONE)
_CLEAN: Final = delete(turns).where(turns.c.at < bindparam("before_moment"), ~_MAY_ASK)


def take(
    connection: Connection, counter: str, keys: Sequence[str], pick: Pick, now: datetime
) -> dict[str, tuple[str, str]]:
    """A turn for each action key, in their order: (person, reason). A key for which `pick` finds nobody is absent.

    A key that had its turn keeps it, whatever queue it was of. The row of the counter is locked by the transaction
    that takes the turn, so two takers never get the same one.
    """
    row = connection.execute(_COUNTER, {"named": counter}).first()
    if row is None:  # the first turn ever; whoever else takes it at this moment waits for our row
        connection.execute(insert_new(connection, counters, ("name",)), [{"name": counter, "value": 0, "last": ""}])
        row = connection.execute(_COUNTER, {"named": counter}).one()
    taken = {
        t.action_key: (t.person, t.reason)
        for some in chunks(keys)
        for t in connection.execute(_TAKEN, {"keys": list(some)})
    }
    standing = Standing(now, row.value, _state(row.last))
    fresh = []
    for key in keys:
        turn = None if key in taken else pick(standing)
        if turn is None:
            continue
        standing = Standing(now, standing.turns + 1, turn.state)
        taken[key] = (turn.person, turn.reason)
        fresh.append({"action_key": key, "counter": counter, "person": turn.person, "reason": turn.reason, "at": now})
    if fresh:
        connection.execute(insert_new(connection, turns, ("action_key",)), fresh)
        kept = [{"name": counter, "value": standing.turns, "last": json.dumps(standing.state, ensure_ascii=False)}]
        connection.execute(upsert(connection, counters, ("name",), ("value", "last")), kept)
    return taken


def given(connection: Connection, people: Sequence[str], most: int) -> list[tuple[str, bool, Mapping[str, str]]]:
    """The newest turns of these people: (person, whether its action is settled, the values of the action's result)."""
    rows = connection.execute(_GIVEN, {"people": list(people), "most": most})
    over = (ActionState.DONE, ActionState.DEAD, ActionState.CANCELLED)
    return [(row.person, row.state in over, json.loads(row.result) if row.result else {}) for row in rows]


def dealt(connection: Connection, since: datetime, until: datetime) -> dict[str, dict[str, int]]:
    """How many turns of each queue everybody took in this time. All turns are looked through: not for a page to wait
    for. Of what was done long ago they are forgotten (`KEPT`)."""
    found: dict[str, dict[str, int]] = {}
    for counter, person, number in connection.execute(_DEALT, {"since": since, "until": until}):
        found.setdefault(counter, {})[person] = number
    return found


def states(connection: Connection, names: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """What these queues keep with their last turns, by their names; those that never dealt are absent."""
    rows = connection.execute(_STATES, {"names": list(names)})
    return {row.name: _state(row.last) for row in rows}


def clean(connection: Connection, before: datetime) -> int:
    """Forget the turns taken before a moment whose action will never ask again; returns how many.

    An action that is not done may ask again, a dead or cancelled one too: it can be resent. The queues themselves
    go on where they stood.
    """
    return connection.execute(_CLEAN, {"before_moment": before}).rowcount


def _state(last: str) -> dict[str, Any]:
    """What was kept with the last turn. A journal of the first version kept the name alone."""
    if last.startswith("{"):
        state: dict[str, Any] = json.loads(last)
        return state
    return {"last": last} if last else {}
