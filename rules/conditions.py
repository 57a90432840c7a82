"""Conditions (`when`): every one answers with both values, so that a trace shows why a rule did or did not match."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from provodka.wording import did_you_mean
from rules.facts import Scope, calls_of
from rules.faults import RuleError
from rules.operator import Operator
from rules.operators import OPERATORS
from rules.plan import ConditionTrace, plain
from rules.templates import Expression, Templates
from rules.times import TIME, TimeKind, read_times, shown

Path = tuple[str | int, ...]
Report = Callable[[Path, str, str], None]
"""Takes a mistake of the config: where (relative to `when`), what is wrong, and the hint."""

GROUPS: Final = ("all", "any", "not")
_UNNEEDED: Final = "the others have decided already, and it would need a call"


_NUMBERS: Final[dict[tuple[object, ...], int]] = {}
"""Of the comparisons, and groups of them, ever read: rules often ask the same, and one answer serves them all."""

# `calls` of a condition: the names in it that need a call, for some events or for all (`Scope.outside` tells).


@dataclass(frozen=True, slots=True)
class Compare:
    """`path: value` or `path: {operator: value}`, as `written`. The same one has the same `number` anywhere."""

    where: Path
    path: str
    parts: tuple[str, ...]
    operator: Operator
    expected: Any
    wanted: Any
    calls: frozenset[str]
    written: str
    number: int = field(init=False, compare=False)

    def __post_init__(self) -> None:
        switch = str(self.wanted) if isinstance(self.wanted, bool) else ""
        key = (self.path, self.operator.name, self.written, switch)
        object.__setattr__(self, "number", _NUMBERS.setdefault(key, len(_NUMBERS)))

    def asks_outside(self, scope: Scope) -> bool:
        return not self.calls.isdisjoint(scope.outside)

    def evaluate(self, scope: Scope, *, decided: bool) -> ConditionTrace:
        known: ConditionTrace | None = scope.answers.get(self.number)
        if known is not None:
            return known
        if decided and self.asks_outside(scope):
            return ConditionTrace(self.path, self.operator.name, self.expected, note=_UNNEEDED)
        actual = scope.read(self.parts)
        matched = self.operator.test(actual, self.wanted, scope.clock)
        note = "" if matched else self.operator.note(actual, self.wanted, scope.clock)
        trace = ConditionTrace(self.path, self.operator.name, self.expected, plain(actual), matched, note)
        scope.answers[self.number] = trace
        return trace


@dataclass(frozen=True, slots=True)
class Formula:
    """One expression string. An unknown name in it is an error of the rule."""

    number: ClassVar[int] = -1  # it is not shared
    where: Path
    expression: Expression
    paths: tuple[tuple[str, ...], ...]
    calls: frozenset[str]

    def asks_outside(self, scope: Scope) -> bool:
        return not self.calls.isdisjoint(scope.outside)

    def evaluate(self, scope: Scope, *, decided: bool) -> ConditionTrace:
        source = self.expression.source
        if decided and self.asks_outside(scope):
            return ConditionTrace(source, "expression", note=_UNNEEDED)
        return ConditionTrace(source, "expression", matched=bool(self.expression.value(scope.names)))


@dataclass(frozen=True, slots=True)
class Time:
    """`time: working`: what the moment of the evaluation is like; any of several will do."""

    number: ClassVar[int] = -1  # it is not shared
    where: Path
    expected: Any
    kinds: tuple[TimeKind, ...]
    calls: frozenset[str] = frozenset()

    def asks_outside(self, _: Scope) -> bool:
        return False

    def evaluate(self, scope: Scope, *, decided: bool) -> ConditionTrace:  # noqa: ARG002 -- the shape of all conditions
        clock = scope.clock
        matched = any(kind.holds(clock) for kind in self.kinds)
        return ConditionTrace(TIME, "is", self.expected, shown(clock), matched)


@dataclass(frozen=True, slots=True)
class Group:
    """`all`, `any` or `not`. Everything in it is evaluated, except calls that could change nothing any more."""

    where: Path
    op: str
    members: tuple[Condition, ...]
    calls: frozenset[str]
    number: int = field(init=False, compare=False)

    def __post_init__(self) -> None:
        numbers = [member.number for member in self.members]
        number = -1 if -1 in numbers else _NUMBERS.setdefault((self.op, *numbers), len(_NUMBERS))
        object.__setattr__(self, "number", number)

    def asks_outside(self, scope: Scope) -> bool:
        return not self.calls.isdisjoint(scope.outside)

    def evaluate(self, scope: Scope, *, decided: bool) -> ConditionTrace:
        known: ConditionTrace | None = scope.answers.get(self.number)
        if known is not None:
            return known
        matched, parts = self.answer(scope, decided=decided)
        trace = ConditionTrace(self.op, self.op, None, None, matched, "", parts)
        if self.number >= 0 and not self.asks_outside(scope):
            scope.answers[self.number] = trace
        return trace

    def answer(self, scope: Scope, *, decided: bool) -> tuple[bool | None, tuple[ConditionTrace, ...]]:
        """Whether it holds, and the traces of its members."""
        if self.calls.isdisjoint(scope.outside):
            known = scope.answers.get
            parts = tuple([known(one.number) or one.evaluate(scope, decided=decided) for one in self.members])
        else:
            parts = self._calls_last(scope, decided=decided)
        return self._verdict([part.matched for part in parts]), parts

    def _calls_last(self, scope: Scope, *, decided: bool) -> tuple[ConditionTrace, ...]:
        deciding = self.op == "any"  # the answer of a member that settles the group
        known, outside = scope.answers.get, scope.outside
        traces: dict[int, ConditionTrace] = {}
        late = []
        for i, member in enumerate(self.members):
            if member.calls.isdisjoint(outside):
                traces[i] = known(member.number) or member.evaluate(scope, decided=decided)
                decided = decided or traces[i].matched is deciding
            else:
                late.append(i)
        for i in late:
            traces[i] = self.members[i].evaluate(scope, decided=decided)
            decided = decided or traces[i].matched is deciding
        return tuple([traces[i] for i in range(len(self.members))])

    def _verdict(self, answers: list[bool | None]) -> bool | None:
        deciding = self.op == "any"
        if deciding in answers:
            verdict: bool | None = deciding
        else:
            verdict = None if None in answers else not deciding
        return not verdict if self.op == "not" and verdict is not None else verdict


Condition = Compare | Formula | Time | Group


def parse_when(when: object, templates: Templates, report: Report) -> Group:
    """Read a `when`. Every mistake is reported; what could be read is returned. Absent means: always."""
    if when is None:
        return _group((), "all", ())
    return _group((), "all", tuple(_read_any(when, (), templates, report)))


def refuse(where: Path, text: str, hint: str) -> None:
    """The report of those who cannot go on with a mistake."""
    raise RuleError(f"{'.'.join(map(str, where))}: {text}{f' ({hint})' if hint else ''}")


def leaves(condition: Condition) -> Iterator[Compare | Formula | Time]:
    """The single conditions in it, in order."""
    if isinstance(condition, Group):
        for member in condition.members:
            yield from leaves(member)
    else:
        yield condition


def _read_any(when: object, where: Path, templates: Templates, report: Report) -> Iterator[Condition]:
    if isinstance(when, str):
        yield from _read_expression(when, where, templates, report)
    elif isinstance(when, dict) and when:
        for key, value in when.items():
            yield from _read_entry(key, value, (*where, key), templates, report)
    else:
        report(where, "a condition is a mapping or one expression in quotes", "for example {utm.source: yandex}")


def _read_entry(key: object, value: object, where: Path, templates: Templates, report: Report) -> Iterator[Condition]:
    if key in GROUPS:
        yield from _read_group(str(key), value, where, templates, report)
        return
    if key == TIME:
        yield from _read_time(value, where, report)
        return
    parts = tuple(str(key).split("."))
    if not isinstance(key, str) or not all(parts) or any(part.startswith("_") for part in parts):
        report(where, f"{key!r} is no name", "names are dotted: person.name, form.fields.Площадь")
        return
    yield from _read_tests(key, parts, value, where, report)


def _read_tests(path: str, parts: tuple[str, ...], value: object, where: Path, report: Report) -> Iterator[Condition]:
    tests = value if isinstance(value, dict) else {"is": value}
    for name, expected in tests.items():
        here = (*where, name) if isinstance(value, dict) else where
        if name == "not" and isinstance(expected, dict):
            yield _group(here, "not", tuple(_read_tests(path, parts, expected, here, report)))
            continue
        operator = OPERATORS.get(str(name))
        if operator is None:
            report(here, f"unknown operator {name}", did_you_mean(str(name), OPERATORS))
            continue
        try:
            wanted = operator.prepare(expected)
            yield Compare(here, path, parts, operator, plain(expected), wanted, calls_of(parts), repr(expected))
        except RuleError as error:
            report(here, str(error), "")
    if not tests:
        report(where, "nothing is said about it", f"write a value or one of: {', '.join(OPERATORS)}")


def _read_time(value: object, where: Path, report: Report) -> Iterator[Condition]:
    if isinstance(value, dict) and set(value) == {"not"}:
        here = (*where, "not")
        yield _group(here, "not", tuple(_read_time(value["not"], here, report)))
        return
    try:
        yield Time(where, plain(value), read_times(value))
    except RuleError as error:
        report(where, str(error), "")


def _read_group(op: str, value: object, where: Path, templates: Templates, report: Report) -> Iterator[Condition]:
    if op == "not":
        yield _group(where, op, tuple(_read_any(value, where, templates, report)))
        return
    if not isinstance(value, list) or not value:
        report(where, f"{op} takes a list of conditions", f"{op}: [{{utm.source: yandex}}, {{form.name: Акция}}]")
        return
    members: list[Condition] = []
    for i, item in enumerate(value):
        inner = tuple(_read_any(item, (*where, i), templates, report))
        members.append(inner[0] if len(inner) == 1 else _group((*where, i), "all", inner))
    yield _group(where, op, tuple(members))


def _group(where: Path, op: str, members: tuple[Condition, ...]) -> Group:
    return Group(where, op, members, frozenset().union(*(member.calls for member in members)))


def _read_expression(source: str, where: Path, templates: Templates, report: Report) -> Iterator[Condition]:
    try:
        expression = templates.expression(source)
    except RuleError as error:
        report(where, str(error), "")
        return
    paths = tuple(tuple(name.split(".")) for name in sorted(expression.names))
    yield Formula(where, expression, paths, frozenset().union(*map(calls_of, paths)))
