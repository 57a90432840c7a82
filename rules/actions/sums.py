"""Sums of money in the parameters of actions."""

from __future__ import annotations

from rules.faults import RuleError
from rules.text import number


def sum_of(rendered: object, name: str) -> str | None:
    """A sum as the journal keeps it, None where there is none; raises RuleError on what is no number."""
    if rendered is None or rendered == "":
        return None
    amount = number(rendered)
    if amount is None:
        raise RuleError(f"{name}: «{rendered}» is not a number")
    return str(amount)
