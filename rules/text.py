"""How rules compare Russian words and read numbers that people typed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Final

_SHORT: Final = 64
_YO: Final = str.maketrans("ёЁ", "еЕ")
_NUMBER: Final = re.compile(r"[-+]?\d{1,30}(?:\.\d{1,30})?")


def fold(text: str) -> str:
    """The form in which texts are compared: no case, ё as е, blanks (also unbreakable ones) as one blank."""
    return _fold_short(text) if len(text) <= _SHORT else _fold(text)


def without_yo(text: str) -> str:
    """The text with ё as е, letters in their composed form."""
    return text if text.isascii() else unicodedata.normalize("NFC", text).translate(_YO)


def _fold(text: str) -> str:
    return " ".join(without_yo(text).casefold().split())


_fold_short = lru_cache(maxsize=4096)(_fold)  # the same few words are compared by rule after rule


def is_empty(value: object) -> bool:
    """Whether there is nothing: no value, no text but blanks, an empty list or mapping. Zero is something."""
    return value is None or (isinstance(value, str) and not value.strip()) or value in ((), [], {})


def missing(fields: object, names: Sequence[str]) -> list[str]:
    """Which of these names have no value among the fields, in their order; names are compared as people read them."""
    known = {fold(str(name)): value for name, value in fields.items()} if isinstance(fields, Mapping) else {}
    return [name for name in names if is_empty(known.get(fold(name)))]


def same(one: object, other: object) -> bool:
    """Whether two texts are the same for a Russian reader («Ёлка» and «елка»)."""
    return fold(str(one)) == fold(str(other))


def number(value: object) -> Decimal | None:
    """The number that a value holds or spells («12 000,50»), or None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    if isinstance(value, int):
        return Decimal(value)
    text = str(value) if isinstance(value, float) else value
    if not isinstance(text, str):
        return None
    text = "".join(text.split()).replace(",", ".")
    return Decimal(text) if _NUMBER.fullmatch(text) else None
