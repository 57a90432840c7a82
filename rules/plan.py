"""A plan: which actions and timers follow from an event, and the trace that says why. Kept in the journal as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import IntEnum, StrEnum
from hashlib import sha256
from typing import Any, Final

from pydantic import TypeAdapter

_LONG: Final = 200


class Priority(IntEnum):
    """What goes first when there is a backlog; the smaller number. URGENT are all steps of a rule that says so.

    BULK is what nobody waits for one by one: undoing, and all that follows from what was imported.
    """

    URGENT = -1
    NEW_LEAD = 0
    USUAL = 1
    BULK = 2


class RuleOutcome(StrEnum):
    """What became of a rule. `waiting`: its `when` is read when the timer is due; `dropped`: by `unless`;
    `checked`: cards were looked at, and each that matches is an event of its own;
    `held_back`, `throttled`: it matched, but once_within or throttle let it do nothing."""

    MATCHED = "matched"
    NOT_MATCHED = "not_matched"
    OTHER_TRIGGER = "other_trigger"
    STOPPED = "stopped"
    WAITING = "waiting"
    DROPPED = "dropped"
    CHECKED = "checked"
    HELD_BACK = "held_back"
    THROTTLED = "throttled"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class ConditionTrace:
    """One condition with both values. `matched` is None where it was not evaluated; a group has `parts`.

    `note` says what the two values cannot say (no number, no such thing, why not evaluated).
    """

    path: str
    op: str
    expected: Any = None
    actual: Any = None
    matched: bool | None = None
    note: str = ""
    parts: tuple[ConditionTrace, ...] = ()

    @property
    def reason(self) -> str:
        """The condition in one sentence, for people."""
        if self.matched is None:
            return f"{self.path}: not evaluated ({self.note})"
        verdict = "yes" if self.matched else "no"
        if self.parts:
            return f"{self.op}: {verdict}"
        if self.op == "expression":
            return f"{self.path}: {verdict}"
        note = f" ({self.note})" if self.note else ""
        return f"{self.path} {self.op} {_shown(self.expected)}: {verdict}, it is {_shown(self.actual)}{note}"


@dataclass(frozen=True, slots=True)
class Violation:
    """What a guard has found: by whom (a staff key, else the CRM's login, empty for nobody), and of which lead."""

    guard: str
    person: str
    lead: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RuleTrace:
    """What became of one rule and why. `missing` names a fact that a record lacks; `violation` is of a guard."""

    rule: str
    outcome: RuleOutcome = RuleOutcome.OTHER_TRIGGER  # what most rules come to: as the default it takes no room in JSON
    conditions: tuple[ConditionTrace, ...] = ()
    action_keys: tuple[str, ...] = ()
    error: str = ""
    reason: str = ""
    missing: str = ""
    violation: Violation | None = None


@dataclass(frozen=True, slots=True)
class PlanTrace:
    """All rules that were considered at the moment `at`, and the outside facts that they asked for."""

    at: datetime
    rules: tuple[RuleTrace, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlannedAction:
    """An action to be delivered. `params` are rendered; `needs` is the key of the action whose result it uses.

    The key is the same whenever the same rule plans the same step for the same event.
    """

    key: str
    kind: str
    rule: str
    index: int
    params: dict[str, Any]
    needs: str | None = None
    priority: Priority = Priority.USUAL


@dataclass(frozen=True, slots=True)
class PlannedTimer:
    """A rule that waits: to be evaluated again, alone, when `due` has come; of a ladder, its `rung` (from 0)."""

    key: str
    rule: str
    due: datetime
    rung: int | None = None


@dataclass(frozen=True, slots=True)
class PlannedLimit:
    """A rule that matched and may act only so often: the journal tells, when it takes the plan, whether it may now.

    `rule` is the name, `slug` what it (or its rung) is counted by, `keys` its actions. `once_until`: from now on not
    again for `lead`, or for the person where that is empty; `most` of its firings at a time count, each till
    `counts_until`.
    """

    rule: str
    slug: str
    keys: tuple[str, ...]
    lead: str = ""
    once_until: datetime | None = None
    most: int = 0
    counts_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What follows from one event."""

    event_id: str
    actions: tuple[PlannedAction, ...]
    timers: tuple[PlannedTimer, ...]
    trace: PlanTrace
    limits: tuple[PlannedLimit, ...] = ()


_PLAN: Final = TypeAdapter(Plan)
_TRACE: Final = TypeAdapter(PlanTrace)


def dump_plan(plan: Plan) -> bytes:
    """JSON of a plan; members that hold their default are left out."""
    return _PLAN.dump_json(plan, exclude_defaults=True)


def load_plan(body: bytes | str) -> Plan:
    """A plan from its JSON."""
    return _PLAN.validate_json(body)


def dump_trace(trace: PlanTrace) -> bytes:
    """JSON of a trace alone."""
    return _TRACE.dump_json(trace, exclude_defaults=True)


def load_trace(body: bytes | str) -> PlanTrace:
    """A trace from its JSON."""
    return _TRACE.validate_json(body)


_WHY_HELD: Final = {
    RuleOutcome.HELD_BACK: "once_within: it has acted for the same lead or person not long ago",
    RuleOutcome.THROTTLED: "throttle: it has acted as often as it may in that time",
}


def held_back(trace: PlanTrace, held: Mapping[str, str]) -> PlanTrace:
    """The trace where some rules, by name, matched and were held back: with which outcome."""

    def told(rule: RuleTrace) -> RuleTrace:
        if rule.rule not in held:
            return rule
        outcome = RuleOutcome(held[rule.rule])
        return replace(rule, outcome=outcome, action_keys=(), reason=_WHY_HELD[outcome], violation=None)

    return replace(trace, rules=tuple(map(told, trace.rules)))


def rule_slug(name: str) -> str:
    """What stands for a rule in the keys of its actions and timers; the same name gives the same slug."""
    return sha256(name.encode()).hexdigest()[:8]


def action_key(event_id: str, slug: str, index: int, part: str = "") -> str:
    """The idempotency key of the `index`-th step of a rule; `part` where a step makes several actions."""
    return f"{event_id}:{slug}:{index}:{part}" if part else f"{event_id}:{slug}:{index}"


def timer_key(event_id: str, slug: str) -> str:
    """The key of a timer of a rule, or of a rung of it."""
    return f"{event_id}:{slug}:wait"


def rung_slug(slug: str, rung: int | None) -> str:
    """What stands for a rung of a rule's ladder in keys, so that each rung has its own; for no rung, the rule's."""
    return slug if rung is None else f"{slug}.{rung}"


def plain(value: object) -> Any:  # noqa: ANN401 -- JSON
    """A value as a trace keeps it: JSON, long texts and lists cut."""
    if isinstance(value, str):
        return str(value) if len(value) <= _LONG else f"{value[:_LONG]}…"
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float | Decimal):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [plain(item) for item in value[:20]]
    return f"a {type(value).__name__.removesuffix('Ref').lower()}"


def _shown(value: object) -> str:
    if value is None:
        return "absent"
    if isinstance(value, list):
        return f"[{', '.join(_shown(item) for item in value)}]"
    return f"«{value}»" if isinstance(value, str) else str(value)
