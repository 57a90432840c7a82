"""The `tests:` of a config: an event as it could come, and what the rules must make of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from provodka.errors import Rejected
from provodka.event import Event
from provodka.payloads import addressed_to
from provodka.wording import did_you_mean
from rules.assignment import Choosing, answered_by, choose, read_responsible
from rules.assignment.memory import GivenStaff, TurnsInMemory
from rules.engine import Engine
from rules.facts import StaticFacts
from rules.faults import RuleError
from rules.given import given_event, given_facts, given_owner, given_people, moment
from rules.names import BY_CLOCK
from rules.plan import PlannedAction, RuleOutcome, RuleTrace
from rules.schema import RuleTest
from rules.text import number

Expected = tuple[str, Mapping[str, object]]
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
    """Run them all. A rule that waits is also evaluated at its due moment, one with a ladder at that of each rung."""
    return [RuleTestResult(test.name, tuple(_failures(test, engine))) for test in tests]


def _failures(test: RuleTest, engine: Engine) -> Iterator[str]:
    zone = engine.calendar.timezone
    try:
        event = given_event(test, zone)
        _refuse_stranger(event, engine)
        facts = given_facts(test.facts, event)
        choices = _Choices(engine, test.facts, event)
        expected = _expected(test.expect)
    except (RuleError, ValidationError) as error:
        yield f"the test cannot be run: {error}"
        return
    actions, traces = _play(engine, event, facts, choices)
    for trace in traces:
        if trace.outcome is RuleOutcome.ERROR:
            yield f"rule «{trace.rule}» failed: {trace.error}"
    yield from _differences(expected, actions, zone, choices)
    if len(expected) != len(actions):
        yield from (f"«{trace.rule}» did not match: {_why(trace)}" for trace in traces if _missed(trace))


def _refuse_stranger(event: Event, engine: Engine) -> None:
    """An event that comes by the clock belongs to a rule that there is, and that comes due so."""
    if event.type not in BY_CLOCK:
        return
    name = addressed_to(event.payload)
    compiled = engine.rule(name)
    if compiled is None:
        raise RuleError(f"given.rule: {event.type} belongs to a rule, and there is no «{name}»" + _hint(name, engine))
    if event.type not in compiled.rule.triggers:
        raise RuleError(f"given.type: «{name}» starts on {', '.join(compiled.rule.triggers)}, not on {event.type}")


def _hint(name: str, engine: Engine) -> str:
    return f" ({did_you_mean(name, engine.names)})"


class _Choices:
    """Whom the strategies of a test's actions choose: its queues are fresh, its staff as the test says."""

    def __init__(self, engine: Engine, facts: Mapping[str, Any], event: Event) -> None:
        self._answered = answered_by(event, engine.team)
        self._engine = engine
        self._people = given_people(facts, engine.team)
        self._owner = given_owner(facts, engine.team)
        self._turns = TurnsInMemory(datetime.min.replace(tzinfo=UTC))
        self._chosen: dict[str, str] = {}

    def make(self, actions: Sequence[PlannedAction], now: datetime) -> None:
        """Choose for the actions that were planned at a moment, in their order."""
        people = self._people
        seen = frozenset(key for key, one in people.items() if one.present)
        staff = GivenStaff(now, seen, {key: one.open_leads for key, one in people.items()})
        self._turns.now = now
        engine = self._engine
        choosing = Choosing(
            self._turns,
            lambda key: key not in people or people[key].active,
            staff,
            engine.team,
            engine.calendar,
            now,
            lambda _: self._answered,
        )
        for action in actions:
            if isinstance(responsible := action.params.get("responsible"), dict):
                try:
                    choice = choose(read_responsible(responsible), action.key, self._owner, choosing)
                    self._chosen[action.key] = choice.person
                except Rejected as error:
                    self._chosen[action.key] = f"nobody: {error.reason}"

    def shown(self, action: PlannedAction, expected: Mapping[str, object]) -> Mapping[str, Any]:
        """The parameters of an action; where one person is expected, the one whom the strategy chose."""
        if action.key in self._chosen and isinstance(expected.get("responsible"), str):
            return {**action.params, "responsible": self._chosen[action.key]}
        return action.params


def _play(
    engine: Engine, event: Event, facts: StaticFacts, choices: _Choices
) -> tuple[list[PlannedAction], list[RuleTrace]]:
    plan = engine.evaluate(event, facts, event.received_at)
    choices.make(plan.actions, event.received_at)
    actions, traces = list(plan.actions), list(plan.trace.rules)
    for timer in sorted(plan.timers, key=lambda timer: timer.due):
        later = engine.evaluate(event, facts, timer.due, only_rule=timer.rule, resumed=True, rung=timer.rung)
        choices.make(later.actions, timer.due)
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
    found = [(str(name), {} if params is None else params) for step in steps for name, params in step.items()]
    for name, params in found:
        if not isinstance(params, Mapping):
            raise RuleError(f"expect.actions: {name} takes a mapping of parameters, it is {params!r}")
    return found


def _differences(
    expected: list[Expected], actions: list[PlannedAction], zone: ZoneInfo, choices: _Choices
) -> Iterator[str]:
    for i, (name, params) in enumerate(expected):
        if i >= len(actions):
            yield f"action {i + 1}: expected {name}, but there are only {len(actions)}"
        elif actions[i].kind != name:
            yield f"action {i + 1}: expected {name}, it is {actions[i].kind} of rule «{actions[i].rule}»"
        else:
            yield from _differ(params, choices.shown(actions[i], params), f"action {i + 1}: {name}", zone)
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
