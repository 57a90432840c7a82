"""Which names of the CRM the rules use, so that `check --online` can ask the account for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from provodka.crm import Need
from rules.actions.base import Action, Place
from rules.beside import ALONE, Beside
from rules.compiled import compile_rule
from rules.conditions import refuse
from rules.crm_names import in_conditions, in_step, in_template, of_path, pipeline_asked
from rules.schema import Rule, Staff
from rules.templates import Templates


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
        within = pipeline_asked(compiled)
        for step in compiled.steps:
            within = getattr(step.params, "pipeline", "") or within
            at = ("rules", i, *step.place)
            used.extend(UsedName((*at, *place), need) for place, need in in_step(step, within))
        for place, text in compiled.texts:
            used.extend(UsedName(("rules", i, *place), need) for need in in_template(text.source, templates))
        used.extend(UsedName(("rules", i, "when", *place), need) for place, need in in_conditions(compiled, templates))
        used.extend(UsedName(("rules", i, "date"), need) for need in of_path(rule.date))
    return used
