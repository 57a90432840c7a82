"""The story of an event as the command and the console tell it, already masked."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection

from provodka.channel import came_again
from provodka.event import Event
from provodka.journal import EventState, Journal, StoredAction, StoredEvent, queries
from provodka.journal.queries import StoredPlan, Story
from provodka.journal.records import Attempt
from provodka.payloads import FormSpam, Payload, PaymentEvent, Unreadable
from rules.fact import FACTS
from rules.plan import ConditionTrace, PlanTrace, RuleTrace, load_trace
from support.masking import Mask, Masks, ShownPerson, names_told
from support.waiting import Mend, Surroundings, Wait, mends, waits


@dataclass(frozen=True, slots=True)
class ShownEvent:
    """The event and how far it has come. `error` says why it could not be planned, the last time; `again` when the same
    delivery came once more and was counted as a repeat. `says` is what it tells by itself where no rule has to: why it
    could not be read or is a robot's, and the sums of a payment."""

    id: str
    type: str
    channel: str
    external_id: str
    person: ShownPerson
    state: str
    occurred_at: datetime
    received_at: datetime
    planned_at: datetime | None
    error: str
    mends: tuple[Mend, ...]
    again: tuple[datetime, ...] = ()
    says: str = ""


@dataclass(frozen=True, slots=True)
class ShownCondition:
    """One condition with both values. `matched` is None where it was not evaluated; a group has `parts`."""

    path: str
    op: str
    expected: Any
    actual: Any
    matched: bool | None
    note: str
    reason: str
    parts: tuple[ShownCondition, ...]


@dataclass(frozen=True, slots=True)
class ShownRule:
    """What became of a rule; `actions` are the ids of what it made, timers included; `guard` and `guilty` (nobody:
    empty) the violation that it was counted as, `violation` the same in a sentence."""

    rule: str
    outcome: str
    reason: str
    error: str
    conditions: tuple[ShownCondition, ...]
    actions: tuple[int, ...]
    violation: str = ""
    guard: str = ""
    guilty: str = ""


