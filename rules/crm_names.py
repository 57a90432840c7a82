"""The names of the CRM that a rule's conditions, texts and values hold: stages, types of tasks, fields, options."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from jinja2 import nodes

from provodka.crm import Need
from provodka.payloads import EventType
from rules.actions.base import Place
from rules.compiled import CompiledRule, Step
from rules.conditions import Compare, Formula, leaves
from rules.templates import Templates, path_of

_VALUES: Final = {
    "lead.pipeline": "pipeline",
    "lead.stage": "stage",
    "person.last_lead.pipeline": "pipeline",
    "person.last_lead.stage": "stage",
    "lead.loss_reason": "loss_reason",
    "person.last_lead.loss_reason": "loss_reason",
    "task.type": "task_type",
    "tasks.types": "task_type",
}
"""The paths whose values are names of the CRM, each with their kind."""

_FIELDS: Final = {
    "lead.fields": "field",
    "person.last_lead.fields": "field",
    "contact.fields": "contact_field",
    "company.fields": "company_field",
}
"""The paths below which the names of fields stand."""

_MOVED: Final = {EventType.LEAD_STAGE_CHANGED, EventType.LEAD_WON, EventType.LEAD_LOST}
_CHANGED: Final = {
    EventType.LEAD_UPDATED: "field",
    EventType.CONTACT_UPDATED: "contact_field",
    EventType.COMPANY_UPDATED: "company_field",
}
_OWN: Final = frozenset(
    {"stage", "responsible", "title", "name", "price", "tags", "contacts", "phones", "emails", "completed"}
)
"""What `change.field` calls the members that every card has."""

_EQUAL: Final = ("is", "in", "not")

Found = Iterator[tuple[Place, Need]]


def in_conditions(compiled: CompiledRule, templates: Templates) -> Found:
    """What the conditions compare with and which fields they read, by the place within `when`."""
    within = pipeline_asked(compiled)
    for leaf in leaves(compiled.condition):
        if isinstance(leaf, Formula):
            source = f"{{{{ {leaf.expression.source} }}}}"
            yield from ((leaf.where, need) for need in in_template(source, templates))
        elif isinstance(leaf, Compare):
            yield from ((leaf.where, need) for need in of_path(leaf.path))
            if leaf.operator.name == "filled" and leaf.path in _FIELDS:
                yield from ((leaf.where, Need(_FIELDS[leaf.path], name)) for name in _names(leaf))
            if leaf.operator.name in _EQUAL:
                kind = _kind(leaf.path, compiled)
                yield from ((leaf.where, need) for need in _compared(leaf, kind, within))


def in_template(source: str, templates: Templates) -> list[Need]:
    """The fields that a text reads, by their paths or as `missing` names them, and the stages by which it orders; each
    once."""
    tree = templates.parse(source)
    chains = tree.find_all((nodes.Getattr, nodes.Getitem))
    found = [need for node in chains for need in of_path(path_of(node))]
    for node in tree.find_all(nodes.Filter):
        kind = _FIELDS.get(path_of(node.node)) if node.name == "missing" and node.node is not None else None
        kind = "stage" if node.name == "by_stage" else kind
        names = [one.value for one in nodes.Tuple(node.args, "load").find_all(nodes.Const)]
        found += [Need(kind, name) for name in names if kind and isinstance(name, str)]
    return list(dict.fromkeys(found))


def in_step(step: Step, within: str) -> Found:
    """What the action names, and the options among its constant values. `within`: the pipeline that its lead is in."""
    for place, need in step.action.needs(step.params):
        yield place, Need(need.kind, need.name, within) if need.kind == "stage" and not need.within else need
        if need.kind.endswith("field") and place and place[-1] == need.name:
            value = _at(step.constants, place)
            if isinstance(value, str) and value and "{" not in value:
                yield place, _option(need, value)


def pipeline_asked(compiled: CompiledRule) -> str:
    """The only pipeline that leads of this rule can be in; empty where there are several or any."""
    asked = [one for one in leaves(compiled.condition) if isinstance(one, Compare) and one.path == "lead.pipeline"]
    names = [name for one in asked if one.operator.name in ("is", "in") for name in _names(one)]
    return names[0] if len(names) == 1 else ""


def _compared(leaf: Compare, kind: str, within: str) -> Iterator[Need]:
    for name in filter(None, _names(leaf)):
        if kind == "stage":
            yield Need(kind, name, within if leaf.path != "change.old" else "")
        elif kind and not (leaf.path == "change.field" and name in _OWN):
            yield Need(kind, name)
        yield from (_option(need, name) for need in of_path(leaf.path))


def _option(field: Need, value: str) -> Need:
    return Need(field.kind.replace("field", "option"), value, within=field.name)


def _kind(path: str, compiled: CompiledRule) -> str:
    """What the values that a path is compared with are names of; empty where they are no names of the CRM."""
    triggers = set(compiled.rule.triggers)
    if path in ("change.old", "change.new"):
        return "stage" if triggers and triggers <= _MOVED else ""
    if path == "change.field":
        kinds = {_CHANGED.get(kind, "") for kind in triggers}
        return kinds.pop() if len(kinds) == 1 else ""
    return _VALUES.get(path, "")


def of_path(path: str) -> Iterator[Need]:
    """The field that stands at the end of a path, where there is one."""
    for above, kind in _FIELDS.items():
        if path.startswith(f"{above}."):
            yield Need(kind, path.removeprefix(f"{above}."))


def _names(leaf: Compare) -> list[str]:
    values = leaf.expected if isinstance(leaf.expected, list) else [leaf.expected]
    return [str(value) for value in values if value is not None]


def _at(value: Any, place: Place) -> Any:  # noqa: ANN401 -- any part of the parameters
    for part in place:
        value = value.get(part) if isinstance(value, dict) else None
    return value
