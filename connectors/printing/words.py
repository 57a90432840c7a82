"""A sum in words, as Russian documents have it."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from num2words import num2words

from provodka.russian import noun

MOST: Final = Decimal("999999999999.99")


def is_money(amount: Decimal) -> bool:
    """Whether it is a sum in whole kopecks that is not beyond reason; it may be negative."""
    return amount.is_finite() and abs(amount) <= MOST and amount == round(amount, 2)


def sum_in_words(amount: Decimal) -> str:
    """«Тринадцать тысяч двадцать восемь рублей 00 копеек». Whole kopecks from 0 to `MOST`; else ValueError.

    Only the cardinal number is the library's: its own sums of money put a comma before the kopecks.
    """
    if not is_money(amount) or amount < 0:
        raise ValueError(f"{amount} is no sum in whole kopecks from 0 to {MOST}")
    roubles, kopecks = divmod(int(amount * 100), 100)
    words = str(num2words(roubles, lang="ru"))
    rest = f"{noun(roubles, 'рубль', 'рубля', 'рублей')} {kopecks:02} {noun(kopecks, 'копейка', 'копейки', 'копеек')}"
    return f"{words[0].upper()}{words[1:]} {rest}"
