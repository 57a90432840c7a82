"""Whether conditions can hold together. A «no» is certain; a «yes» means only that nothing speaks against it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import combinations
from typing import Final

from rules.conditions import Compare, Condition, Formula, Group, Path, Time
from rules.operators import OPERATORS
from rules.ranges import Range, age_within, ages_apart, range_of
from rules.text import fold, number
from rules.time_logic import times_can_meet

IsList = Callable[[str], bool]
_MOST_CASES: Final = 200
_NEED_A_VALUE: Final = frozenset(
    {"filled", "contains", "starts_with", "above", "below", "between", "within", "in_last", "in_next", "older_than"}
)


@dataclass(frozen=True, slots=True)
class Literal:
    """A single condition that must hold, or must not."""

    leaf: Compare | Formula | Time
    positive: bool = True


Case = tuple[Literal, ...]
"""Single conditions that must all hold."""


class _TooManyCasesError(Exception):
    pass


def cases(condition: Condition, *, positive: bool = True) -> list[Case] | None:
    """The ways in which a condition can hold (or, not `positive`, fail to); None where there are too many to tell."""
    try:
        return _cases(condition, positive=positive)
    except _TooManyCasesError:
        return None


def both(one: list[Case] | None, other: list[Case] | None) -> list[Case] | None:
    """The ways in which two conditions can hold together."""
    if one is None or other is None or len(one) * len(other) > _MOST_CASES:
        return None
    return [(*a, *b) for a in one for b in other]


def impossible(ways: list[Case] | None, is_list: IsList) -> bool:
    """Whether none of these ways can be gone."""
    return ways is not None and all(clash(way, is_list) is not None for way in ways)


def clash(case: Case, is_list: IsList) -> tuple[Path, str] | None:
    """The first two of these conditions that exclude each other: the place of the later one, and what to say."""
    for other, one in combinations(case, 2):
        if _exclude(one, other, is_list):
            return one.leaf.where, f"{shown(one)} contradicts {shown(other)}"
    times = [(literal.leaf, literal.positive) for literal in case if isinstance(literal.leaf, Time)]
    if times and not times_can_meet(times):
        return times[-1][0].where, "there is no such time"
    return None


def shown(literal: Literal) -> str:
    """A condition in the words of the config."""
    leaf = literal.leaf
    if isinstance(leaf, Formula):
        text = leaf.expression.source
    elif isinstance(leaf, Time):
        text = f"time {leaf.expected}"
    else:
        text = f"{leaf.path} {leaf.operator.name} {leaf.expected}"
    return text if literal.positive else f"not {text}"


def _cases(condition: Condition, *, positive: bool) -> list[Case]:
    if not isinstance(condition, Group):
        return [(_plain(Literal(condition, positive)),)]
    if condition.op == "not":
        condition, positive = replace(condition, op="all"), not positive
    parts = [_cases(member, positive=positive) for member in condition.members]
    together = (condition.op == "all") is positive
    found = _product(parts) if together else [case for part in parts for case in part]
    if len(found) > _MOST_CASES:
        raise _TooManyCasesError
    return found


def _product(parts: Sequence[list[Case]]) -> list[Case]:
    found: list[Case] = [()]
    for part in parts:
        found = [(*one, *other) for one in found for other in part]
        if len(found) > _MOST_CASES:
            raise _TooManyCasesError
    return found


def _plain(literal: Literal) -> Literal:
    """Without a negation where an operator says the opposite."""
    leaf = literal.leaf
    if literal.positive or not isinstance(leaf, Compare):
        return literal
    name = leaf.operator.name
    if name in ("is", "in", "not"):
        return Literal(replace(leaf, operator=OPERATORS["is" if name == "not" else "not"]))
    if name in ("empty", "known"):
        return Literal(replace(leaf, wanted=not leaf.wanted, expected=not leaf.expected))
    return literal


def _exclude(one: Literal, other: Literal, is_list: IsList) -> bool:
    first, second = one.leaf, other.leaf
    if isinstance(first, Formula) and isinstance(second, Formula):
        return first.expression.source == second.expression.source and one.positive is not other.positive
    if not isinstance(first, Compare) or not isinstance(second, Compare) or first.parts != second.parts:
        return False
    if one.positive and other.positive:
        several = is_list(first.path)
        return any(_opposite(a, b) or (not several and _apart(a, b)) for a, b in ((first, second), (second, first)))
    if one.positive is other.positive:
        return False
    sure, denied = (first, second) if one.positive else (second, first)
    return _same(sure, denied) or (not is_list(first.path) and _implies(sure, denied))


def _same(one: Compare, other: Compare) -> bool:
    return one.operator.name == other.operator.name and one.wanted == other.wanted


def _opposite(one: Compare, other: Compare) -> bool:
    """`is` with all of whose values the other does away; true of lists as well."""
    return _is(one) and other.operator.name == "not" and set(map(_key, one.wanted)) <= set(map(_key, other.wanted))


def _apart(one: Compare, other: Compare) -> bool:
    if _is(one):
        return all(_holds(value, other) is False for value in _values(one))
    if _absent(one) and other.operator.name in _NEED_A_VALUE:
        return True
    if _flagged(one, other):
        return one.wanted is not other.wanted
    if _absent(one) and other.operator.name == "known":
        return False
    first, second = range_of(one), range_of(other)
    if first is not None and second is not None:
        return first.apart(second)
    return ages_apart(one, other)


def _implies(one: Compare, other: Compare) -> bool:
    if _is(one):
        return all(_holds(value, other) is True for value in _values(one))
    if _same(one, other) or age_within(one, other):
        return True
    first, second = range_of(one), range_of(other)
    if first is not None and second is not None:
        return first.within(second)
    return _texts_imply(one, other)


def _texts_imply(one: Compare, other: Compare) -> bool:
    """What contains (or starts with) one text contains every part of it."""
    names = (one.operator.name, other.operator.name)
    if names in (("contains", "contains"), ("starts_with", "contains")):
        return all(any(part in text for part in other.wanted) for text in one.wanted)
    if names == ("starts_with", "starts_with"):
        return all(text.startswith(other.wanted) for text in one.wanted)
    return False


def _is(leaf: Compare) -> bool:
    return leaf.operator.name in ("is", "in")


def _absent(leaf: Compare) -> bool:
    return (leaf.operator.name, leaf.wanted) in (("empty", True), ("known", False))


def _flagged(one: Compare, other: Compare) -> bool:
    return one.operator.name == other.operator.name and one.operator.name in ("empty", "known")


def _values(leaf: Compare) -> Iterable[object]:
    return leaf.expected if isinstance(leaf.expected, list) else [leaf.expected]


def _key(value: object) -> object:
    """«100» and 100 are the same value."""
    amount = number(value)
    return value if amount is None else amount


def _holds(value: object, leaf: Compare) -> bool | None:
    """Whether a field that is this value meets a condition; None where its spelling or the clock may decide."""
    name = leaf.operator.name
    if value is None or _folded(value) == "":
        return None
    if name in ("is", "in", "not"):
        return ({_key(_folded(value))} <= set(map(_key, leaf.wanted))) is not (name == "not")
    if name in ("empty", "known"):
        return (name == "known") is leaf.wanted
    amount, wanted = number(value), range_of(leaf)
    if wanted is not None and wanted.kind is Decimal:
        return amount is not None and Range(Decimal, amount, amount).within(wanted)
    if not isinstance(value, str) or amount is not None or name not in ("contains", "starts_with"):
        return None
    text = fold(value)
    return text.startswith(leaf.wanted) if name == "starts_with" else any(part in text for part in leaf.wanted)


def _folded(value: object) -> object:
    return fold(value) if isinstance(value, str) else value