@dataclass(frozen=True, slots=True)
class ShownPlan:
    """One evaluation of the rules. `facts` were read from outside; `hint` and `found` belong to a CRM's hint.

    `note` says so when the journal's trace cannot be read.
    """

    number: int
    at: datetime
    cause: str
    rules: tuple[ShownRule, ...] = ()
    facts: Mapping[str, Any] | None = None
    hint: tuple[str, ...] = ()
    found: tuple[Mapping[str, str], ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class ShownAttempt:
    """One try; `calls` are those of its whole batch: method, path, status, milliseconds, both summaries, error kind."""

    number: int
    started_at: datetime
    finished_at: datetime | None
    milliseconds: float | None
    outcome: str
    error: str
    calls: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class ShownAction:
    """An action with all its attempts. `needs` is the id of the action whose result it takes.

    `waits` says why it is not over yet, `choice` why this responsible; `mends` what helps.
    """

    id: int
    key: str
    kind: str
    rule: str
    params: Any
    state: str
    created_at: datetime | None
    not_before: datetime | None
    finished_at: datetime | None
    needs: int | None
    waits: tuple[Wait, ...]
    choice: str
    result: Any
    reason: str
    error: str
    hint: str
    unsure_since: datetime | None
    mends: tuple[Mend, ...]
    attempts: tuple[ShownAttempt, ...]


@dataclass(frozen=True, slots=True)
class ShownStory:
    """One event with everything that followed."""

    event: ShownEvent
    plans: tuple[ShownPlan, ...]
    actions: tuple[ShownAction, ...]


def tell(journal: Journal, stored: StoredEvent, masks: Masks) -> ShownStory:
    """Everything that the journal knows of an event."""
    ((told, _),) = tell_all(journal, [stored], masks)
    return told


def tell_all(
    journal: Journal, events: Sequence[StoredEvent], masks: Masks, names: Mapping[int, Collection[str]] | None = None
) -> list[tuple[ShownStory, Mask]]:
    """The same of many, in one reading, with the mask of each; `names` by lane are hidden in its events, too."""
    stories, came = journal.read(lambda c: (queries.stories(c, events), _came_again(c, events)))
    around = Surroundings.of(journal, [action for story in stories for action in story.actions])
    return [_tell(story, came, around, masks, (names or {}).get(story.event.lane or 0, ())) for story in stories]


_Repeats = Mapping[tuple[str, str], Sequence[str]]


def _came_again(connection: Connection, events: Sequence[StoredEvent]) -> _Repeats:
    return queries.parts_of(connection, [(e.event.channel, came_again(e.event.external_id)) for e in events])


def _tell(
    story: Story, came: _Repeats, around: Surroundings, masks: Masks, names: Collection[str]
) -> tuple[ShownStory, Mask]:
    stored = story.event
    traces = [_read_trace(plan) for plan in story.plans]
    found = [name for trace in traces if isinstance(trace, PlanTrace) for name in names_in(trace.facts)]
    mask = masks.of([stored.event.person], (*found, *names_told(stored.event.payload), *names))
    ids = {action.key: action.id for action in story.actions}
    plans = tuple(_plan(plan, trace, ids, mask) for plan, trace in zip(story.plans, traces, strict=True))
    again = came.get((stored.event.channel, came_again(stored.event.external_id)), ())
    event = _event(stored, mask, tuple(map(datetime.fromisoformat, again)))
    return ShownStory(event, plans, tuple(_action(action, story, around, mask) for action in story.actions)), mask


def names_in(facts: Mapping[str, Any]) -> Iterator[str]:
    """The names of people and firms among what was read."""
    for name in FACTS.keys() & facts.keys():
        value = facts[name]
        if isinstance(value, dict) and isinstance(value.get("name"), str):
            yield value["name"]


def _read_trace(plan: StoredPlan) -> PlanTrace | dict[str, Any] | None:
    """The trace; a mapping where it is that of a hint; None where it was written by another version."""
    document = json.loads(plan.trace)
    if isinstance(document, dict) and "hint" in document:
        return document
    try:
        return load_trace(plan.trace)
    except ValidationError:
        return None


def _event(stored: StoredEvent, mask: Mask, again: tuple[datetime, ...]) -> ShownEvent:
    event: Event = stored.event
    return ShownEvent(
        id=event.id,
        type=event.type.value,
        channel=event.channel,
        external_id=mask.text(event.external_id),
        person=mask.person(event.person),
        state=stored.state.value,
        occurred_at=event.occurred_at,
        received_at=event.received_at,
        planned_at=stored.planned_at,
        error=mask.text(stored.error),
        mends=(Mend.REPLAY,) if stored.state is EventState.FAILED else (),
        again=again,
        says=mask.text(says(event.payload)),
    )


def says(payload: Payload) -> str:
    """What an event tells by itself, in one line; empty where its rules and their conditions tell it."""
    match payload:
        case Unreadable(why=why) | FormSpam(why=why):
            return why
        case PaymentEvent(payment=paid):
            parts = [
                f"order {paid.order}" if paid.order else "",
                f"asked for {paid.asked} {paid.currency}" if paid.asked else "",
                f"paid {paid.amount} {paid.currency}" if paid.amount else "",
                f"given back {paid.refunded}" if paid.refunded else "",
                paid.reason,
            ]
            return "; ".join(filter(None, parts))
    return ""


def _plan(plan: StoredPlan, trace: PlanTrace | dict[str, Any] | None, ids: Mapping[str, int], mask: Mask) -> ShownPlan:
    if isinstance(trace, PlanTrace):
        rules = tuple(_rule(rule, ids, mask) for rule in trace.rules)
        return ShownPlan(plan.number, plan.at, plan.cause, rules, mask.value(trace.facts))
    if trace is None:
        return ShownPlan(plan.number, plan.at, plan.cause, note="its trace cannot be read by this version")
    return ShownPlan(plan.number, plan.at, plan.cause, hint=tuple(trace["hint"]), found=tuple(trace.get("found", ())))


def _rule(trace: RuleTrace, ids: Mapping[str, int], mask: Mask) -> ShownRule:
    return ShownRule(
        rule=trace.rule,
        outcome=trace.outcome.value,
        reason=mask.text(trace.reason),
        error=mask.text(trace.error),
        conditions=tuple(shown_condition(mask.condition(one)) for one in trace.conditions),
        actions=tuple(ids[key] for key in trace.action_keys if key in ids),
        violation=_violation(trace),
        guard=trace.violation.guard if trace.violation else "",
        guilty=trace.violation.person if trace.violation else "",
    )


def _violation(trace: RuleTrace) -> str:
    """What it is counted as, and for whom."""
    found = trace.violation
    return f"counted as «{found.guard}» of {found.person or 'nobody'}" if found else ""


def shown_condition(trace: ConditionTrace) -> ShownCondition:
    return ShownCondition(
        path=trace.path,
        op=trace.op,
        expected=trace.expected,
        actual=trace.actual,
        matched=trace.matched,
        note=trace.note,
        reason=trace.reason,
        parts=tuple(shown_condition(part) for part in trace.parts),
    )


def _action(action: StoredAction, story: Story, around: Surroundings, mask: Mask) -> ShownAction:
    needed = around.by_key.get(action.needs or "")
    return ShownAction(
        id=action.id,
        key=action.key,
        kind=action.kind,
        rule=action.rule,
        params=mask.value(json.loads(action.params)),
        state=action.state.value,
        created_at=action.created_at,
        not_before=action.not_before,
        finished_at=action.finished_at,
        needs=needed.id if needed else None,
        waits=tuple(replace(one, why=mask.text(one.why)) for one in waits(action, around)),
        choice=mask.text(story.turns.get(action.key, "")),
        result=None if action.result is None else mask.value(json.loads(action.result)),
        reason=action.reason or "",
        error=mask.text(action.error),
        hint=mask.text(action.hint),
        unsure_since=action.unsure_since,
        mends=mends(action),
        attempts=_attempts(story.attempts.get(action.id, ()), mask),
    )


def _attempts(attempts: Sequence[Attempt], mask: Mask) -> tuple[ShownAttempt, ...]:
    return tuple(
        ShownAttempt(
            number=attempt.number,
            started_at=attempt.started_at,
            finished_at=attempt.finished_at,
            milliseconds=_milliseconds(attempt),
            outcome=attempt.outcome or "running",
            error=mask.text(attempt.error),
            calls=tuple(map(mask.call, json.loads(attempt.calls))),
        )
        for attempt in attempts
    )


def _milliseconds(attempt: Attempt) -> float | None:
    if attempt.finished_at is None:
        return None
    return round((attempt.finished_at - attempt.started_at).total_seconds() * 1000, 1)
