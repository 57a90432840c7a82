"""Which brake each rule stands under: what the rule says, else what the config says, else the usual one.

A rule that takes in leads (`intake`), or hears only of what comes in or is new, has a limit of its own, much higher: a
backlog of true leads after an outage comes all at once and must reach the CRM, while a rule that suddenly changes
hundreds of existing cards is what the brake is there for. The higher limit is left for a form that is being flooded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from provodka.brake import Brake
from provodka.payloads import EventType
from rules.actions.base import Action
from rules.durations import Duration
from rules.plan import Priority
from rules.schema import BrakeSetting, BrakeSettings, Rule

USUAL: Final = BrakeSettings(cards=200, new_leads=5_000, within=Duration("10m", seconds=600))

_INCOMING: Final = frozenset(
    {
        EventType.FORM_SUBMITTED,
        EventType.EMAIL_RECEIVED,
        EventType.CALL_STARTED,
        EventType.CALL_FINISHED,
        EventType.CALL_MISSED,
        EventType.CALL_RECORDED,
        EventType.MESSAGE_RECEIVED,
        EventType.MESSAGE_EDITED,
        EventType.MESSAGE_SENT,
        EventType.MESSAGE_STATE,
        EventType.CHAT_STARTED,
        EventType.CHAT_STOPPED,
        EventType.LEAD_CREATED,
        EventType.CONTACT_CREATED,
        EventType.COMPANY_CREATED,
    }
)
"""What comes once for each client or card, and all at once after an outage."""


def brakes_of(rules: Sequence[Rule], registry: Mapping[str, Action[Any]], setting: BrakeSetting) -> dict[str, Brake]:
    """The brakes by rule; a rule whose brake is off has none."""
    found: dict[str, Brake] = {}
    for rule in rules:
        chosen = setting if rule.brake is None else rule.brake
        if chosen == "off":
            continue
        layers = [USUAL, *(one for one in (setting, chosen) if isinstance(one, BrakeSettings))]
        found[rule.name] = _brake(layers, of_new=_is_of_new(rule, registry))
    return found


def _brake(layers: Sequence[BrakeSettings], *, of_new: bool) -> Brake:
    """The later layer wins where it says something."""
    said = {name: value for one in layers for name, value in one if value is not None}
    span: Duration = said["within"]
    limit: int = said["new_leads" if of_new else "cards"]
    return Brake(limit, timedelta(days=span.days, seconds=span.seconds))


def _is_of_new(rule: Rule, registry: Mapping[str, Action[Any]]) -> bool:
    """Whether the limit of what is new applies: not where the rule itself names a number of cards alone."""
    own = rule.brake
    if isinstance(own, BrakeSettings) and own.cards is not None and own.new_leads is None:
        return False
    return _makes_leads(rule, registry) or _INCOMING.issuperset(rule.triggers)


def _makes_leads(rule: Rule, registry: Mapping[str, Action[Any]]) -> bool:
    return any(name in registry and registry[name].priority is Priority.NEW_LEAD for name, _ in rule.steps)
