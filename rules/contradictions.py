"""Conditions that exclude each other, so that their rule can never match."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import time
from decimal import Decimal

from rules.conditions import Compare, Condition, Group, Path
from rules.text import number


def contradictions(condition: Condition, is_list: Callable[[str], bool]) -> Iterator[tuple[Path, str]]:
    """The place of the later condition of each pair, and what it contradicts. A list may hold many values at once."""
    by_path: dict[str, list[Compare]] = {}
    for leaf in _together(condition):
        if is_list(leaf.path):
            continue
        for other in by_path.get(leaf.path, ()):
            if _exclude(leaf, other) or _exclude(other, leaf):
                yield leaf.where, f"{_shown(leaf)} contradicts {_shown(other)}"
                break
        by_path.setdefault(leaf.path, []).append(leaf)


def _together(condition: Condition) -> Iterator[Compare]:
    """The comparisons that must all hold at once."""
    if isinstance(condition, Group) and condition.op == "all":
        for member in condition.members:
            yield from _together(member)
    elif isinstance(condition, Compare):
        yield condition


def _exclude(one: Compare, other: Compare) -> bool:
    values = _values(one)
    op, wanted = other.operator.name, other.wanted
    if values is None:
        return (one.operator.name, op) == ("above", "below") and _alike(one.wanted, wanted) and one.wanted >= wanted
    if op in ("is", "in"):
        return not values & (_values(other) or set())
    if op == "not":
        return values <= {_plain(value) for value in wanted}
    if op in ("above", "below") and isinstance(wanted, Decimal):
        numbers = {value for value in values if isinstance(value, Decimal)}
        return not any(value > wanted if op == "above" else value < wanted for value in numbers)
    if op in ("empty", "known"):
        filled = all(value not in (None, "") for value in values)
        return filled and wanted is (op == "empty")
    return False


def _alike(one: object, other: object) -> bool:
    """Whether two limits can be compared; which time of day is the earlier one says nothing over midnight."""
    return type(one) is type(other) and not isinstance(one, time)


def _values(leaf: Compare) -> set[object] | None:
    if leaf.operator.name not in ("is", "in"):
        return None
    return {_plain(value) for value in leaf.wanted}


def _plain(value: object) -> object:
    """«100» and 100 are the same value."""
    amount = number(value)
    return value if amount is None else amount


def _shown(leaf: Compare) -> str:
    return f"{leaf.path} {leaf.operator.name} {leaf.expected}"
