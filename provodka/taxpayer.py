"""A Russian firm's numbers: ИНН and ОГРН (with their check digits), КПП, as people write them and as they are kept."""

from __future__ import annotations

import re
from typing import Final

from stdnum.exceptions import InvalidChecksum, ValidationError
from stdnum.ru import inn as numbers
from stdnum.ru import ogrn as registrations

OF_A_FIRM: Final = 10
"""The digits of a firm's ИНН; that of a person has 12."""
_KPP: Final = re.compile(r"\d{4}[\dA-Z]{2}\d{3}")


def inn(text: str) -> str:
    """The ИНН in a text: 10 digits of a firm or 12 of a person; empty where it is none."""
    try:
        found: str = numbers.validate(_bare(text))
    except ValidationError:
        return ""
    return found if found.strip("0") else ""  # its check digits are right, but nobody has it


def wrong_inn(text: str) -> str:
    """Why a text is no ИНН."""
    try:
        numbers.validate(_bare(text))
    except InvalidChecksum:
        return "its check digits are wrong"
    except ValidationError:
        return "an ИНН has 10 or 12 digits"
    return "nobody has it"


def kpp(text: str) -> str:
    """The КПП in a text, nine characters; empty where it is none."""
    bare = _bare(text).upper()
    return bare if _KPP.fullmatch(bare) else ""


def ogrn(text: str) -> str:
    """The ОГРН (13 digits) or ОГРНИП (15 digits) in a text; empty where it is none."""
    try:
        found: str = registrations.validate(_bare(text))
    except ValidationError:
        return ""
    return found


def _bare(text: str) -> str:
    return "".join(text.split())
