"""The `tests:` of a config: an event as it could come, and what the rules must make of it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any, Final
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
from rules.team import Team
from rules.text import number

VIOLATIONS: Final = "violations"

Expected = tuple[str, Mapping[str, object]]
"""The name of an action and the part of its parameters that matters."""

Mistake = tuple[tuple[str | int, ...], str]
"""A place within a test (`given`, `person`) and what is wrong there."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A parameter that is not as expected: its dotted path, both values, and the nearest right name, if it has none."""

    path: str
    expected: object
    actual: object
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """What stands at one place of both lists of actions; an empty kind where one of them has nothing there.

    `number` counts the expected actions from 1, where none is expected the planned ones.
    """

    number: int
    expected: str
    actual: str
    rule: str = ""
    differences: tuple[Difference, ...] = ()

    @property
    def same(self) -> bool:
        return self.expected == self.actual and not self.differences


@dataclass(frozen=True, slots=True)
class RuleTestResult:
    """What became of a test; `failures` are sentences, none when it passed.

    `compared` are expected and planned actions side by side; `missed` the rules that did not match, each with the
    reason: its failed conditions with both values; `faults` what broke.
    """

    name: str
    failures: tuple[str, ...] = ()
    compared: tuple[Compared, ...] = ()
    missed: tuple[tuple[str, str], ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.failures


def run_tests(tests: Sequence[RuleTest], engine: Engine) -> list[RuleTestResult]:
    """Run them all. A rule that waits is also evaluated at its due moment, one with a ladder at that of each rung."""
    return [_run(test, engine) for test in tests]


def mistakes(test: RuleTest, registry: Container[str], team: Team, zone: ZoneInfo) -> Iterator[Mistake]:
    """What keeps a test from being run, as far as it can be known without running it."""
    try:
        event = given_event(test, zone)
    except (RuleError, ValidationError) as error:
        yield _placed(error, "given")
    else:
        try:
            given_facts(test.facts, event, team)
            given_people(test.facts, team)
            given_owner(test.facts, team)
        except (RuleError, ValidationError) as error:
            yield _placed(error, "facts")
    try:
        for i, (kind, _) in enumerate(_expected(test.expect)):
            if kind not in registry:
                known = registry if isinstance(registry, Iterable) else ()
                yield ("expect", "actions", i, kind), f"unknown action {kind} ({did_you_mean(kind, known)})"
    except RuleError as error:
        yield _placed(error, "expect")


def _placed(error: RuleError | ValidationError, part: str) -> Mistake:
    """Sentences about a part begin with its path: `given.person: unknown name …`."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        return (part, *first["loc"]), first["msg"]
    path, colon, text = str(error).partition(": ")
    if colon and path.partition(".")[0] == part:
        return tuple(path.split(".")), text
    return (part,), str(error)


def _run(test: RuleTest, engine: Engine) -> RuleTestResult:
    zone = engine.calendar.timezone
    try:
        event = given_event(test, zone)
        _refuse_stranger(event, engine)
        facts = given_facts(test.facts, event, engine.team)
        choices = _Choices(engine, test.facts, event)
        expected = _expected(test.expect)
    except (RuleError, ValidationError) as error:
        fault = f"the test cannot be run: {error}"
        return RuleTestResult(test.name, (fault,), faults=(fault,))
    actions, traces = _play(engine, event, facts, choices)
    faults = tuple(f"rule «{t.rule}» failed: {t.error}" for t in traces if t.outcome is RuleOutcome.ERROR)
    faults = (*faults, *_violations(test.expect, traces))
    compared = tuple(_compared(expected, actions, choices, engine))
    missed = tuple((trace.rule, _why(trace)) for trace in traces if _missed(trace))
    wrong = [at for at in compared if not at.same]
    failures = [*faults, *(_sentence(at, one, len(actions)) for at in wrong for one in at.differences or (None,))]
    if len(expected) != len(actions):
        failures += [f"«{rule}» did not match: {why}" for rule, why in missed]
    return RuleTestResult(test.name, tuple(failures), compared, missed, faults)


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
        leads, sold = ({k: getattr(one, name) for k, one in people.items()} for name in ("open_leads", "results"))
        staff = GivenStaff(now, seen, leads, sold)
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
    actions = expect.get("actions", [] if VIOLATIONS in expect else None)
    if set(expect) - {"actions", VIOLATIONS} or not isinstance(actions, list):
        raise RuleError("expect: write no_actions, or actions: with a list, or violations: {guard: who}")
    if not isinstance(expect.get(VIOLATIONS, {}), Mapping):
        raise RuleError("expect.violations: write {guard: who}, and {} for none")
    steps = [{step: {}} if isinstance(step, str) else step for step in actions]
    if not all(isinstance(step, Mapping) and len(step) == 1 for step in steps):
        raise RuleError("expect.actions: each names one action, for example - task: {text: Позвонить}")
    found = [(str(name), {} if params is None else params) for step in steps for name, params in step.items()]
    for name, params in found:
        if not isinstance(params, Mapping):
            raise RuleError(f"expect.actions: {name} takes a mapping of parameters, it is {params!r}")
    return found


def _compared(
    expected: list[Expected], actions: list[PlannedAction], choices: _Choices, engine: Engine
) -> Iterator[Compared]:
    """Both lists side by side, aligned by kind, so that one action too many does not shift all that follow."""
    kinds = [kind for kind, _ in expected], [action.kind for action in actions]
    for _, left, left_end, right, right_end in SequenceMatcher(None, *kinds, autojunk=False).get_opcodes():
        pairs = zip_longest(range(left, left_end), range(right, right_end))
        for wanted, got in pairs:
            name, params = ("", {}) if wanted is None else expected[wanted]
            action = None if got is None else actions[got]
            number = 1 + (got or 0 if wanted is None else wanted)
            if action is None:
                yield Compared(number, name, "")
            elif action.kind != name:
                yield Compared(number, name, action.kind, action.rule)
            else:
                differences = tuple(_unlike(params, choices.shown(action, params), name, engine))
                yield Compared(number, name, name, action.rule, differences)


def _unlike(params: object, found: object, name: str, engine: Engine) -> Iterator[Difference]:
    """A secret may be written as it is or by its name; what differs is told by its name."""
    zone, veil = engine.calendar.timezone, engine.veil
    differences = list(_differ(params, found, name, zone))
    if differences and list(_differ(veil.hide(params), found, name, zone)):
        for one in differences:
            yield replace(one, expected=veil.hide(one.expected), actual=veil.hide(one.actual))


def _sentence(at: Compared, difference: Difference | None, planned: int) -> str:
    if difference is not None:
        told = difference.hint or f"expected {difference.expected!r}, it is {difference.actual!r}"
        return f"action {at.number}: {difference.path}: {told}"
    if not at.expected:
        return f"action {at.number}: {at.actual} of rule «{at.rule}» was not expected"
    if not at.actual:
        return f"action {at.number}: expected {at.expected}, but there are only {planned}"
    return f"action {at.number}: expected {at.expected}, it is {at.actual} of rule «{at.rule}»"


def _violations(expect: str | Mapping[str, object], traces: Sequence[RuleTrace]) -> Iterator[str]:
    """Where a test says what is counted, and for whom: all of it. Nobody is an empty text, or nothing."""
    wanted = expect.get(VIOLATIONS) if isinstance(expect, Mapping) else None
    if not isinstance(wanted, Mapping):
        return
    expected = {str(guard): str(person or "") for guard, person in wanted.items()}
    found = {trace.violation.guard: trace.violation.person for trace in traces if trace.violation is not None}
    for guard in dict.fromkeys((*expected, *found)):
        if guard not in found:
            yield f"violations: expected «{guard}» of {expected[guard] or 'nobody'}, but it was not broken"
        elif guard not in expected:
            yield f"violations: «{guard}» of {found[guard] or 'nobody'} was not expected"
        elif expected[guard] != found[guard]:
            yield f"violations: «{guard}»: expected {expected[guard] or 'nobody'}, it is {found[guard] or 'nobody'}"


def _differ(expected: object, actual: object, path: str, zone: ZoneInfo) -> Iterator[Difference]:
    """A mapping need only hold what is expected; anything else must be the same."""
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        for name, value in expected.items():
            if name in actual:
                yield from _differ(value, actual[name], f"{path}.{name}", zone)
            else:
                hint = f"has no {name} ({did_you_mean(str(name), map(str, actual))})"
                yield Difference(path, value, None, hint)
    elif not _same(expected, actual, zone):
        yield Difference(path, expected, actual)


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
