"""What becomes of an action after an attempt: the one place where an error turns into a next state."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from provodka.errors import (
    Ambiguous,
    AuthFailed,
    ConnectorError,
    OutcomeUnknownError,
    RateLimited,
    Rejected,
    Retryable,
)
from provodka.journal import ActionState, DeadReason, Finished, StoredAction, numbering, outbox
from provodka.operation import Done, Outcome, Postponed

# the pauses before attempts 2, 3, …; together more than two days, so that a weekend's outage is survived
BACKOFF: Final[Sequence[timedelta]] = tuple(
    timedelta(seconds=s) for s in (1, 3, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 28800, 43200, 86400)
)
_PATIENCE: Final = timedelta(days=1.5)  # attempts may be used up sooner: an action is woken whenever an outage ends
_AUTH_PAUSE: Final = timedelta(seconds=60)
_LONGEST_HOLD: Final = timedelta(days=3)  # a limit or a dead token uses up no attempt, but not for ever

_UNKNOWN_HINT: Final = (
    "Неизвестно, выполнено ли действие: ответ не пришёл. Посмотрите в CRM и закройте вопрос командой provodka resolve."
)


@dataclass(frozen=True, slots=True)
class Attempted:
    """One attempt of one action: when it began, what came of it, and the calls made (JSON)."""

    action: StoredAction
    number: int
    started_at: datetime
    outcome: Outcome
    calls: str


def settle(attempted: Attempted, now: datetime, jitter: Callable[[], float] = random.random) -> Finished:
    """The ending of an attempt. `jitter` gives 0…1, so that those who failed together do not come back together."""
    outcome, action = attempted.outcome, attempted.action
    match outcome:
        case Done():
            return _done(attempted, outcome)
        case Postponed():
            return _postponed(attempted, outcome)
        case OutcomeUnknownError():
            hint = outcome.hint or _UNKNOWN_HINT
            return _dead(attempted, DeadReason.OUTCOME_UNKNOWN, outcome.reason, hint, "ambiguous")
        case Rejected():
            return _dead(attempted, DeadReason.REJECTED, outcome.words, outcome.hint, outcome.kind)
        case RateLimited() | AuthFailed():
            pause = timedelta(seconds=outcome.wait) if outcome.wait else _AUTH_PAUSE
            if isinstance(outcome, RateLimited) and not outcome.wait:
                pause = timedelta(seconds=1)
            if action.created_at is not None and now - action.created_at > _LONGEST_HOLD:
                return _dead(attempted, DeadReason.EXHAUSTED, outcome.words, outcome.hint, outcome.kind)
            return _again(attempted, outcome, now + pause, counts=False)
        case Retryable() | Ambiguous():
            if action.attempts > len(BACKOFF) and not _is_young(action, now):
                return _exhausted(attempted, outcome)
            pause = BACKOFF[min(max(0, action.attempts - 1), len(BACKOFF) - 1)]
            if outcome.wait and outcome.status is None:  # our own word, which knows how long it takes
                return _again(
                    attempted, outcome, now + timedelta(seconds=outcome.wait * (1 + 0.1 * jitter())), counts=True
                )
            return _again(attempted, outcome, now + pause * (0.8 + 0.4 * jitter()), counts=True)
    raise TypeError(f"no outcome: {outcome!r}")


def _is_young(action: StoredAction, now: datetime) -> bool:
    return action.created_at is not None and now - action.created_at < _PATIENCE


def _done(attempted: Attempted, done: Done) -> Finished:
    values = {"remote_id": done.remote_id, **done.values}
    made, identities = outbox.left_behind(attempted.action.kind, values)
    return Finished(
        action_id=attempted.action.id,
        attempt=attempted.number,
        outcome="found" if done.found else "done",
        state=ActionState.DONE,
        calls=attempted.calls,
        result=json.dumps(values, ensure_ascii=False),
        made=made,
        identities=identities,
        numbers=numbering.numbers_of_result(attempted.action.kind, values),
        system=values.get("system", ""),
    )


def _postponed(attempted: Attempted, postponed: Postponed) -> Finished:
    return Finished(
        action_id=attempted.action.id,
        attempt=attempted.number,
        outcome="postponed",
        state=ActionState.WAITING,
        calls=attempted.calls,
        error=postponed.reason,
        not_before=postponed.until,
        unsure_since=attempted.action.unsure_since,
        counts=False,
    )


def _dead(attempted: Attempted, reason: DeadReason, error: str, hint: str, outcome: str) -> Finished:
    return Finished(
        action_id=attempted.action.id,
        attempt=attempted.number,
        outcome=outcome,
        state=ActionState.DEAD,
        calls=attempted.calls,
        reason=reason,
        error=error,
        hint=hint,
        unsure_since=attempted.action.unsure_since or (attempted.started_at if outcome == "ambiguous" else None),
    )


def _exhausted(attempted: Attempted, outcome: ConnectorError) -> Finished:
    unsure = attempted.action.unsure_since is not None or isinstance(outcome, Ambiguous)
    reason = DeadReason.OUTCOME_UNKNOWN if unsure else DeadReason.EXHAUSTED
    return _dead(attempted, reason, outcome.words, outcome.hint, outcome.kind)


def _again(attempted: Attempted, outcome: ConnectorError, not_before: datetime, *, counts: bool) -> Finished:
    """Once in doubt, always in doubt until found or done: a later "surely not sent" says nothing of the earlier try."""
    unsure = attempted.action.unsure_since
    if unsure is None and isinstance(outcome, Ambiguous):
        unsure = attempted.started_at
    return Finished(
        action_id=attempted.action.id,
        attempt=attempted.number,
        outcome=outcome.kind,
        state=ActionState.READY,
        calls=attempted.calls,
        error=outcome.words,
        hint=outcome.hint,
        not_before=not_before,
        unsure_since=unsure,
        counts=counts,
        system=outcome.system,
    )
