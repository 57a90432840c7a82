"""НДС (VAT): the rates, and the arithmetic by the line that Russian invoices need.

Rates: 22 % since 01.01.2026 (20 % before), 10 % and 0 %; 5 % and 7 % of the simplified system; «Без НДС» is none of
them. The VAT of a document is the sum of its lines' VAT, each rounded half up to the kopeck; never that of the total.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Annotated, Final

from pydantic import BeforeValidator, WithJsonSchema

KOPECK: Final = Decimal("0.01")


class Vat(StrEnum):
    """A rate in per cent; `none` is «Без НДС». Calculated rates (22/122) are told by their base."""

    R22 = "22"
    R20 = "20"
    R10 = "10"
    R7 = "7"
    R5 = "5"
    R0 = "0"
    NONE = "none"

    @property
    def percent(self) -> Decimal:
        """0 for «Без НДС» too."""
        return Decimal(0) if self is Vat.NONE else Decimal(self.value)


def _text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


_RATES: Final = [int(one) if one.isdigit() else one.value for one in Vat]
VatText = Annotated[Vat, BeforeValidator(_text), WithJsonSchema({"enum": _RATES})]
"""A rate as the config writes it: `22`, `10`, `none`."""


def kopecks(amount: Decimal) -> Decimal:
    """Rounded half up to two digits."""
    return amount.quantize(KOPECK, ROUND_HALF_UP)


def vat_amount(amount: Decimal, vat: Vat, *, included: bool) -> Decimal:
    """The VAT within the amount of a line, or on top of it."""
    base = Decimal(100) + vat.percent if included else Decimal(100)
    return kopecks(amount * vat.percent / base)
