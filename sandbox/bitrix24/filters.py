"""Filters and order of lists: operators as prefixes of field names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.bitrix24 import moments
from sandbox.bitrix24.errors import Json
from sandbox.bitrix24.params import number, rows, text
from sandbox.bitrix24.values import TIMES

OPERATORS = ("!=%", "!%=", "!@", "!%", "!=", "=%", "%=", ">=", "<=", "><", "=", "!", ">", "<", "@", "%", "?")
NUMBERS = ("integer", "user", "double", "money", "enumeration", "boolean", "number")
WORDS = ("crm_status", "crm_currency", "crm_multifield")
Test = Callable[[Json], bool]


@dataclass(frozen=True, slots=True)
class Column:
    """A field a list can be filtered and sorted by: where its value is in a row, and of what type it is.

    `is_key` marks the number by which tables are in order already.
    """

    type: str
    value: Callable[[Json], Any]
    is_key: bool = False


def split(key: str) -> tuple[str, str]:
    """`>=DATE_CREATE` gives `(">=", "DATE_CREATE")`."""
    for operator in OPERATORS:
        if key.startswith(operator):
            return operator, key[len(operator) :]
    return "", key


class Comparer:
    """Compares stored values with those of a filter; `keep_offset` off drops the offsets of times."""

    def __init__(self, zone: ZoneInfo, *, keep_offset: bool = True) -> None:
        self.zone = zone
        self.keep_offset = keep_offset

    def test(self, operator: str, column: Column, raw: Any) -> Test:  # noqa: ANN401  # any JSON
        """A test of rows by one condition."""
        negative = operator.startswith("!")
        bare = operator.lstrip("!")
        if bare == "><":
            low, high = [*rows(raw), None, None][:2]
            above, below = self._test(">=", column, low), self._test("<=", column, high)
            return lambda row: above(row) and below(row)
        inner = self._test(bare, column, raw)
        return (lambda row: not inner(row)) if negative else inner

    def _test(self, operator: str, column: Column, raw: Any) -> Test:  # noqa: ANN401  # any JSON
        if operator in (">", ">=", "<", "<="):
            return self._order(operator, column, raw)
        if operator in ("%", "=%", "%=", "?"):
            return self._like(operator, column, raw)
        wanted = {self.fold(column.type, one) for one in (rows(raw) if isinstance(raw, dict | list) else [raw])}

        def run(row: Json) -> bool:
            value = column.value(row)
            if isinstance(value, list):
                return any(self.fold(column.type, one) in wanted for one in _values(value))
            return self.fold(column.type, value) in wanted

        return run

    def _order(self, operator: str, column: Column, raw: Any) -> Test:  # noqa: ANN401  # any JSON
        wanted = self.fold(column.type, raw)

        def run(row: Json) -> bool:
            for one in _values(column.value(row)):
                value = self.fold(column.type, one)
                if value is None or wanted is None or isinstance(value, str) != isinstance(wanted, str):
                    continue
                if (value > wanted if ">" in operator else value < wanted) or ("=" in operator and value == wanted):
                    return True
            return False

        return run

    def _like(self, operator: str, column: Column, raw: Any) -> Test:  # noqa: ANN401  # any JSON
        wanted = [text(one).casefold() for one in (rows(raw) if isinstance(raw, dict | list) else [raw])]
        if operator in ("%", "?"):
            return lambda row: any(want in _text(one) for one in _values(column.value(row)) for want in wanted)
        patterns = [re.compile(".*".join(re.escape(part) for part in want.split("%")), re.DOTALL) for want in wanted]
        return lambda row: any(
            pattern.fullmatch(_text(one)) for one in _values(column.value(row)) for pattern in patterns
        )

    def fold(self, kind: str, raw: Any) -> Any:  # noqa: ANN401  # any JSON
        """The comparable form: numbers, unix seconds or lower-case text; None for an empty value."""
        if raw is None or raw in ("", [], {}) or (raw is False and kind != "boolean"):
            return None
        if kind in TIMES:
            return raw if isinstance(raw, int) else self._moment(kind, raw)
        if kind in NUMBERS or (kind.startswith("crm_") and kind not in WORDS):
            return number(raw)
        return text(raw).casefold()

    def _moment(self, kind: str, raw: object) -> int | None:
        if kind == "date":
            return moments.read_day(raw)
        return moments.read(raw, self.zone, keep_offset=self.keep_offset)


def _values(value: Any) -> Iterable[Any]:  # noqa: ANN401  # any JSON
    if isinstance(value, list):
        return value or [None]
    return (value,)


def _text(value: object) -> str:
    return text(value).casefold()


def sort(found: list[Json], order: list[tuple[Column, bool]], comparer: Comparer) -> list[Json]:
    """Rows in the wanted order; each entry tells whether it goes down."""
    if len(order) == 1 and order[0][0].is_key:
        return found[::-1] if order[0][1] else found
    for column, down in reversed(order):

        def key(row: Json, column: Column = column) -> tuple[bool, Any]:
            value = comparer.fold(column.type, next(iter(_values(column.value(row))), None))
            return (value is not None, value) if value is not None else (False, 0)

        found = sorted(found, key=key, reverse=down)
    return found
