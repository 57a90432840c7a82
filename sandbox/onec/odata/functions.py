"""The functions that a filter may call: over strings, dates and numbers, as 1C documents them."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sandbox.onec.schema import EMPTY_DATE

Function = Callable[..., Any]

MONTHS = {"month": 1, "quarter": 3, "year": 12}
UNITS = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}


def like(text: str, pattern: str) -> bool:
    """`%` any run, `_` any character, `[а-я]` and `[^а-я]` one of or none of; the case does not matter."""
    parts = re.findall(r"\[\^?[^\]]*\]|.", pattern, re.DOTALL)
    regex = "".join({"%": ".*", "_": "."}.get(part, part if len(part) > 1 else re.escape(part)) for part in parts)
    return re.fullmatch(regex, text, re.IGNORECASE | re.DOTALL) is not None


def dateadd(moment: datetime, unit: str, count: Decimal) -> datetime:
    """Moved by so many units; months keep the day as far as they have it."""
    months = MONTHS.get(unit.lower())
    if months is None:
        return moment + UNITS[unit.lower()] * int(count)
    year, month = divmod(moment.year * 12 + moment.month - 1 + months * int(count), 12)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def datedifference(first: datetime, last: datetime, unit: str) -> Decimal:
    """Whole units that begin between the moments."""
    months = MONTHS.get(unit.lower())
    if months is not None:
        steps = [(one.year * 12 + one.month - 1) // months for one in (first, last)]
        return Decimal(steps[1] - steps[0])
    size = UNITS[unit.lower()]
    steps = [(one - EMPTY_DATE) // size for one in (first, last)]
    return Decimal(steps[1] - steps[0])


def substring(text: str, start: Decimal, length: Decimal | None = None) -> str:
    """Counted from one."""
    begin = int(start) - 1
    return text[begin:] if length is None else text[begin : begin + int(length)]


FUNCTIONS: dict[str, tuple[Function, str]] = {
    "concat": (lambda first, second: first + second, "string"),
    "endswith": (lambda text, end: text.casefold().endswith(end.casefold()), "bool"),
    "startswith": (lambda text, start: text.casefold().startswith(start.casefold()), "bool"),
    "substring": (substring, "string"),
    "substringof": (lambda needle, text: needle.casefold() in text.casefold(), "bool"),
    "like": (like, "bool"),
    "dateadd": (dateadd, "date"),
    "datedifference": (datedifference, "number"),
    "second": (lambda moment: Decimal(moment.second), "number"),
    "minute": (lambda moment: Decimal(moment.minute), "number"),
    "hour": (lambda moment: Decimal(moment.hour), "number"),
    "day": (lambda moment: Decimal(moment.day), "number"),
    "dayofweek": (lambda moment: Decimal(moment.isoweekday()), "number"),
    "dayofyear": (lambda moment: Decimal(moment.timetuple().tm_yday), "number"),
    "month": (lambda moment: Decimal(moment.month), "number"),
    "quarter": (lambda moment: Decimal((moment.month + 2) // 3), "number"),
    "year": (lambda moment: Decimal(moment.year), "number"),
    "round": (lambda number: Decimal(number).quantize(Decimal(1), ROUND_HALF_UP), "number"),
}
"""Each with the kind of its result."""
