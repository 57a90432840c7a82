"""A rate of НДС as people and services of 1C write it."""

from __future__ import annotations

import re
from typing import Final

from provodka.accounting import Vat

_PERCENT: Final = re.compile(r"\d{1,2}")


def rate(text: str) -> Vat:
    """Out of «22», «22 %», «22/122», «НДС22_122», «Без НДС»; rates that nobody has any more are none of ours."""
    found = _PERCENT.search(text)
    try:
        return Vat(str(int(found[0]))) if found else Vat.NONE
    except ValueError:
        return Vat.NONE
