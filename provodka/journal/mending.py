"""What a person decides about what was given up: send again, plan again, or settle what is unknown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, select, update

from provodka.journal import numbering, outbox
from provodka.journal.records import WAIT, ActionState, DeadReason, EventState, NewAction, StoredAction
from provodka.journal.schema import AT_ONCE, actions, events


def resend(connection: Connection, action_id: int, now: datetime) -> bool:
    """Send a dead action again. One with an unknown outcome keeps its doubt, so that its stamp is looked for."""
    changed = connection.execute(
        update(actions)
        .where(actions.c.id == action_id, actions.c.state.in_((ActionState.DEAD, ActionState.CANCELLED)))
        .values(state=ActionState.READY, not_before=now, attempts=0, reason=None, finished_at=None)
    )
    return changed.rowcount == 1


def is_undone(action: StoredAction) -> bool:
    """Whether it has surely done nothing and will do nothing by itself, so that it may become another: it was refused
    or given up without a doubt, or it has never been tried and waits for another's result."""
    if action.unsure_since is not None or action.kind == WAIT:
        return False
    if action.state is ActionState.DEAD:
        return action.reason in (DeadReason.REJECTED, DeadReason.EXHAUSTED)
    return action.state is ActionState.WAITING and action.needs is not None and not action.attempts


def remake(connection: Connection, new: NewAction, now: datetime) -> bool:
    """Give an undone action the kind and the parameters that today's rules plan under its key, and let it go out as if
    it were new: what had been decided for the old ones is forgotten. False where it is not undone any more."""
    row = connection.execute(select(actions).where(actions.c.key == new.key).with_for_update()).first()
    if row is None or not is_undone(outbox.stored(row)):
        return False
    needed = select(actions.c.state).where(actions.c.key == new.needs).with_for_update()
    met = new.needs is None or connection.execute(needed).scalar() == ActionState.DONE
    values = {
        "kind": new.kind,
        "rule": new.rule,
        "params": new.params,
        "priority": new.priority,
        "needs": new.needs,
        "request": None,
        "state": ActionState.READY if met else ActionState.WAITING,
        "not_before": AT_ONCE,
        "created_at": now,
        "attempts": 0,
        "reason": None,
        "error": None,
        "hint": None,
        "finished_at": None,
    }
    connection.execute(update(actions).where(actions.c.id == row.id).values(**values))
    return True


def plan_again(connection: Connection, numbers: Sequence[int]) -> int:
    """Put events that could not be planned back into the inbox; how many of these there were."""
    mine = update(events).where(events.c.seq.in_(numbers), events.c.state == EventState.FAILED)
    fresh = {"state": EventState.RECEIVED, "not_before": AT_ONCE, "attempts": 0, "error": None}
    return connection.execute(mine.values(**fresh)).rowcount


def resolve(connection: Connection, action_id: int, now: datetime, result: str | None, system: str = "") -> bool:
    """Settle an unknown outcome: with a result it did happen; without one it did not and goes out again, unstamped."""
    unknown = and_(
        actions.c.id == action_id, actions.c.state == ActionState.DEAD, actions.c.reason == DeadReason.OUTCOME_UNKNOWN
    )
    row = connection.execute(select(actions).where(unknown)).first()
    if row is None:
        return False
    if result is None:
        values: dict[str, Any] = {"state": ActionState.READY, "not_before": now, "attempts": 0, "unsure_since": None}
    else:
        values = {"state": ActionState.DONE, "result": result, "unsure_since": None, "finished_at": now}
    connection.execute(update(actions).where(actions.c.id == action_id).values(reason=None, error=None, **values))
    if result is not None:
        values = json.loads(result)
        made, identities = outbox.left_behind(row.kind, values)
        outbox.link(connection, [(action_id, *one) for one in made], now, system)
        if row.lane is not None:
            numbers = numbering.numbers_of_result(row.kind, values)
            numbering.put_numbers(connection, [(row.lane, *one) for one in numbers])
        if identities and row.lane is not None:
            outbox.join_lanes(connection, {row.lane: identities}, now)
        outbox.release(connection, [row.key])
    return True
