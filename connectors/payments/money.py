"""Sums as services write them, read exactly and only where they are sums."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from provodka.channel import UnreadableError

KOPECK: Final = Decimal("0.01")
MOST: Final = Decimal("10000000000")
"""Above this it is a mistake and no payment."""
_SUM: Final = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,10})?")
_KOPECKS: Final = re.compile(r"[0-9]{1,15}")


def sum_of(value: object) -> Decimal:
    """A sum in roubles («12500.500000»). Raises UnreadableError for what is none: a comma, an exponent, NaN, less than
    nothing, fractions of a kopeck."""
    text = str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    if not _SUM.fullmatch(text):
        raise UnreadableError(f"«{text[:40]}» is no sum")
    return _checked(Decimal(text), text)


def of_kopecks(value: object) -> Decimal:
    """The sum that so many kopecks are. Raises UnreadableError for what is no whole number of them."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not _KOPECKS.fullmatch(text):
        raise UnreadableError(f"«{str(value)[:40]}» is no sum in kopecks")
    return _checked(Decimal(text) / 100, text)


def to_kopecks(amount: Decimal) -> int:
    """The kopecks of a sum that has no fractions of them."""
    return int((amount * 100).to_integral_value(ROUND_HALF_UP))


def plain(amount: Decimal) -> str:
    """With two decimals and no exponent, as all of them take it."""
    return f"{amount.quantize(KOPECK, ROUND_HALF_UP):f}"


def _checked(amount: Decimal, text: str) -> Decimal:
    if amount >= MOST:
        raise UnreadableError(f"«{text[:40]}» is more than anybody pays")
    exact = amount.quantize(KOPECK, ROUND_HALF_UP)
    if exact != amount:
        raise UnreadableError(f"«{text[:40]}» has fractions of a kopeck")
    return exact
