"""Reading what messengers send: ids are texts whatever they were, moments are aware, rubbish is nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

Fields = Mapping[str, Any]


def word(value: object) -> str:
    """A text or a number as text; nothing for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).strip()


def part(node: object, *way: str) -> Fields:
    """The object at the end of the way; an empty one where there is none."""
    for name in way:
        node = node.get(name) if isinstance(node, Mapping) else None
    return node if isinstance(node, Mapping) else {}


def parts_of(value: object) -> list[Fields]:
    """The objects of a list."""
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def moment(value: object, unit: float = 1.0) -> datetime | None:
    """The moment of a count of seconds since 1970 (of `unit` seconds each), a number or its text."""
    try:
        return datetime.fromtimestamp(float(word(value)) * unit, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def phones_of(digits: str) -> tuple[str, ...]:
    """The number of an account that is known by its digits, with or without the plus; nothing of any other id."""
    digits = digits.removeprefix("+")
    return (f"+{digits}",) if digits.isdecimal() else ()


def count(value: object) -> int:
    """A count that is not negative, 0 for anything else."""
    text = word(value)
    return int(text) if text.isdecimal() and len(text) < 19 else 0
