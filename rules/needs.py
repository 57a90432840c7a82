"""Which names of the CRM the rules use, so that `check --online` can ask the account for them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from jinja2 import nodes

from provodka.crm import Need
from provodka.payloads import EventType
from rules.actions.base import Action
from rules.beside import ALONE, Beside
from rules.compiled import CompiledRule, compile_rule
from rules.conditions import Compare, Formula, leaves, refuse
from rules.schema import Rule, Staff
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

_CHANGED: Final = {
    EventType.LEAD_UPDATED: "field",
    EventType.CONTACT_UPDATED: "contact_field",
    EventType.COMPANY_UPDATED: "company_field",
}
_OWN: Final = frozenset(
    {"stage", "responsible", "title", "name", "price", "tags", "contacts", "phones", "emails", "completed"}
)
"""What `change.field` calls the members that every card has."""

Place = tuple[str | int, ...]

_DATE_FIELD: Final = re.compile(r"(lead|contact|company)\.fields\.(.+)")


@dataclass(frozen=True, slots=True)
class UsedName:
    """A name of the CRM and its place in the config. A stage whose `within` is empty may be of any pipeline."""

    path: Place
    need: Need


def needs(
    rules: Sequence[Rule], registry: Mapping[str, Action[Any]], staff: Mapping[str, Staff], beside: Beside = ALONE
) -> list[UsedName]:
    """All names, each at every place where it stands. The rules have passed `check`."""
    used = [UsedName(("staff", key, "crm"), Need("user", member.crm)) for key, member in staff.items()]
    templates = Templates(ZoneInfo("UTC"), beside.dictionaries)
    for i, rule in enumerate(rules):
        compiled = compile_rule(rule, registry, templates, refuse)
        for step in compiled.steps:
            at = ("rules", i, *step.place)
            used.extend(UsedName((*at, *place), need) for place, need in step.action.needs(step.params))
        for place, text in compiled.texts:
            used.extend(UsedName(("rules", i, *place), need) for need in _in_template(text.source, templates))
        used.extend(UsedName(("rules", i, "when", *place), need) for place, need in _in_conditions(compiled, templates))
        if field := _DATE_FIELD.fullmatch(rule.date):
            used.append(UsedName(("rules", i, "date"), Need(_FIELDS[f"{field[1]}.fields"], field[2])))
    return used


def _in_conditions(compiled: CompiledRule, templates: Templates) -> Iterator[tuple[Place, Need]]:
    compared = [leaf for leaf in leaves(compiled.condition) if isinstance(leaf, Compare)]
    equal = [leaf for leaf in compared if leaf.operator.name in ("is", "in", "not")]
    pipelines = [name for leaf in equal if leaf.path == "lead.pipeline" for name in _names(leaf)]
    within = pipelines[0] if len(pipelines) == 1 else ""
    for leaf in equal:
        kind = _VALUES.get(leaf.path) or (_changed(compiled.rule) if leaf.path == "change.field" else "")
        for name in _names(leaf):
            if kind and name and not (leaf.path == "change.field" and name in _OWN):
                yield leaf.where, Need(kind, name, within if kind == "stage" else "")
    for leaf in compared:
        if leaf.operator.name == "filled" and leaf.path in _FIELDS:
            yield from ((leaf.where, Need(_FIELDS[leaf.path], name)) for name in _names(leaf))
        yield from ((leaf.where, need) for need in _of_path(leaf.path))
    for formula in leaves(compiled.condition):
        if isinstance(formula, Formula):
            yield from (
                (formula.where, need) for need in _in_template(f"{{{{ {formula.expression.source} }}}}", templates)
            )


def _in_template(source: str, templates: Templates) -> list[Need]:
    """The fields that a text reads, by their paths or as `missing` names them, and the stages by which it orders; each
    once."""
    tree = templates.parse(source)
    chains = tree.find_all((nodes.Getattr, nodes.Getitem))
    found = [need for node in chains for need in _of_path(path_of(node))]
    for node in tree.find_all(nodes.Filter):
        kind = _FIELDS.get(path_of(node.node)) if node.name == "missing" and node.node is not None else None
        names = [one.value for one in nodes.Tuple(node.args, "load").find_all(nodes.Const)]
        kind = "stage" if node.name == "by_stage" else kind
        found += [Need(kind, name) for name in names if kind and isinstance(name, str)]
    return list(dict.fromkeys(found))


def _of_path(path: str) -> Iterator[Need]:
    """The field that stands at the end of a path, where there is one."""
    for above, kind in _FIELDS.items():
        if path.startswith(f"{above}."):
            yield Need(kind, path.removeprefix(f"{above}."))


def _changed(rule: Rule) -> str:
    """What kind of field `change.field` names; nothing where the rule starts on events of different cards."""
    kinds = {_CHANGED.get(kind, "") for kind in rule.triggers}
    return kinds.pop() if len(kinds) == 1 else ""


def _names(leaf: Compare) -> list[str]:
    values = leaf.expected if isinstance(leaf.expected, list) else [leaf.expected]
    return [str(value) for value in values if value is not None]
