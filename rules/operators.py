"""The fixed list of operators of a condition: one line each in `OPERATORS`; those that measure come from `limits`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from rules.faults import RuleError
from rules.limits import MEASURES
from rules.moments import Clock
from rules.operator import Operator
from rules.text import fold, is_empty, missing, number, without_yo


def _wanted(value: object) -> object:
    """A value of the config in the form that `equals` compares."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float | Decimal):
        return number(value)
    if isinstance(value, str | date):
        return fold(str(value))
    raise RuleError(f"{value!r} cannot be compared with anything")


def _any_of(value: object) -> tuple[object, ...]:
    values = value if isinstance(value, list | tuple) else [value]
    if not values:
        raise RuleError("an empty list can never be met")
    return tuple(_wanted(item) for item in values)


def equals(actual: object, wanted: object) -> bool:
    """Whether they are the same for a person: texts without case and ё, «1 000» is 1000, a list holds it."""
    if isinstance(actual, str) and isinstance(wanted, str):
        return fold(actual) == wanted
    if wanted is None:
        return is_empty(actual)
    if isinstance(actual, list | tuple):
        return any(equals(item, wanted) for item in actual)
    if isinstance(actual, bool) or isinstance(wanted, bool):
        return actual is wanted
    if isinstance(wanted, Decimal):
        return number(actual) == wanted
    amount = number(actual)
    return amount is not None and amount == number(wanted)


def _is(actual: object, wanted: tuple[object, ...], _: Clock) -> bool:
    for one in wanted:  # noqa: SIM110 -- this is asked of most conditions, and a generator costs as much as the answer
        if equals(actual, one):
            return True
    return False


def _not(actual: object, wanted: tuple[object, ...], _: Clock) -> bool:
    return not any(equals(actual, one) for one in wanted)


def _texts(value: object) -> tuple[str, ...]:
    values = value if isinstance(value, list | tuple) else [value]
    found = tuple(fold(str(item)) for item in values if isinstance(item, str | int | float))
    if not found or len(found) != len(values) or not all(found):
        raise RuleError(f"{value!r} is no text (or list of texts) to look for")
    return found


def _contains(actual: object, wanted: tuple[str, ...], clock: Clock) -> bool:
    if isinstance(actual, list | tuple):
        return any(_contains(item, wanted, clock) for item in actual)
    text = fold(str(actual)) if actual is not None else ""
    return any(one in text for one in wanted)


def _starts_with(actual: object, wanted: tuple[str, ...], clock: Clock) -> bool:
    if isinstance(actual, list | tuple):
        return any(_starts_with(item, wanted, clock) for item in actual)
    return actual is not None and fold(str(actual)).startswith(wanted)


def _pattern(value: object) -> re.Pattern[str]:
    try:
        return re.compile(without_yo(str(value)), re.IGNORECASE)
    except re.error as error:
        raise RuleError(f"the pattern cannot be read: {error}") from error


def _matches(actual: object, pattern: re.Pattern[str], clock: Clock) -> bool:
    if isinstance(actual, list | tuple):
        return any(_matches(item, pattern, clock) for item in actual)
    return actual is not None and pattern.search(without_yo(str(actual))) is not None


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise RuleError(f"{value!r} is neither true nor false")
    return value


def _is_empty(actual: object, wanted: bool, _: Clock) -> bool:
    return is_empty(actual) is wanted


def _names(value: object) -> tuple[str, ...]:
    values = value if isinstance(value, list | tuple) else [value]
    if not values or not all(isinstance(item, str) and item.strip() for item in values):
        raise RuleError(f"{value!r} names no fields: write filled: [Площадь, Срок]")
    return tuple(values)


def _filled(actual: object, wanted: tuple[str, ...], _: Clock) -> bool:
    return not missing(actual, wanted)


def _what_is_missing(actual: object, wanted: tuple[str, ...], _: Clock) -> str:
    return f"empty: {', '.join(missing(actual, wanted))}"


def _is_known(actual: object, wanted: bool, _: Clock) -> bool:
    return (actual is not None) is wanted


OPERATORS: Final[Mapping[str, Operator]] = {
    operator.name: operator
    for operator in (
        Operator("is", _any_of, _is),
        Operator("not", _any_of, _not),
        Operator("in", _any_of, _is),
        Operator("contains", _texts, _contains),
        Operator("starts_with", _texts, _starts_with),
        Operator("matches", _pattern, _matches),
        *MEASURES,
        Operator("filled", _names, _filled, _what_is_missing),
        Operator("empty", _flag, _is_empty),
        Operator("known", _flag, _is_known),
    )
}
