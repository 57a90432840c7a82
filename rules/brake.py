"""Which brake each rule stands under: what the rule says, else what the config says, else the usual one.

A rule that takes in leads (`intake`) has a limit of its own, much higher: a backlog of true leads after an outage comes
all at once and must reach the CRM, while a rule that suddenly changes hundreds of existing cards, or writes to hundreds
of people, is what the brake is there for. The higher limit is left for a form that is being flooded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from provodka.brake import Brake
from rules.actions.base import Action
from rules.durations import Duration
from rules.plan import Priority
from rules.schema import BrakeSetting, BrakeSettings, Rule

USUAL: Final = BrakeSettings(cards=200, new_leads=5_000, within=Duration("10m", seconds=600))


def brakes_of(rules: Sequence[Rule], registry: Mapping[str, Action[Any]], setting: BrakeSetting) -> dict[str, Brake]:
    """The brakes by rule; a rule whose brake is off has none."""
    found: dict[str, Brake] = {}
    for rule in rules:
        chosen = setting if rule.brake is None else rule.brake
        if chosen == "off":
            continue
        layers = [USUAL, *(one for one in (setting, chosen) if isinstance(one, BrakeSettings))]
        found[rule.name] = _brake(layers, makes_leads=_makes_leads(rule, registry))
    return found


def _brake(layers: Sequence[BrakeSettings], *, makes_leads: bool) -> Brake:
    """The later layer wins where it says something."""
    said = {name: value for one in layers for name, value in one if value is not None}
    span: Duration = said["within"]
    limit: int = said["new_leads" if makes_leads else "cards"]
    return Brake(limit, timedelta(days=span.days, seconds=span.seconds))


def _makes_leads(rule: Rule, registry: Mapping[str, Action[Any]]) -> bool:
    return any(name in registry and registry[name].priority is Priority.NEW_LEAD for name, _ in rule.steps)
