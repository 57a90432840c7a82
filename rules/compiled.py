"""A rule made ready: its conditions parsed, its parameters checked, its texts compiled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from provodka.settings import Strict
from provodka.veil import Veil
from provodka.wording import MISSING, UNKNOWN, Wrong, did_you_mean, nearest, words
from rules.actions.base import Action, LeadUse, Part, Place, Planning
from rules.calendar import WorkingCalendar
from rules.conditions import Compare, Formula, Group, Report, Time, leaves, parse_when
from rules.faults import RuleError
from rules.plan import rule_slug
from rules.schema import Rule, steps_of
from rules.team import Team
from rules.templates import Names, Templates, Text

Fill = Callable[[Names], Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One action of a rule. `fills` render the parameters that hold templates; `place`: where in the rule."""

    place: Place
    index: int
    action: Action[Any]
    params: Strict
    constants: Mapping[str, Any]
    fills: tuple[tuple[str, Fill], ...]
    needs: int | None = None

    def plan(
        self, names: Names, rule: str, now: datetime, calendar: WorkingCalendar, team: Team, veil: Veil
    ) -> Mapping[str, dict[str, Any] | Part]:
        """The planned parameters of each action that this step makes, by the suffix of its key."""
        rendered = {**self.constants, **{name: fill(names) for name, fill in self.fills}}
        who = names["who"].key if "who" in names else ""
        planned = self.action.plan(Planning(self.params, rendered, rule, now, calendar, team, veil, who))
        return self.action.parts(planned)


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule with everything in it compiled. `texts` are the templates of all steps, those of wrong steps too.

    Of a rule with a ladder, `steps` are those of all rungs, one after the other, and `rungs` those of each.
    """

    rule: Rule
    slug: str
    condition: Group
    steps: tuple[Step, ...]
    texts: tuple[tuple[Place, Text], ...]
    rungs: tuple[tuple[Step, ...], ...] = ()

    def asks(self, *path: str) -> bool:
        """Whether its condition reads this: what it means to the rule is then for the rule to say."""
        return any(_reads(one, path) for one in leaves(self.condition))


def _reads(condition: Compare | Formula | Time, path: tuple[str, ...]) -> bool:
    if isinstance(condition, Compare):
        return condition.parts == path
    return isinstance(condition, Formula) and path in condition.paths


def compile_rule(rule: Rule, registry: Mapping[str, Action[Any]], templates: Templates, report: Report) -> CompiledRule:
    """Compile one rule; every mistake goes to `report` with its place in the rule, and what is wrong is left out."""
    condition = parse_when(rule.when, templates, lambda place, text, hint: report(("when", *place), text, hint))
    reader = _Reader(templates, [], report)
    steps = _compile_steps(rule.do, ("do",), registry, reader)
    rungs = [_compile_steps(rung.do, ("escalate", i, "do"), registry, reader) for i, rung in enumerate(rule.escalate)]
    steps += [step for rung in rungs for step in rung]
    return CompiledRule(
        rule, rule_slug(rule.name), condition, tuple(steps), tuple(reader.texts), tuple(map(tuple, rungs))
    )


def _compile_steps(
    written_steps: Sequence[Mapping[str, Any]], at: Place, registry: Mapping[str, Action[Any]], reader: _Reader
) -> list[Step]:
    steps: list[Step] = []
    maker: int | None = None
    for index, (name, raw) in enumerate(steps_of(written_steps)):
        action = registry.get(name)
        place = (*at, index, name)
        if action is None:
            reader.report(place, f"unknown action {name}", did_you_mean(name, registry))
            continue
        params = _params(action, raw, place, reader.report)
        written = params.model_dump(mode="json", by_alias=True) if params else raw
        fills = _fills(action, written, place, reader)
        needs = None if action.lead in (LeadUse.NONE, LeadUse.MAKES) else maker
        if params is not None:
            steps.append(Step(place, index, action, params, written, fills, needs))
        if action.lead in (LeadUse.MAKES, LeadUse.ADDS):
            maker = index
    return steps


@dataclass(frozen=True, slots=True)
class _Reader:
    """Compiles texts, collects them, and reports those that cannot be read."""

    templates: Templates
    texts: list[tuple[Place, Text]]
    report: Report

    def read(self, source: str, place: Place) -> Fill | None:
        try:
            text = self.templates.text(source)
        except RuleError as error:
            self.report(place, str(error), "")
            return None
        if text.constant:
            return None
        self.texts.append((place, text))
        return text.render


def _params(action: Action[Any], raw: object, at: Place, report: Report) -> Strict | None:
    try:
        params: Strict = action.params.model_validate(raw)
    except ValidationError as error:
        wrong = list(_mistakes(error, raw, tuple(action.params.model_fields)))
        for place, text, hint in wrong:
            report((*at, *place), text, hint)
        return _salvaged(action, raw, {place[0] for place, _, _ in wrong if place})
    return params


def _salvaged(action: Action[Any], raw: object, wrong: set[int | str]) -> Strict | None:
    """What is right among parameters that have mistakes, so that one mistake does not hide another; None if nothing."""
    if not isinstance(raw, dict):
        return None
    try:
        params: Strict = action.params.model_validate({name: v for name, v in raw.items() if name not in wrong})
    except ValidationError:
        return None
    return params


def _fills(action: Action[Any], written: object, at: Place, reader: _Reader) -> tuple[tuple[str, Fill], ...]:
    if not isinstance(written, dict):
        return ()
    found = {name: _compile_value(written[name], (*at, name), reader) for name in written if name in action.templates}
    return tuple((name, fill) for name, fill in found.items() if fill is not None)


def _compile_value(value: object, place: Place, reader: _Reader) -> Fill | None:
    """How to fill in a value, or None where it holds no template. In lists and mappings, empty texts are left out."""
    if isinstance(value, str):
        return reader.read(value, place)
    if isinstance(value, list):
        items = [(_compile_value(item, (*place, i), reader), item) for i, item in enumerate(value)]
        return _filled_list(items) if any(fill for fill, _ in items) else None
    if isinstance(value, dict):
        members = {name: (_compile_value(item, (*place, name), reader), item) for name, item in value.items()}
        return _filled_mapping(members) if any(fill for fill, _ in members.values()) else None
    return None


def _filled_list(items: list[tuple[Fill | None, Any]]) -> Fill:
    def fill(names: Names) -> list[Any]:
        filled = (fill(names) if fill else value for fill, value in items)
        return [value for value in filled if value != ""]

    return fill


def _filled_mapping(members: dict[str, tuple[Fill | None, Any]]) -> Fill:
    def fill(names: Names) -> dict[str, Any]:
        filled = {name: fill(names) if fill else value for name, (fill, value) in members.items()}
        return {name: value for name, value in filled.items() if value != ""}

    return fill


def _in_document(raw: Any, loc: tuple[int | str, ...]) -> Place:  # noqa: ANN401 -- any part of the YAML
    """The part of pydantic's location that exists in the document: it also names the branches of a union."""
    place: list[int | str] = []
    for i, key in enumerate(loc):
        inside = key in raw if isinstance(raw, dict) else isinstance(key, int) and isinstance(raw, list | tuple)
        if inside:
            raw = raw[key]
            place.append(key)
        elif i == len(loc) - 1 and isinstance(raw, dict):
            place.append(key)  # what is missing there
    return tuple(place)


def _mistakes(error: ValidationError, raw: object, known: Sequence[str]) -> Iterator[tuple[Place, str, str]]:
    """One mistake for each place, in the words of all config mistakes; a misspelt name is not a missing one besides."""
    found = [(_in_document(raw, one["loc"]), one) for one in error.errors(include_url=False)]
    meant = {nearest(str(place[-1]), known) for place, one in found if one["type"] in UNKNOWN and len(place) == 1}
    seen: set[Place] = set()
    for place, one in found:
        if place in seen or (one["type"] in MISSING and place[-1] in meant):
            continue
        seen.add(place)
        if one["type"] in UNKNOWN:
            yield place, f'unknown key "{place[-1]}"', did_you_mean(str(place[-1]), known) if len(place) == 1 else ""
        elif one["type"] in MISSING:
            yield place, f'missing key "{place[-1]}"', ""
        else:
            text, hint = words(Wrong(one["type"], one["msg"], one["input"], one.get("ctx", {})), [], "")
            yield place, text, hint
