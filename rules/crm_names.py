"""The names of the CRM that a rule's conditions, texts and values hold: stages, types of tasks, fields, options."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from provodka.crm import Need
from provodka.payloads import EventType
from rules.actions.base import Place
from rules.compiled import CompiledRule, Step
from rules.conditions import Compare, Formula, leaves

_PATHS: Final = {"lead.pipeline": "pipeline", "lead.stage": "stage", "task.type": "task_type"}
_FIELDS: Final = {"lead.fields.": "", "contact.fields.": "contact_", "company.fields.": "company_"}
_CLOSING: Final = {EventType.LEAD_STAGE_CHANGED, EventType.LEAD_WON, EventType.LEAD_LOST}
_UPDATED: Final = {
    EventType.LEAD_UPDATED: "field",
    EventType.CONTACT_UPDATED: "contact_field",
    EventType.COMPANY_UPDATED: "company_field",
}
_MEMBERS: Final = frozenset({"title", "name", "price", "tags", "contacts", "phones", "emails", "responsible"})
_EQUAL: Final = ("is", "in", "not")

Found = Iterator[tuple[Place, Need]]


def in_conditions(compiled: CompiledRule) -> Found:
    """What the conditions compare with and which fields they read, by the place within `when`."""
    within = pipeline_asked(compiled)
    for leaf in leaves(compiled.condition):
        if isinstance(leaf, Formula):
            yield from ((leaf.where, need) for name in leaf.expression.names for need in _field(name))
        elif isinstance(leaf, Compare):
            yield from ((leaf.where, need) for need in _field(leaf.path))
            if leaf.operator.name in _EQUAL:
                kind = _kind(leaf.path, compiled)
                yield from ((leaf.where, need) for need in _compared(leaf, kind, within))


def in_texts(compiled: CompiledRule) -> Found:
    """Which fields the texts read, by the place within the rule."""
    for place, text in compiled.texts:
        yield from ((place, need) for name in sorted(text.names) for need in _field(name))


def in_step(step: Step, within: str) -> Found:
    """What the action names, and the options among its constant values. `within`: the pipeline that its lead is in."""
    for place, need in step.action.needs(step.params):
        yield place, Need(need.kind, need.name, within) if need.kind == "stage" and not need.within else need
        if need.kind.endswith("field") and place and place[-1] == need.name:
            value = _at(step.constants, place)
            if isinstance(value, str) and value and "{" not in value:
                yield place, Need(need.kind.replace("field", "option"), value, within=need.name)


def pipeline_asked(compiled: CompiledRule) -> str:
    """The only pipeline that leads of this rule can be in; empty where there are several or any."""
    asked = [one for one in leaves(compiled.condition) if isinstance(one, Compare) and one.path == "lead.pipeline"]
    names = [name for one in asked if one.operator.name in ("is", "in") for name in _names(one)]
    return names[0] if len(names) == 1 else ""


def _compared(leaf: Compare, kind: str, within: str) -> Iterator[Need]:
    for name in _names(leaf):
        if kind == "stage":
            yield Need(kind, name, within)
        elif kind and not (kind.endswith("field") and name in _MEMBERS):
            yield Need(kind, name)
        for need in _field(leaf.path) if name else ():
            yield Need(need.kind.replace("field", "option"), name, within=need.name)


def _kind(path: str, compiled: CompiledRule) -> str:
    """What the values that a path is compared with are names of; empty where they are no names of the CRM."""
    triggers = set(compiled.rule.triggers)
    if path in ("change.old", "change.new"):
        return "stage" if triggers and triggers <= _CLOSING else ""
    if path == "change.field":
        kinds = {_UPDATED.get(kind, "") for kind in triggers}
        return kinds.pop() if len(kinds) == 1 else ""
    return _PATHS.get(path, "")


def _field(path: str) -> Iterator[Need]:
    for start, kind in _FIELDS.items():
        if path.startswith(start):
            yield Need(f"{kind}field", path.removeprefix(start))


def _names(leaf: Compare) -> list[str]:
    values = leaf.expected if isinstance(leaf.expected, list) else [leaf.expected]
    return [str(value) for value in values]


def _at(value: Any, place: Place) -> Any:  # noqa: ANN401 -- any part of the parameters
    for part in place:
        value = value.get(part) if isinstance(value, dict) else None
    return value
