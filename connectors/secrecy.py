"""The secret by which a sender is known: whether a delivery has it, and how it is kept out of all that is stored."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from hmac import compare_digest
from typing import Any, Final

from provodka.channel import Delivery
from provodka.secret_names import MASK

_CHARSETS: Final = ("utf-8", "cp1251")
_SHORT: Final = 4  # what is shorter is cut out only where it stands alone: it would be found everywhere
_NOTHING: Final = re.compile(rb"(?!)")


def same_secret(given: str | bytes, expected: str | bytes) -> bool:
    """Whether the two are equal, in a time that does not tell how far they are. An empty secret matches nothing."""
    left, right = _bytes(given), _bytes(expected)
    return compare_digest(left, right) and bool(right)


def secret_in_url(delivery: Delivery, secret: str) -> bool:
    """Whether the address carries the secret: as its last path segment, or as `?token=` or `?key=`."""
    places = (
        delivery.path.rstrip("/").rpartition("/")[2],
        *(delivery.query.get(name, "") for name in ("token", "key")),
    )
    matches = [same_secret(place, secret) for place in places]  # all of them: the first match must not save time
    return True in matches


def without_secret(fields: Mapping[str, Any], secret: str) -> dict[str, Any]:
    """The fields without those that hold the secret, in any depth: it must reach neither an event nor its hash."""
    return {name: _without(value, secret) for name, value in fields.items() if not _is(value, secret)}


def _without(value: object, secret: str) -> object:
    if isinstance(value, Mapping):
        return without_secret(value, secret)
    return [_without(one, secret) for one in value if not _is(one, secret)] if isinstance(value, list) else value


def _is(value: object, secret: str) -> bool:
    return isinstance(value, str) and same_secret(value, secret)


def cutter(secrets: Iterable[str]) -> Callable[[bytes], bytes]:
    """Cuts these secrets out of any body, however they are written there: plainly, as in an address, in JSON or HTML,
    in UTF-8 or Windows-1251, and in JSON within a form."""
    known = sorted(filter(None, secrets), key=len, reverse=True)

    @cache  # by the first body: with many secrets it takes a second, and most processes never need it
    def anywhere() -> re.Pattern[bytes]:
        return re.compile(b"|".join(map(_written, known))) if known else _NOTHING

    return lambda body: anywhere().sub(MASK.encode(), body)


def _written(secret: str) -> bytes:
    whole = b"".join(b"(?:%b)" % b"|".join(map(_in_address, _forms(sign))) for sign in secret)
    return rb"(?<!\w)%b(?!\w)" % whole if len(secret) < _SHORT else whole


def _forms(sign: str) -> list[bytes]:
    """How a sign may stand in a body, but for what an address makes of it; the longest first."""
    units = sign.encode("utf-16-be")
    numbers = "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
    texts = {sign, json.dumps(sign, ensure_ascii=False)[1:-1], html.escape(sign), f"\\{sign}"}
    texts |= {numbers, "\\u".join(numbers.upper().split("\\U")), *(("+",) if sign == " " else ())}
    forms = {form for text in texts for charset in _CHARSETS if (form := _encoded(text, charset))}
    return sorted(forms, key=len, reverse=True)


def _encoded(text: str, charset: str) -> bytes:
    try:
        return text.encode(charset)
    except UnicodeEncodeError:
        return b""


def _in_address(form: bytes) -> bytes:
    return b"".join(b"(?:%b|(?i:%%%02x))" % (re.escape(bytes([one])), one) for one in form)


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
