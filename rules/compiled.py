"""A rule made ready: its conditions parsed, its parameters checked, its texts compiled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from provodka.settings import Strict
from rules.actions.base import Action, LeadUse, Place, Planning
from rules.calendar import WorkingCalendar
from rules.conditions import Group, Report, parse_when
from rules.faults import RuleError
from rules.names import did_you_mean
from rules.plan import rule_slug
from rules.schema import Rule
from rules.templates import Names, Templates, Text

Fill = Callable[[Names], Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One action of a rule. `fills` render the parameters that hold templates, `texts` are those templates."""

    index: int
    action: Action[Any]
    params: Strict
    constants: Mapping[str, Any]
    fills: tuple[tuple[str, Fill], ...]
    texts: tuple[tuple[Place, Text], ...]
    needs: int | None = None

    def plan(self, names: Names, rule: str, now: datetime, calendar: WorkingCalendar) -> dict[str, dict[str, Any]]:
        """The planned parameters of each action that this step makes, by the suffix of its key."""
        rendered = {**self.constants, **{name: fill(names) for name, fill in self.fills}}
        planned = self.action.plan(Planning(self.params, rendered, rule, now, calendar))
        return self.action.parts(planned)


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule with everything in it compiled."""

    rule: Rule
    slug: str
    condition: Group
    steps: tuple[Step, ...]


def compile_rule(
    rule: Rule, registry: Mapping[str, Action[Any]], templates: Templates, report: Report
) -> CompiledRule:  # fmt: skip
    """Compile one rule; every mistake goes to `report` with its place in the rule, and what is wrong is left out."""
    condition = parse_when(rule.when, templates, lambda place, text, hint: report(("when", *place), text, hint))
    steps: list[Step] = []
    maker: int | None = None
    for index, (name, raw) in enumerate(rule.steps):
        action = registry.get(name)
        if action is None:
            report(("do", index, name), f"unknown action {name}", did_you_mean(name, registry))
            continue
        needs = maker if action.lead in (LeadUse.USES, LeadUse.NEEDS) else None
        if step := _compile_step(index, action, raw, needs, templates, report):
            steps.append(step)
        if action.lead is LeadUse.MAKES:
            maker = index
    return CompiledRule(rule, rule_slug(rule.name), condition, tuple(steps))


def _compile_step(
    index: int, action: Action[Any], raw: object, needs: int | None, templates: Templates, report: Report
) -> Step | None:
    at: Place = ("do", index, action.name)
    try:
        params = action.params.model_validate(raw)
    except ValidationError as error:
        for mistake in error.errors(include_url=False, include_context=False):
            place = _in_document(raw, mistake["loc"])
            report((*at, *place), mistake["msg"].removeprefix("Value error, "), _hint(mistake, action))
        return None
    constants = params.model_dump(mode="json")
    texts: list[tuple[Place, Text]] = []
    fills: dict[str, Fill] = {}
    for name in action.templates:
        fill = _compile_value(constants[name], (*at, name), templates, texts, report)
        if fill is not None:
            fills[name] = fill
    return Step(index, action, params, constants, tuple(fills.items()), tuple(texts), needs)


def _compile_value(
    value: object, place: Place, templates: Templates, texts: list[tuple[Place, Text]], report: Report
) -> Fill | None:
    """How to fill in a value, or None where it holds no template. In lists and mappings, empty texts are left out."""
    if isinstance(value, list):
        items = [(_compile_value(v, (*place, i), templates, texts, report), v) for i, v in enumerate(value)]
        return _filled_list(items) if any(fill for fill, _ in items) else None
    if isinstance(value, dict):
        members = {k: (_compile_value(v, (*place, k), templates, texts, report), v) for k, v in value.items()}
        return _filled_mapping(members) if any(fill for fill, _ in members.values()) else None
    if not isinstance(value, str):
        return None
    try:
        text = templates.text(value)
    except RuleError as error:
        report(place, str(error), "")
        return None
    if text.constant:
        return None
    texts.append((place, text))
    return text.render


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


def _hint(mistake: Mapping[str, Any], action: Action[Any]) -> str:
    """The nearest right name for an unknown parameter; the whole list where nothing comes near."""
    if mistake["type"] == "extra_forbidden" and len(mistake["loc"]) == 1:
        return did_you_mean(str(mistake["loc"][0]), action.params.model_fields)
    return ""
