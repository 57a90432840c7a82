"""The `tests:` of a config: an event as it could come, and what the rules must make of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from provodka.event import Event
from provodka.wording import did_you_mean
from rules.engine import Engine
from rules.facts import StaticFacts
from rules.faults import RuleError
from rules.given import given_event, given_facts, moment
from rules.plan import PlannedAction, RuleOutcome, RuleTrace
from rules.schema import RuleTest
from rules.text import number

Expected = tuple[str, object]
"""The name of an action and the part of its parameters that matters."""


@dataclass(frozen=True, slots=True)
class RuleTestResult:
    """What became of a test; `failures` are sentences, none when it passed."""

    name: str
    failures: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.failures


def run_tests(tests: Sequence[RuleTest], engine: Engine) -> list[RuleTestResult]:
    """Run them all. A rule that waits is also evaluated at its due moment, with the lead of `facts` if given."""
    return [RuleTestResult(test.name, tuple(_failures(test, engine))) for test in tests]


def _failures(test: RuleTest, engine: Engine) -> Iterator[str]:
    zone = engine.calendar.timezone
    try:
        event = given_event(test, zone)
        facts = given_facts(test.facts, event)
        expected = _expected(test.expect)
    except (RuleError, ValidationError) as error:
        yield f"the test cannot be run: {error}"
        return
    actions, traces = _play(engine, event, facts)
    for trace in traces:
        if trace.outcome is RuleOutcome.ERROR:
            yield f"rule «{trace.rule}» failed: {trace.error}"
    yield from _differences(expected, actions, zone)
    if len(expected) != len(actions):
        yield from (f"«{trace.rule}» did not match: {_why(trace)}" for trace in traces if _missed(trace))


def _play(engine: Engine, event: Event, facts: StaticFacts) -> tuple[list[PlannedAction], list[RuleTrace]]:
    plan = engine.evaluate(event, facts, event.received_at)
    actions, traces = list(plan.actions), list(plan.trace.rules)
    for timer in plan.timers:
        later = engine.evaluate(event, facts, timer.due, only_rule=timer.rule, resumed=True)
        actions.extend(later.actions)
        traces.extend(later.trace.rules)
    return actions, traces


def _expected(expect: str | Mapping[str, object]) -> list[Expected]:
    if isinstance(expect, str):
        return []
    actions = expect.get("actions")
    if set(expect) != {"actions"} or not isinstance(actions, list):
        raise RuleError("expect: write no_actions, or actions: with a list")
    steps = [{step: {}} if isinstance(step, str) else step for step in actions]
    if not all(isinstance(step, Mapping) and len(step) == 1 for step in steps):
        raise RuleError("expect.actions: each names one action, for example - task: {text: Позвонить}")
    return [(str(name), params or {}) for step in steps for name, params in step.items()]


def _differences(expected: list[Expected], actions: list[PlannedAction], zone: ZoneInfo) -> Iterator[str]:
    for i, (name, params) in enumerate(expected):
        if i >= len(actions):
            yield f"action {i + 1}: expected {name}, but there are only {len(actions)}"
        elif actions[i].kind != name:
            yield f"action {i + 1}: expected {name}, it is {actions[i].kind} of rule «{actions[i].rule}»"
        else:
            yield from _differ(params, actions[i].params, f"action {i + 1}: {name}", zone)
    for i, action in enumerate(actions[len(expected) :], len(expected) + 1):
        yield f"action {i}: {action.kind} of rule «{action.rule}» was not expected"


def _differ(expected: object, actual: object, path: str, zone: ZoneInfo) -> Iterator[str]:
    """A mapping need only hold what is expected; anything else must be the same."""
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        for name, value in expected.items():
            if name in actual:
                yield from _differ(value, actual[name], f"{path}.{name}", zone)
            else:
                yield f"{path}: has no {name} ({did_you_mean(str(name), map(str, actual))})"
    elif not _same(expected, actual, zone):
        yield f"{path}: expected {expected!r}, it is {actual!r}"


def _same(expected: object, actual: object, zone: ZoneInfo) -> bool:
    """Moments may be written on the client's clocks, numbers as numbers; YAML reads some texts as dates."""
    if expected == actual:
        return True
    if not isinstance(actual, str) or isinstance(expected, list | Mapping):
        return False
    if isinstance(expected, int | float):
        return number(expected) == number(actual)
    try:
        return moment(expected, zone) == datetime.fromisoformat(actual)
    except (RuleError, ValueError, TypeError):
        return str(expected) == actual


def _missed(trace: RuleTrace) -> bool:
    return trace.outcome in (RuleOutcome.NOT_MATCHED, RuleOutcome.STOPPED)


def _why(trace: RuleTrace) -> str:
    failed = [condition.reason for condition in trace.conditions if not condition.matched]
    return "; ".join(failed) or trace.reason
