"""What is no mistake of any single rule but hardly meant: rules that hide each other, or do the same work twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final
from zoneinfo import ZoneInfo

from provodka.payloads import EventType
from rules.actions.base import Action
from rules.beside import ALONE, Beside
from rules.check import Path, RuleProblem
from rules.compiled import CompiledRule, Step, compile_rule
from rules.logic import Case, IsList, both, cases, clash, impossible
from rules.names import is_list
from rules.schema import Rule
from rules.templates import Templates

_MISSPELT: Final = 0.8
"""How alike two names are of which one is hardly meant."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A rule with the ways in which its conditions can hold, and fail to; None where there are too many to tell."""

    index: int
    compiled: CompiledRule
    holds: list[Case] | None
    fails: list[Case] | None

    @property
    def rule(self) -> Rule:
        return self.compiled.rule

    def is_list(self, path: str) -> bool:
        return is_list(path, self.rule.triggers)

    def hears(self, other: _Known) -> bool:
        """Whether it listens to every channel that the other listens to."""
        return not self.rule.channel or (bool(other.rule.channel) and set(other.rule.channel) <= set(self.rule.channel))

    def shares_events(self, other: _Known) -> bool:
        channels = not self.rule.channel or not other.rule.channel or set(self.rule.channel) & set(other.rule.channel)
        return bool(channels) and bool(set(self.rule.heard) & set(other.rule.heard))


def warnings(rules: Sequence[Rule], registry: Mapping[str, Action[Any]], beside: Beside = ALONE) -> list[RuleProblem]:
    """All that should be looked at in rules that have passed `check`, in the order of the config."""
    templates = Templates(ZoneInfo("UTC"), beside.dictionaries)
    known: list[_Known] = []
    problems: list[RuleProblem] = []
    for index, rule in enumerate(rules):
        compiled = compile_rule(rule, registry, templates, _ignore)
        ways = cases(compiled.condition), cases(compiled.condition, positive=False)
        later = _Known(index, compiled, *ways)
        found = (*_dead_ways(later), *_shadows(known, later), *_doubles(known, later), *_doubts(later, beside))
        for place, text, hint in found:
            problems.append(RuleProblem(("rules", index, *place), text, hint))
        known.append(later)
    problems.extend(_lonely_counters(known))
    return problems


_Found = tuple[Path, str, str]


def _ignore(_place: Path, _text: str, _hint: str) -> None:
    """Mistakes are the business of `check`."""


def _dead_ways(known: _Known) -> Iterator[_Found]:
    """Alternatives of a condition that can never be met, though others can."""
    found = [clash(way, known.is_list) for way in known.holds or ()]
    if None in found:
        for place, pair in dict.fromkeys(one for one in found if one is not None):
            yield ("when", *place), f"{pair}, so that this alternative is never met", "leave it out, or correct it"


def _shadows(earlier: Sequence[_Known], later: _Known) -> Iterator[_Found]:
    """Event types that an earlier rule with `stop` always keeps from this one."""
    hidden = {kind: name for kind in later.rule.heard if (name := _hidden_by(earlier, later, kind))}
    hint = "put it before that rule, or take stop from there"
    if hidden and len(hidden) == len(later.rule.on):
        names = " and ".join(f"«{name}»" for name in dict.fromkeys(hidden.values()))
        yield ("name",), f"the rule never sees an event: {names} stops whatever it waits for", hint
        return
    for i, kind in enumerate(later.rule.on):
        if kind in hidden:
            yield (
                ("on", i),
                f"the rule never sees {kind}: «{hidden[EventType(kind)]}» stops whatever it waits for",
                hint,
            )


def _hidden_by(earlier: Sequence[_Known], later: _Known, kind: EventType) -> str:
    for one in earlier:
        stops = one.rule.stop and not one.rule.waits and kind in one.rule.heard and one.hears(later)
        if stops and _always_before(one, later):
            return one.rule.name
    return ""


def _always_before(earlier: _Known, later: _Known) -> bool:
    """Whether the earlier one matches whenever the later one does. After a wait anything may have changed."""
    if later.rule.waits:
        return impossible(earlier.fails, earlier.is_list)
    if impossible(later.holds, later.is_list):
        return False
    return impossible(both(later.holds, earlier.fails), _either_list(earlier, later))


def _doubles(earlier: Sequence[_Known], later: _Known) -> Iterator[_Found]:
    """Steps that make a second time, for the same event, what an earlier step makes."""
    steps = later.compiled.steps
    for at, step in enumerate(steps):
        if any(_same(before, step) for before in steps[:at] if before.place[:-2] == step.place[:-2]):
            yield step.place, "the rule does this twice", "leave one of them out"
            continue
        for one in earlier:
            if any(_same(before, step) for before in one.compiled.steps) and _may_meet(one, later):
                text = f"rule «{one.rule.name}» does the same for the same event"
                yield step.place, text, "leave one of them out, or let the first one stop"
                break


def _doubts(known: _Known, beside: Beside) -> Iterator[_Found]:
    """What steps can do only by halves, as the rest of the config stands."""
    for step in known.compiled.steps:
        for place, text, hint in step.action.doubts(step.params, beside):
            yield (*step.place, *place), text, hint


def _lonely_counters(known: Sequence[_Known]) -> Iterator[RuleProblem]:
    """Queues that share with nobody, though another one is named nearly so."""
    found = [
        (("rules", one.index, "do", step.index, step.action.name, *place), counter)
        for one in known
        for step in one.compiled.steps
        for place, counter in _counters(step.constants)
    ]
    for place, counter in found:
        others = [other for at, other in found if at != place]
        near = get_close_matches(counter.casefold(), map(str.casefold, others), n=1, cutoff=_MISSPELT)
        if near and counter not in others:
            yield RuleProblem(place, f"no other queue counts with «{counter}»", f'did you mean "{near[0]}"?')


def _counters(value: object) -> Iterator[tuple[Path, str]]:
    """The names of shared queues within the parameters of a step, with their places."""
    for name, below in value.items() if isinstance(value, Mapping) else ():
        if name == "counter" and below:
            yield ("counter",), str(below)
        else:
            yield from (((str(name), *place), counter) for place, counter in _counters(below))


def _same(earlier: Step, later: Step) -> bool:
    return earlier.action is later.action and later.action.doubles(earlier.params, later.params)


def _may_meet(earlier: _Known, later: _Known) -> bool:
    """Whether both can act upon one event."""
    if not earlier.shares_events(later) or (earlier.rule.stop and not earlier.rule.waits):
        return False
    return not impossible(both(earlier.holds, later.holds), _either_list(earlier, later))


def _either_list(one: _Known, other: _Known) -> IsList:
    return lambda path: one.is_list(path) or other.is_list(path)
