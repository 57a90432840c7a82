"""The words of config mistakes."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

UNKNOWN: Final = frozenset({"extra_forbidden", "unexpected_keyword_argument"})
MISSING: Final = frozenset({"missing", "missing_argument", "missing_keyword_only_argument"})

_MAPPING: Final = "a mapping (key: value)"
_WANTED: Final[Mapping[str, str]] = {
    **dict.fromkeys(("string_type", "string_sub_type"), "a text"),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float", "int_parsing_size"), "a whole number"),
    **dict.fromkeys(("float_type", "float_parsing", "decimal_type", "decimal_parsing", "finite_number"), "a number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "true or false"),
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type", "mapping_type", "dataclass_type"), _MAPPING),
    **dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type", "iterable_type"), "a list"),
    **dict.fromkeys(("date_type", "date_parsing", "date_from_datetime_parsing"), "a date, such as 2025-12-31"),
    **dict.fromkeys(("datetime_type", "datetime_parsing"), "a date with a time, such as 2025-12-31T09:00:00+03:00"),
    **dict.fromkeys(("time_type", "time_parsing"), "a time, such as 09:00"),
    "timezone_aware": "a time with its zone, such as 2025-12-31T09:00:00+03:00",
    "none_required": "empty",
}
_LIMITS: Final[Mapping[str, tuple[str, str]]] = {
    "greater_than": ("must be greater than {}", "gt"),
    "greater_than_equal": ("must be at least {}", "ge"),
    "less_than": ("must be less than {}", "lt"),
    "less_than_equal": ("must be at most {}", "le"),
    "multiple_of": ("must be a multiple of {}", "multiple_of"),
    "string_too_short": ("must have at least {} characters", "min_length"),
    "string_too_long": ("must have at most {} characters", "max_length"),
    "string_pattern_mismatch": ("does not fit the pattern {}", "pattern"),
    "too_short": ("must have at least {} items", "min_length"),
    "too_long": ("must have at most {} items", "max_length"),
    "url_scheme": ("must be an address that begins with {}", "expected_schemes"),
}
_QUOTED: Final = re.compile(r"'((?:[^'\\]|\\.)*)'|([^\s',]+)(?=,|$| or )")
_MANY: Final = 12


@dataclass(frozen=True, slots=True)
class Wrong:
    """What pydantic holds against a value. `either` is filled where several kinds of value could stand there."""

    kind: str
    message: str
    value: object
    context: Mapping[str, Any]
    at_key: bool = False
    either: tuple[str, ...] = ()


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was most likely meant, if one is near."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str], label: str = "known") -> str:
    """The hint for a wrong name: `did you mean "stage"?`, or the names there are, or nothing where there is none."""
    names = list(known)
    near = nearest(name, names)
    if near is not None:
        return f'did you mean "{near}"?'
    shown = ", ".join(names[:_MANY]) + (", …" if len(names) > _MANY else "")
    return f"{label}: {shown}" if names else ""


def is_misshapen(wrong: Wrong) -> bool:
    """Whether the value is of another kind altogether (a text instead of a list)."""
    return wrong.kind in _WANTED


def wanted(wrong: Wrong) -> str:
    """What should stand in place of a misshapen value."""
    return _WANTED.get(wrong.kind, "another value")


def words(wrong: Wrong, choices: list[str], noun: str) -> tuple[str, str]:
    """What is wrong and the cure, for everything but unknown and missing keys. `noun` is what the value is."""
    if wrong.either or wrong.kind in _WANTED:
        return _misshapen(wrong)
    if wrong.kind in ("literal_error", "enum"):
        return _not_allowed(wrong, choices)
    if wrong.kind.startswith("union_tag"):
        return _wrong_kind(wrong, choices, noun)
    if wrong.kind in _LIMITS:
        return _out_of_limits(wrong), ""
    if (raised := wrong.context.get("error")) is not None and wrong.kind in ("value_error", "assertion_error"):
        return str(raised) or "wrong value", ""
    return wrong.message.replace("Input should", "must"), ""


def _misshapen(wrong: Wrong) -> tuple[str, str]:
    what = " or ".join(wrong.either or (wanted(wrong),))
    is_number = isinstance(wrong.value, int | float) and not isinstance(wrong.value, bool)
    hint = "put it in quotes" if is_number and "a text" in what else ""
    return f"must be {what}, {'but is empty' if wrong.value is None else f'not {_kind_of(wrong.value)}'}", hint


def _kind_of(value: object) -> str:
    match value:
        case bool():
            return "true or false"
        case int() | float():
            return "a number" if isinstance(value, int) else "a number with a fraction"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case _:
            return "this text"


def _not_allowed(wrong: Wrong, choices: list[str]) -> tuple[str, str]:
    allowed = choices or [a or b for a, b in _QUOTED.findall(str(wrong.context.get("expected", "")))]
    if wrong.value is None:
        return "must not be empty", f"allowed: {', '.join(allowed)}"
    value = str(wrong.value)
    near = nearest(value, allowed)
    hint = f'did you mean "{near}"?' if near is not None else ""
    return f'wrong value "{value[:80]}"; allowed: {", ".join(allowed)}', hint


def _wrong_kind(wrong: Wrong, choices: list[str], noun: str) -> tuple[str, str]:
    key = str(wrong.context.get("discriminator", "type")).strip("'")
    what = f"{noun} {key}".strip() if not key.endswith("()") else noun or "kind"
    known = [a or b for a, b in _QUOTED.findall(str(wrong.context.get("expected_tags", "")))] or choices
    if wrong.kind == "union_tag_not_found":
        return f'missing key "{key}"', f"known: {', '.join(known)}" if known else ""
    tag = str(wrong.context.get("tag", ""))
    return f'unknown {what} "{tag[:80]}"', did_you_mean(tag, known)


def _out_of_limits(wrong: Wrong) -> str:
    text, name = _LIMITS[wrong.kind]
    limit = wrong.context.get(name)
    if limit == 1 and wrong.kind in ("string_too_short", "too_short"):
        return "must not be empty"
    return text.format(limit)
