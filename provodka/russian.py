"""How numbers, nouns and dates are written in Russian, without a locale."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

NBSP: Final = "\u00a0"
_MONTHS: Final = (
    "января",
    "февраля",
    "марта",
    "апреля",
    "мая",
    "июня",
    "июля",
    "августа",
    "сентября",
    "октября",
    "ноября",
    "декабря",
)


def grouped(amount: Decimal, places: int | None) -> str:
    """`13028.5` as `13 028,50`: unbreakable blanks, `places` digits after the comma; with None as many as it has."""
    text = f"{amount.normalize():,f}" if places is None else f"{amount:,.{places}f}"
    return text.replace(",", NBSP).replace(".", ",")


def noun(count: int, one: str, few: str, many: str) -> str:
    """The form that goes with a number: 1 рубль, 2 рубля, 5 рублей, 11 рублей, 21 рубль."""
    last = 0 if abs(count) % 100 in range(11, 15) else abs(count) % 10
    return {1: one, 2: few, 3: few, 4: few}.get(last, many)


def day_and_month(day: date) -> str:
    """«15 июля»."""
    return f"{day.day} {_MONTHS[day.month - 1]}"
