"""Who becomes responsible: a staff key, `keep`, or a strategy that chooses, with the reason of every choice."""

from __future__ import annotations

from collections.abc import Sequence

from provodka.errors import INACTIVE_USER, Rejected
from rules.assignment.base import Choice, Choosing, Loads, StaffFacts, Strategy, Taken, Turns
from rules.assignment.first_to_answer import answered_by
from rules.assignment.responsible import STRATEGIES, Responsible, people_of, read_responsible, with_counter

__all__ = [
    "STRATEGIES",
    "Choice",
    "Choosing",
    "Loads",
    "Responsible",
    "StaffFacts",
    "Strategy",
    "Turns",
    "answered_by",
    "choose",
    "people_of",
    "read_responsible",
    "take",
    "unfit_to_keep",
    "with_counter",
]


def choose(responsible: str | Strategy, key: str, owner: str, choosing: Choosing) -> Choice:
    """Choose for one action key; raises Rejected when there is nobody.

    `owner` is the responsible that the person or lead has already, if any: a strategy with `keep_owner` lets them stay.
    """
    if isinstance(responsible, Strategy) and responsible.keep_owner and owner:
        away = responsible.absence(owner, choosing)
        if not away:
            return Choice(owner, f"stays with {owner}")
        choice = _chosen(responsible, key, choosing)
        return Choice(choice.person, f"{owner} {away}; {choice.reason}")
    return _chosen(responsible, key, choosing)


def take(responsible: str | Strategy, keys: Sequence[str], choosing: Choosing) -> Taken:
    """Choose for several action keys at once, without `else`."""
    if isinstance(responsible, Strategy):
        return responsible.take(keys, choosing)
    if choosing.active(responsible):
        return Taken(dict.fromkeys(keys, Choice(responsible, "named by the rule")))
    return Taken({}, f"{responsible} is not an active user of the CRM")


def unfit_to_keep(owner: str, responsible: str | Strategy, choosing: Choosing) -> str:
    """Why a known person cannot stay with their own responsible; empty if they can."""
    if isinstance(responsible, Strategy) and responsible.keep_owner:
        return responsible.absence(owner, choosing)
    return "" if choosing.active(owner) else "is no active user of the CRM"


def _chosen(responsible: str | Strategy, key: str, choosing: Choosing) -> Choice:
    taken = take(responsible, [key], choosing)
    if key in taken.choices:
        return taken.choices[key]
    if not isinstance(responsible, Strategy) or responsible.otherwise is None:
        hint = "Назначьте в правиле действующего сотрудника или else и отправьте действие снова"
        raise Rejected(taken.why, hint=hint, code="" if isinstance(responsible, Strategy) else INACTIVE_USER)
    choice = _chosen(responsible.otherwise, key, choosing)
    return Choice(choice.person, f"{taken.why}; else {choice.reason}")
