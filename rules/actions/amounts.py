"""Sums of money in the parameters of actions."""

from __future__ import annotations

from rules.faults import RuleError
from rules.text import number


def amount(rendered: object) -> str | None:
    """A price as the journal keeps it, None where there is none; raises RuleError for what is no number."""
    if rendered is None or rendered == "":
        return None
    found = number(rendered)
    if found is None:
        raise RuleError(f"price: «{rendered}» is not a number")
    return str(found)
