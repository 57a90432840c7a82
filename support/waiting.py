"""Why an action is not over yet, and what a person can do about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from provodka.journal import ActionState, DeadReason, Journal, StoredAction, brakes, queries
from provodka.journal.records import WAIT


class WaitsFor(StrEnum):
    """What an action waits for.

    `timer`: its rule's time; `retry`: the next try; `later`: its own time, after what `why` says; `result`: that of
    `action`; `lane`: `action`, which goes before it; `worker`: a free one; `doubt`: first it is looked for whether an
    earlier attempt was carried out; `account`: one that is held; `brake`: its rule has stopped itself.
    """

    CARRIED_OUT = "carried_out"
    TIMER = "timer"
    RETRY = "retry"
    LATER = "later"
    RESULT = "result"
    LANE = "lane"
    WORKER = "worker"
    DOUBT = "doubt"
    ACCOUNT = "account"
    BRAKE = "brake"


@dataclass(frozen=True, slots=True)
class Wait:
    """One reason. `until` is when it ends, or since when a rule is stopped; `why` the words of whoever holds it;
    `action` the id of the other action, `kind` and `state` what it is; `name` the account or the rule."""

    what: WaitsFor
    until: datetime | None = None
    why: str = ""
    action: int | None = None
    kind: str = ""
    state: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an action may be waiting for: the others of its event, who stands before it in its lane, held accounts."""

    now: datetime
    by_key: Mapping[str, StoredAction]
    ahead: Mapping[int, int]
    holds: Sequence[tuple[str, datetime, str]]
    stopped: Mapping[str, brakes.Stopped] = field(default_factory=dict)

    @classmethod
    def of(cls, journal: Journal, actions: Sequence[StoredAction]) -> Surroundings:
        now = journal.now()

        def read(connection: Connection) -> Surroundings:
            ready = [action for action in actions if action.state is ActionState.READY]
            ahead = {action.id: queries.ahead_in_lane(connection, action) for action in ready}
            held = queries.holds(connection, now) if ready else []
            braked = any(action.state is ActionState.HELD for action in actions)
            stopped = {one.rule: one for one in brakes.stopped(connection)} if braked else {}
            before = {id_: at for id_, at in ahead.items() if at}
            return cls(now, {a.key: a for a in actions}, before, held, stopped)

        return journal.read(read)


def waits(action: StoredAction, around: Surroundings) -> tuple[Wait, ...]:
    """Why it is not over yet, what matters most first; nothing for what is over."""
    match action.state:
        case ActionState.RUNNING:
            return (Wait(WaitsFor.CARRIED_OUT),)
        case ActionState.WAITING if action.kind == WAIT:
            return (Wait(WaitsFor.TIMER, action.not_before, action.error),)
        case ActionState.WAITING if action.error and action.not_before is not None:
            return (Wait(WaitsFor.LATER, action.not_before, action.error),)
        case ActionState.WAITING:
            return (_for_result(around.by_key.get(action.needs or "")),)
        case ActionState.READY:
            return tuple(_ready(action, around))
        case ActionState.HELD:
            stopped = around.stopped.get(action.rule)
            since, why = (stopped.since, stopped.why) if stopped else (None, "")
            return (Wait(WaitsFor.BRAKE, since, why, name=action.rule),)
    return ()


def _for_result(needed: StoredAction | None) -> Wait:
    if needed is None:
        return Wait(WaitsFor.RESULT)
    return Wait(WaitsFor.RESULT, action=needed.id, kind=needed.kind, state=needed.state.value)


def _ready(action: StoredAction, around: Surroundings) -> Iterator[Wait]:
    if action.not_before is not None and action.not_before > around.now:
        yield Wait(WaitsFor.RETRY, action.not_before, action.error)
    elif action.id in around.ahead:
        yield Wait(WaitsFor.LANE, action=around.ahead[action.id])
    else:
        yield Wait(WaitsFor.WORKER)
    if action.unsure_since is not None:
        yield Wait(WaitsFor.DOUBT)
    yield from (Wait(WaitsFor.ACCOUNT, until, why, name=account) for account, until, why in around.holds)


class Mend(StrEnum):
    """What a person can do: `replay` an event; `resend` an action, `settle` it as done or not done; `resume` its rule
    with what was held, or `drop` that."""

    REPLAY = "replay"
    RESEND = "resend"
    SETTLE = "settle"
    RESUME = "resume"
    DROP = "drop"


def mends(action: StoredAction) -> tuple[Mend, ...]:
    """What moves this action on, the best first; nothing for what moves by itself or is over."""
    match action.state:
        case ActionState.HELD:
            return (Mend.RESUME, Mend.DROP)
        case ActionState.CANCELLED:
            return (Mend.RESEND,)
        case ActionState.DEAD if action.reason == DeadReason.OUTCOME_UNKNOWN:
            return (Mend.SETTLE, Mend.RESEND)
        case ActionState.DEAD:
            return (Mend.RESEND,)
    return ()
