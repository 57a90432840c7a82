"""What stands between an event and what its people expected: for each event the findings, worst first, as data. The
words for them are the console's."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any, Final, Protocol

from pydantic import ValidationError
from sqlalchemy import Connection

from provodka.errors import taken_apart
from provodka.journal import ActionState, EventState, Journal, StoredAction, StoredEvent, lasts, queries
from provodka.journal.records import WAIT, Attempt
from provodka.payloads import EventType, FormSpam, PaymentEvent, Unreadable
from rules.plan import ConditionTrace, PlanTrace, RuleOutcome, RuleTrace, load_trace
from rules.told import told_of_record
from support.masking import Mask


class What(StrEnum):
    """What was found.

    Of an action: `dead`; `stuck` (it failed and comes again by itself), `later` (it waits for its hour), `held` (its
    rule has stopped itself), `reused` (it found an open lead and made none), `doubles` (the CRM has the person more
    than once). Of a rule: `broke`, `held_back`, `throttled`, `waits` (for its time), `dropped`, `not_matched`,
    `taken` (another rule kept the event). Of an event: `failed`, `unreadable`, `robot`, `repeat`, `money` (a payment
    that fits no order, or not by its sum), `no_rule`.
    """

    DEAD = "dead"
    STUCK = "stuck"
    LATER = "later"
    HELD = "held"
    REUSED = "reused"
    DOUBLES = "doubles"
    BROKE = "broke"
    HELD_BACK = "held_back"
    THROTTLED = "throttled"
    WAITS = "waits"
    DROPPED = "dropped"
    NOT_MATCHED = "not_matched"
    TAKEN = "taken"
    FAILED = "failed"
    UNREADABLE = "unreadable"
    ROBOT = "robot"
    REPEAT = "repeat"
    MONEY = "money"
    NO_RULE = "no_rule"


class Grade(IntEnum):
    """How much it matters: a person is needed, it goes on by itself, it is as it should be."""

    BAD = 0
    WAIT = 1
    FINE = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One of them. `kind` and `action` (its id) are of the action, `rule` the rule it is about; `error`, `hint`,
    `status`, `code` and `outcome` (of the last attempt) what went wrong, `system` the type of the system that was
    called; `until` when it goes on, `condition` the first one that did not hold. `told` are values by what they are:
    `lead`, `contacts`, `channel`, `event` (the first of a repeat), `order`, `asked`, `paid`, `type`."""

    what: What
    grade: Grade
    rule: str = ""
    kind: str = ""
    action: int = 0
    reason: str = ""
    error: str = ""
    hint: str = ""
    status: int | None = None
    code: str = ""
    outcome: str = ""
    system: str = ""
    until: datetime | None = None
    condition: ConditionTrace | None = None
    told: Mapping[str, str] = field(default_factory=dict)


