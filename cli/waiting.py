"""Why an action is not over yet, and what to type so that it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from cli.resume import command
from provodka.journal import MAKERS, ActionState, DeadReason, Journal, StoredAction, brakes, queries
from provodka.journal.records import WAIT

Clock = Callable[[datetime | None], str]


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


def why_not_yet(action: StoredAction, around: Surroundings, at: Clock) -> str:
    """One sentence, empty for what is over."""
    match action.state:
        case ActionState.RUNNING:
            return "is being carried out now"
        case ActionState.WAITING if action.kind == WAIT:
            again = f" (the last try failed: {action.error})" if action.error else ""
            return f"waits until {at(action.not_before)}, then the rule is read again{again}"
        case ActionState.WAITING if action.error and action.not_before is not None:
            return f"waits until {at(action.not_before)}: {action.error}"
        case ActionState.WAITING:
            return _for_result(around.by_key.get(action.needs or ""))
        case ActionState.READY:
            return _ready(action, around, at)
        case ActionState.HELD:
            return _braked(around.stopped.get(action.rule), at)
    return ""


def _braked(stopped: brakes.Stopped | None, at: Clock) -> str:
    if stopped is None:
        return "is held, since its rule stopped itself"
    return f"is held: its rule stopped itself at {at(stopped.since)}, since {stopped.why}"


def _for_result(needed: StoredAction | None) -> str:
    if needed is None:
        return "waits for the result of an action that is not there"
    waits = f"waits for the result of action {needed.id} ({needed.kind}), which is {needed.state}"
    return f"{waits}: settle that one first" if needed.state is ActionState.DEAD else waits


def _ready(action: StoredAction, around: Surroundings, at: Clock) -> str:
    parts = ["to be sent as soon as there is a free worker"]
    if action.not_before is not None and action.not_before > around.now:
        parts = [f"waits until {at(action.not_before)} to be tried again"]
    elif action.id in around.ahead:
        parts = [f"waits for action {around.ahead[action.id]}, which goes before it in the same lane"]
    if action.unsure_since is not None:
        parts.append("whether an earlier attempt was carried out is not known, so that is looked for first")
    parts += [f"account {account} is held until {at(until)}: {why}" for account, until, why in around.holds]
    return "; ".join(parts)


def next_commands(action: StoredAction) -> tuple[str, ...]:
    """What a person can type to move this action on."""
    if action.state is ActionState.HELD:
        return (command(action.rule), f"{command(action.rule)} --drop")
    if action.state is ActionState.CANCELLED:
        return (f"provodka resend {action.id}",)
    if action.state is not ActionState.DEAD:
        return ()
    if action.reason != DeadReason.OUTCOME_UNKNOWN:
        return (f"provodka resend {action.id}",)
    ids = "--lead ID --contact ID" if action.kind in MAKERS else "--remote-id ID"
    return (
        f"provodka resolve {action.id} --done {ids}",
        f"provodka resolve {action.id} --not-done",
        f"provodka resend {action.id}",
    )
