"""What the values of a spreadsheet look like to people, in one form."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Final

DIGITS_KEPT: Final = 15  # significant ones that a spreadsheet's number has


def shown(value: object) -> str:
    """What a value of a spreadsheet looks like to people: `02.03.2026 09:04:00`, `79160001122`, `12,5`."""
    if isinstance(value, str):
        return value
    return _SHOWN.get(type(value), str)(value)


def moment_shown(value: datetime) -> str:
    """`02.03.2026 09:04:00`, or `02.03.2026` where it has no hour."""
    if value.microsecond >= 500_000:
        value += timedelta(seconds=1)
    return f"{value:%d.%m.%Y %H:%M:%S}".removesuffix(" 00:00:00")


def _number(value: float) -> str:
    if value.is_integer() and abs(value) < 10**DIGITS_KEPT:
        return str(int(value))
    return f"{value:.{DIGITS_KEPT}g}".upper().replace(".", ",")


def _span(value: timedelta) -> str:
    seconds = round(value.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    return f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


_SHOWN: Final[dict[type, Callable[..., str]]] = {
    type(None): lambda _: "",
    bool: lambda value: "ИСТИНА" if value else "ЛОЖЬ",
    int: lambda value: _number(float(value)),
    float: _number,
    datetime: moment_shown,
    date: lambda value: f"{value:%d.%m.%Y}",
    time: lambda value: f"{value:%H:%M:%S}",
    timedelta: _span,
}
