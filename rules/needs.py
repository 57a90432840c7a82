"""Which names of the CRM the rules use, so that `check --online` can ask the account for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from provodka.crm import Need
from rules.actions.base import Action
from rules.beside import ALONE, Beside
from rules.compiled import CompiledRule, compile_rule
from rules.conditions import Compare, leaves, refuse
from rules.schema import Rule, Staff
from rules.templates import Templates

_PATHS: Final = {"lead.pipeline": "pipeline", "lead.stage": "stage"}


@dataclass(frozen=True, slots=True)
class UsedName:
    """A name of the CRM and its place in the config. A stage whose `within` is empty may be of any pipeline."""

    path: tuple[str | int, ...]
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
            at = ("rules", i, "do", step.index, step.action.name)
            used.extend(UsedName((*at, *place), need) for place, need in step.action.needs(step.params))
        used.extend(UsedName(("rules", i, "when", *place), need) for place, need in _in_conditions(compiled))
    return used


def _in_conditions(compiled: CompiledRule) -> Iterator[tuple[tuple[str | int, ...], Need]]:
    equal = [leaf for leaf in leaves(compiled.condition) if isinstance(leaf, Compare) and leaf.path in _PATHS]
    equal = [leaf for leaf in equal if leaf.operator.name in ("is", "in", "not")]
    pipelines = [name for leaf in equal if leaf.path == "lead.pipeline" for name in _names(leaf)]
    within = pipelines[0] if len(pipelines) == 1 else ""
    for leaf in equal:
        kind = _PATHS[leaf.path]
        for name in _names(leaf):
            yield leaf.where, Need(kind, name, within if kind == "stage" else "")


def _names(leaf: Compare) -> list[str]:
    values = leaf.expected if isinstance(leaf.expected, list) else [leaf.expected]
    return [str(value) for value in values]
