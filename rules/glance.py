"""Conditions at a glance: what can be told of a card by what the mirror remembers of it, without a call."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rules.conditions import Condition, Formula, Group, Time
from rules.facts import Scope
from rules.faults import RULE_FAULTS

Knows = Callable[[tuple[str, ...]], bool]
"""Whether what a path leads to is known."""


def verdict(condition: Condition, scope: Scope, knows: Knows) -> bool | None:
    """Whether the condition holds; None where that takes more than is known."""
    match condition:
        case Group():
            return _of_group(condition, scope, knows)
        case Time():
            return any(kind.holds(scope.clock) for kind in condition.kinds)
        case Formula():
            return _of_formula(condition, scope, knows)
    if not knows(condition.parts):
        return None
    return condition.operator.test(scope.read(condition.parts), condition.wanted, scope.clock)


def _of_group(group: Group, scope: Scope, knows: Knows) -> bool | None:
    deciding = group.op == "any"
    answers = []
    for member in group.members:
        answers.append(verdict(member, scope, knows))
        if answers[-1] is deciding:
            break
    found = _joined(answers, deciding=deciding)
    return not found if group.op == "not" and found is not None else found


def _joined(answers: Sequence[bool | None], *, deciding: bool) -> bool | None:
    if deciding in answers:
        return deciding
    return None if None in answers else not deciding


def _of_formula(formula: Formula, scope: Scope, knows: Knows) -> bool | None:
    if not all(map(knows, formula.paths)):
        return None
    try:
        return bool(formula.expression.value(scope.names))
    except RULE_FAULTS:
        return None