class Failing(Protocol):
    """What went wrong: an action, or a group of those that went wrong alike."""

    @property
    def rule(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def reason(self) -> str | None: ...

    @property
    def error(self) -> str: ...

    @property
    def hint(self) -> str: ...


INCOMING: Final = frozenset(
    {
        EventType.FORM_SUBMITTED, EventType.FORM_SPAM, EventType.EMAIL_RECEIVED, EventType.CALL_FINISHED,
        EventType.CALL_MISSED, EventType.MESSAGE_RECEIVED, EventType.TABLE_ROW_ADDED, EventType.PAYMENT_SUCCEEDED,
        EventType.PAYMENT_DIFFERS, EventType.PAYMENT_UNMATCHED, EventType.UNREADABLE,
    }
)  # fmt: skip
"""What people do and expect an answer to: that nothing came of it is worth a word."""
_MONEY: Final = (EventType.PAYMENT_DIFFERS, EventType.PAYMENT_UNMATCHED)
_TELLS_ITSELF: Final = (EventType.UNREADABLE, EventType.FORM_SPAM, *_MONEY)
_OUTCOMES: Final = {
    RuleOutcome.HELD_BACK: (What.HELD_BACK, Grade.FINE),
    RuleOutcome.THROTTLED: (What.THROTTLED, Grade.FINE),
    RuleOutcome.WAITING: (What.WAITS, Grade.WAIT),
    RuleOutcome.DROPPED: (What.DROPPED, Grade.FINE),
    RuleOutcome.STOPPED: (What.TAKEN, Grade.FINE),
    RuleOutcome.NOT_MATCHED: (What.NOT_MATCHED, Grade.FINE),
}
_TRIED: Final = (ActionState.DEAD, ActionState.READY, ActionState.RUNNING)


@dataclass(frozen=True, slots=True)
class Case:
    """An event with its actions, its last plan (JSON, empty for none) and the attempts of those of its actions that
    went wrong, by id."""

    event: StoredEvent
    actions: Sequence[StoredAction] = ()
    trace: str = ""
    attempts: Mapping[int, Sequence[Attempt]] = field(default_factory=dict)


def cases(journal: Journal, stored: Sequence[StoredEvent], *, closely: bool = True) -> list[Case]:
    """The events with what the findings need, in the same order: three readings for all of them. Not `closely`: with
    their actions alone."""
    numbers = [one.seq for one in stored]

    def read(connection: Connection) -> list[Case]:
        actions = queries.actions_of(connection, numbers)
        if not closely:
            return [Case(one, actions.get(one.seq, ())) for one in stored]
        tried = [a.id for some in actions.values() for a in some if a.state in _TRIED and (a.error or a.reason)]
        attempts = queries.attempts_of(connection, tried)
        wanted = [one.seq for one in stored if one.event.type in INCOMING and one.state is EventState.PLANNED]
        traces = lasts.last_traces(connection, wanted)
        return [Case(one, actions.get(one.seq, ()), traces.get(one.seq, ""), attempts) for one in stored]

    return journal.read(read)


def findings(case: Case, mask: Mask) -> tuple[Finding, ...]:
    """Worst first; nothing where all went as it should."""
    found = [*_of_event(case, mask), *_of_actions(case, mask), *_of_rules(case, mask)]
    return tuple(sorted(found, key=lambda one: one.grade))


def _of_event(case: Case, mask: Mask) -> Iterator[Finding]:
    event = case.event.event
    if case.event.state is EventState.FAILED:
        yield Finding(What.FAILED, Grade.BAD, error=mask.text(case.event.error))
    elif case.event.error and case.event.state is EventState.RECEIVED:
        apart = taken_apart(case.event.error)
        yield Finding(What.STUCK, Grade.WAIT, error=mask.text(apart.reason), status=apart.status, code=apart.code)
    channel = {"channel": event.channel}
    match event.payload:
        case Unreadable(why=why):
            yield Finding(What.UNREADABLE, Grade.BAD, error=mask.text(why), told=channel)
        case FormSpam(why=why):
            yield Finding(What.ROBOT, Grade.WAIT, error=mask.text(why), told=channel)
        case PaymentEvent(payment=paid) if event.type in _MONEY:
            told = {"order": mask.text(paid.order), "asked": f"{paid.asked:f}", "paid": f"{paid.amount:f}"}
            yield Finding(What.MONEY, Grade.BAD, error=mask.text(paid.reason), code=event.type.value, told=told)


def _of_actions(case: Case, mask: Mask) -> Iterator[Finding]:
    for action in case.actions:
        if action.kind == WAIT:
            continue
        one = _of_action(action, case, mask)
        if one is not None:
            yield one
        if action.state is ActionState.DONE:
            yield from _of_result(action)


def _of_action(action: StoredAction, case: Case, mask: Mask) -> Finding | None:
    attempts = case.attempts.get(action.id, ())
    match action.state:
        case ActionState.DEAD:
            return replace(dead(action, attempts, mask), action=action.id)
        case ActionState.READY if action.error:
            found = _tried(What.STUCK, _stuck(attempts), action, attempts, mask)
            return replace(found, action=action.id, until=action.not_before)
        case ActionState.WAITING if action.error and action.not_before is not None:
            return Finding(
                What.LATER, Grade.WAIT, action.rule, action.kind, action.id, until=action.not_before,
                error=mask.text(action.error),
            )  # fmt: skip
        case ActionState.HELD:
            return Finding(What.HELD, Grade.BAD, action.rule, action.kind, action.id)
    return None


def _stuck(attempts: Sequence[Attempt]) -> Grade:
    """A key that is not accepted waits for a person, though it is tried again."""
    return Grade.BAD if _outcome(attempts) == "auth_failed" else Grade.WAIT


def dead(tried: Failing, attempts: Sequence[Attempt], mask: Mask) -> Finding:
    """Why it was given up, by its attempts."""
    return _tried(What.DEAD, Grade.BAD, tried, attempts, mask)


def _tried(what: What, grade: Grade, tried: Failing, attempts: Sequence[Attempt], mask: Mask) -> Finding:
    apart, call = taken_apart(tried.error), _bad_call(attempts)
    return Finding(
        what, grade, tried.rule, tried.kind, reason=tried.reason or "", error=mask.text(apart.reason),
        hint=mask.text(tried.hint), status=apart.status or call.get("status"), code=apart.code,
        outcome=_outcome(attempts), system=str(call.get("system", "")),
    )  # fmt: skip


def _outcome(attempts: Sequence[Attempt]) -> str:
    """How the last one ended."""
    return (attempts[-1].outcome or "") if attempts else ""


def _bad_call(attempts: Sequence[Attempt]) -> Mapping[str, Any]:
    """The last call that went wrong, else the last one, of the last attempt that made any."""
    for attempt in reversed(attempts):
        calls: list[dict[str, Any]] = json.loads(attempt.calls)
        if calls:
            return next((call for call in reversed(calls) if call.get("error_kind")), calls[-1])
    return {}


def _of_result(action: StoredAction) -> Iterator[Finding]:
    told = json.loads(action.result or "{}")
    if not isinstance(told, dict) or action.kind != "intake":
        return
    lead = str(told.get("lead_id", ""))
    if told.get("created") == "no":
        yield Finding(What.REUSED, Grade.FINE, action.rule, action.kind, action.id, told={"lead": lead})
    if told.get("doubles"):
        others = ", ".join(filter(None, (str(told.get("contact_id", "")), str(told["doubles"]))))
        yield Finding(What.DOUBLES, Grade.BAD, action.rule, action.kind, action.id, told={"contacts": others})


def _of_rules(case: Case, mask: Mask) -> Iterator[Finding]:
    """Which rules broke; and where nothing was made of the event, why not: by the rule that came nearest to it."""
    if not case.trace or case.event.state is not EventState.PLANNED:
        return
    try:
        trace = load_trace(case.trace)
    except ValidationError:
        return  # of another version, or of a hint
    for rule in trace.rules:
        if rule.outcome is RuleOutcome.ERROR:
            yield Finding(What.BROKE, Grade.BAD, rule.rule, error=mask.text(rule.error or rule.missing))
    is_broken = any(rule.outcome is RuleOutcome.ERROR for rule in trace.rules)
    if is_broken or any(action.kind != WAIT for action in case.actions):
        return
    told = told_of_record(trace.facts)
    if told is not None and any(rule.outcome is RuleOutcome.STOPPED for rule in trace.rules):
        yield Finding(What.REPEAT, Grade.FINE, told={"event": told.event})
        return
    event, nearest = case.event.event, _nearest(trace)
    if nearest is not None:
        yield _silent(nearest, case, mask)
    elif event.type not in _TELLS_ITSELF and all(rule.outcome is RuleOutcome.OTHER_TRIGGER for rule in trace.rules):
        yield Finding(What.NO_RULE, Grade.WAIT, told={"type": event.type.value, "channel": event.channel})


def _nearest(trace: PlanTrace) -> RuleTrace | None:
    """Of the rules that did nothing: one that matched and was held back goes before one that waits, that before one
    with the fewest conditions that did not hold, and of those the one with the most that did."""
    order = list(_OUTCOMES)

    def distance(rule: RuleTrace) -> tuple[int, int, int]:
        met = sum(one.matched is True for one in rule.conditions)
        return order.index(rule.outcome), len(list(_unmet(rule.conditions))), -met

    return min((rule for rule in trace.rules if rule.outcome in _OUTCOMES), key=distance, default=None)


def _silent(rule: RuleTrace, case: Case, mask: Mask) -> Finding:
    what, grade = _OUTCOMES[rule.outcome]
    due = [a.not_before for a in case.actions if a.rule == rule.rule and a.kind == WAIT and a.not_before is not None]
    first = next(_unmet(rule.conditions), None)
    shown = mask.condition(first) if first is not None else None
    found = Finding(what, grade, rule.rule, condition=shown, error=mask.text(rule.reason))
    return replace(found, until=min(due)) if due else found


def _unmet(conditions: Sequence[ConditionTrace]) -> Iterator[ConditionTrace]:
    """The single conditions that did not hold."""
    for one in conditions:
        if one.matched is not False:
            continue
        if one.parts and one.op != "not":
            yield from _unmet(one.parts)
        else:
            yield one
