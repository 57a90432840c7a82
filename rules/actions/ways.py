"""Ways to a person, in the order of preference: what is refused by one goes by the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from provodka.errors import ConnectorError, Rejected
from provodka.operation import Done, Outcome
from rules.actions.base import Decided
from rules.actions.desk import told

Way = dict[str, Any]
"""How a person can be reached, frozen: `by` names the way, the rest is what it takes."""

SendBy = Callable[[str, list[tuple[Decided, Way]]], dict[str, Outcome]]
"""Sends some by the way of this name, in one call; the outcomes by action key."""


def by_ways(ready: Sequence[Decided], send: SendBy, systems: Mapping[str, str]) -> dict[str, Outcome]:
    """Send each by the first of its `ways` that does not refuse it. The values of the outcome say which that was;
    `systems` tells who is spoken to by each way, for whoever watches over connectors.

    A way that fails for the moment is tried again later: only a refusal is an answer. A later attempt goes through the
    same ways again; those that refused once refuse again.
    """
    outcomes: dict[str, Outcome] = {}
    refusals: dict[str, list[str]] = {d.item.key: [] for d in ready}
    left, rank = list(ready), 0
    while left:
        groups: dict[str, list[tuple[Decided, Way]]] = {}
        for d in left:
            way = d.frozen["ways"][rank]
            groups.setdefault(way["by"], []).append((d, way))
        for by, some in groups.items():
            for key, outcome in _sent(by, some, send).items():
                outcomes[key] = _named(outcome, by, systems.get(by, by), refusals[key])
        rank += 1
        left = [d for d in left if isinstance(outcomes[d.item.key], Rejected) and len(d.frozen["ways"]) > rank]
    return outcomes


def _sent(by: str, some: list[tuple[Decided, Way]], send: SendBy) -> dict[str, Outcome]:
    """A way that is not there any more, or not to be spoken to, fails its own and not those of the others."""
    try:
        return send(by, some)
    except ConnectorError as error:
        return {d.item.key: error for d, _ in some}


def _named(outcome: Outcome, by: str, system: str, refusals: list[str]) -> Outcome:
    if isinstance(outcome, Done):
        reason = "; ".join((*refusals, *filter(None, (outcome.values.get("reason"),))))
        return told(outcome, {"by": by, "system": system, "reason": reason} if reason else {"by": by, "system": system})
    if isinstance(outcome, Rejected):
        refusals.append(f"{by}: {outcome.reason}")
        outcome = Rejected("; ".join(refusals), hint=outcome.hint, status=outcome.status, code=outcome.code)
    if isinstance(outcome, ConnectorError):
        outcome.system = system
    return outcome
