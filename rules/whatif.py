"""What today's rules would have made of an event of the past, held against what was made of it then.

Nothing is asked of the outside: facts come out of the traces on record. What was not asked then is not guessed; the
rule is named as undecided, with the fact that is missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from provodka.event import Event
from rules.differences import Did, Difference, Registry, What, differences
from rules.engine import Engine
from rules.facts import RecordedFacts
from rules.plan import PlanTrace, RuleOutcome, RuleTrace, load_trace


@dataclass(frozen=True)
class PastPlan:
    """A plan on record; `cause` is `event`, `timer` or `replay`, `trace` JSON."""

    cause: str
    trace: str

    @cached_property
    def _read(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.trace)
        return document

    @property
    def at(self) -> datetime:
        """The moment that the rules were evaluated for."""
        return datetime.fromisoformat(self._read["at"])

    @property
    def keys(self) -> set[str]:
        """The keys of the actions that it made."""
        return {key for rule in self.rules.values() for key in rule.get("action_keys", ())}

    @property
    def facts(self) -> dict[str, Any]:
        found: dict[str, Any] = self._read.get("facts", {})
        return found

    @cached_property
    def rules(self) -> dict[str, dict[str, Any]]:
        """What became of each rule there was then, as JSON; whatever holds its default is left out of it."""
        return {rule["rule"]: rule for rule in self._read.get("rules", ())}

    def told(self, rule: str) -> RuleTrace | None:
        """The whole trace of a rule, or None where there was no such rule or it cannot be read any more."""
        try:
            whole: PlanTrace = load_trace(self.trace)
        except ValidationError:
            return None
        return next((one for one in whole.rules if one.rule == rule), None)


@dataclass(frozen=True, slots=True)
class PastAction:
    """An action that was planned then."""

    rule: str
    did: Did


@dataclass(frozen=True, slots=True)
class Past:
    """An event with everything that was made of it: its plans in their order, and their actions without timers."""

    event: Event
    plans: tuple[PastPlan, ...]
    actions: tuple[PastAction, ...]


@dataclass(frozen=True, slots=True)
class Undecided:
    """A rule that cannot be told for this event: the fact that is not on record, or the undecided rule before it."""

    rule: str
    fact: str = ""
    behind: str = ""


@dataclass(frozen=True, slots=True)
class Otherwise:
    """How today's rules would have dealt with an event. `renamed`: today's names by those of then. `because` has what
    became of the rules that drop or add something: of one that adds, then; None where there was, or is, no such rule.
    """

    differences: tuple[Difference, ...] = ()
    undecided: tuple[Undecided, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    because: Mapping[tuple[What, str], RuleTrace | None] = field(default_factory=dict)


@dataclass(slots=True)
class _Now:
    """What today's rules make of the event, up to this moment."""

    traces: dict[str, RuleTrace]
    timers: dict[str, str]
    did: dict[str, list[Did]]
    resumed: dict[str, RuleTrace] = field(default_factory=dict)


def what_if(past: Past, engine: Engine, registry: Registry, until: datetime) -> Otherwise:
    """Evaluate the event again, at the moments of then and with the facts of then, and compare.

    A wait that would not be over at `until` is compared as a timer only.
    """
    first = next((plan for plan in past.plans if plan.cause == "event"), None)
    if first is not None and any(one.get("outcome") == RuleOutcome.CHECKED for one in first.rules.values()):
        return Otherwise()  # a look at cards: each that matched is an event of its own
    began = first.at if first else past.event.received_at
    now = _evaluated(past, engine, began, until)
    undecided = _undecided(now, engine)
    before: dict[str, list[Did]] = {}
    for action in past.actions:
        before.setdefault(action.rule, []).append(action.did)
    then = first.rules if first else {}
    renamed = _renamed(before, now, then, engine, registry)
    open_ones = {one.rule for one in undecided}
    told_apart = _that_may_differ(before, now, then) - renamed.keys() - set(renamed.values())
    found: list[Difference] = []
    for rule in dict.fromkeys((*now.traces, *then, *before)):
        if rule not in told_apart:
            continue
        found += _of_timer(rule, now, then.get(rule))
        if rule not in open_ones:
            found += _of_rule(rule, before.get(rule, []), now, then.get(rule), registry)
    found = [one for one in found if one.what is not What.FAILS or one.rule in engine.names]
    told = tuple(one for one in undecided if one.fact or before.get(one.rule) or now.did.get(one.rule))
    because = {(one.what, one.rule): trace for one in found for trace in _because(one, now, first)}
    return Otherwise(tuple(_reasoned(found, because)), told, renamed, because)


def _that_may_differ(before: Mapping[str, Sequence[Did]], now: _Now, then: Mapping[str, Any]) -> set[str]:
    """Rules that did, waited for or failed at something, then or now; of most events that is a few of all rules."""
    waited = {rule for rule, trace in then.items() if trace.get("outcome") == RuleOutcome.WAITING}
    traces = (*now.traces.items(), *now.resumed.items())
    failed = {rule for rule, trace in traces if trace.outcome is RuleOutcome.ERROR}
    return waited | failed | before.keys() | now.did.keys() | now.timers.keys()


def _evaluated(past: Past, engine: Engine, began: datetime, until: datetime) -> _Now:
    facts: dict[str, Any] = {}
    for one in reversed([one for one in past.plans if one.cause != "timer"]):
        facts |= one.facts  # of what a replay asked besides; where both did, the first one counts
    plan = engine.evaluate(past.event, RecordedFacts(facts), began)
    now = _Now({trace.rule: trace for trace in plan.trace.rules}, {}, {})
    for action in plan.actions:
        now.did.setdefault(action.rule, []).append(Did.of(action.kind, action.rule, action.params, action.priority))
    read = _read_later(past)
    for timer in plan.timers:
        wait = now.timers[timer.rule] = now.traces[timer.rule].reason
        fit = [one for one in read.get(wait, ()) if one.at >= timer.due]
        found = next((one for one in fit if timer.rule in one.rules), next(iter(fit), None))
        if timer.due > until or (found is None and wait == _waited(past, timer.rule)):
            continue  # it waits still, or was dropped
        at, known = (found.at, RecordedFacts(found.facts)) if found else (timer.due, RecordedFacts({}))
        later = engine.evaluate(past.event, known, at, only_rule=timer.rule, resumed=True, rung=timer.rung)
        for trace in later.trace.rules:
            earlier = now.resumed.get(trace.rule)  # of a rung before it
            if earlier is None or not earlier.missing:
                now.resumed[trace.rule] = trace
        for action in later.actions:
            now.did.setdefault(action.rule, []).append(Did.of(action.kind, action.rule, action.params, action.priority))
    return now


def _read_later(past: Past) -> dict[str, list[PastPlan]]:
    """By the wait, in the words of its trace, what was read when it (or a rung of it) was over, by whichever rule."""
    found: dict[str, list[PastPlan]] = {}
    for one in sorted((one for one in past.plans if one.cause == "timer"), key=lambda plan: plan.at):
        for rule in one.rules:
            found.setdefault(_waited(past, rule), []).append(one)
    return found


def _waited(past: Past, rule: str) -> str:
    told = (_until(plan.rules.get(rule)) for plan in past.plans if plan.cause != "timer")
    return next(filter(None, told), "")


def _undecided(now: _Now, engine: Engine) -> list[Undecided]:
    """Rules with a missing fact; and all behind one of them that might have stopped the event."""
    if not any(trace.missing for trace in (*now.traces.values(), *now.resumed.values())):
        return []
    found: list[Undecided] = []
    behind = ""
    for rule in engine.rules:
        trace = now.resumed.get(rule.name, now.traces.get(rule.name))
        if trace is None:
            continue  # the event was another rule's alone
        if trace.missing:
            found.append(Undecided(rule.name, trace.missing))
            behind = rule.name if rule.stop and not behind else behind
        elif behind:
            found.append(Undecided(rule.name, behind=behind))
    return found


def _renamed(
    before: Mapping[str, Sequence[Did]], now: _Now, then: Mapping[str, Any], engine: Engine, registry: Registry
) -> dict[str, str]:
    """Rules that did then, under a name that is gone, exactly what a rule of a new name would do now."""
    if now.did.keys() | now.timers.keys() <= then.keys():
        return {}
    today = {rule.name for rule in engine.rules}
    found: dict[str, str] = {}
    for rule in engine.rules:
        after = now.did.get(rule.name, [])
        wait = now.timers.get(rule.name, "")
        if rule.name in then or not (after or wait):
            continue
        for old in then:
            fits = old not in today and old not in found and _until(then[old]) == wait
            if fits and not any(differences(old, before.get(old, ()), after, registry)):
                found[old] = rule.name
                break
    return found


def _of_timer(rule: str, now: _Now, then: Mapping[str, Any] | None) -> Iterator[Difference]:
    waited, waits = _until(then), now.timers.get(rule, "")
    if waited != waits:
        what = What.TIMER_CHANGED if waited and waits else What.TIMER_ADDED if waits else What.TIMER_DROPPED
        yield Difference(what, rule, "wait", waited or None, waits or None)


def _until(then: Mapping[str, Any] | None) -> str:
    """Until when a rule waited, in the words of its trace; empty where it did not."""
    return str(then.get("reason", "")) if then and then.get("outcome") == RuleOutcome.WAITING else ""


def _of_rule(
    rule: str, before: Sequence[Did], now: _Now, then: Mapping[str, Any] | None, registry: Registry
) -> Iterator[Difference]:
    trace = now.resumed.get(rule, now.traces.get(rule))
    failed_then = then is not None and bool(then.get("error"))
    if trace is not None and trace.outcome is RuleOutcome.ERROR and (before or not failed_then):
        yield Difference(What.FAILS, rule, why=trace.error)
    yield from differences(rule, before, now.did.get(rule, ()), registry)


def _because(one: Difference, now: _Now, first: PastPlan | None) -> Iterator[RuleTrace | None]:
    """What became of its rule, now where it drops something, then where it does what was not done; else nothing."""
    if one.what is What.DROPPED:
        yield now.resumed.get(one.rule, now.traces.get(one.rule))
    elif one.what is What.ADDED and first is not None:
        yield first.told(one.rule)


def _reasoned(
    found: Sequence[Difference], because: Mapping[tuple[What, str], RuleTrace | None]
) -> Iterator[Difference]:
    """With the reason of what is dropped now, and of what was not done then."""
    for one in found:
        why = one.why
        if (key := (one.what, one.rule)) in because:
            trace = because[key]
            why = "there was no such rule" if trace is None and one.what is What.ADDED else _why_not(trace)
        yield replace(one, why=why)


def _why_not(trace: RuleTrace | None) -> str:
    if trace is None:
        return "there is no such rule"
    if trace.outcome is RuleOutcome.OTHER_TRIGGER:
        return trace.reason or "the rule starts on other events"
    if trace.outcome in (RuleOutcome.MATCHED, RuleOutcome.WAITING):
        return ""
    failed = [one.reason for one in trace.conditions if one.matched is False]
    return "; ".join(failed) if trace.outcome is RuleOutcome.NOT_MATCHED else trace.reason or trace.error
