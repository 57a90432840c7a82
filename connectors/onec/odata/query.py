"""The query language of 1C's OData 3.0, and its bodies: literals, filters, paths, numbers that stay decimal.

A space is `%20` and never `+`, which 1C takes literally; a quote within a text is doubled.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, TypeVar
from urllib.parse import quote

T = TypeVar("T")
Row = Mapping[str, Any]

ZERO: Final = "00000000-0000-0000-0000-000000000000"
NAMESPACE: Final = "StandardODATA."
TOGETHER: Final = 20  # keys in one filter: web servers limit the length of an address


def text(value: str) -> str:
    """A text literal."""
    return "'" + value.replace("'", "''") + "'"


def guid(ref: str) -> str:
    """A reference as a literal."""
    return f"guid'{ref}'"


def moment(wall: datetime) -> str:
    """A date literal: the server's wall clock, whole seconds."""
    return f"datetime'{wall:%Y-%m-%dT%H:%M:%S}'"


def every(*conditions: str) -> str:
    """All must hold; empty ones say nothing."""
    return " and ".join(one for one in conditions if one)


def either(conditions: Iterable[str]) -> str:
    """One must hold."""
    return "(" + " or ".join(conditions) + ")"


def key(name: str, ref: str) -> str:
    """The path of one object."""
    return f"{name}({guid(ref)})"


def path(resource: str, **options: str) -> str:
    """The path and query of a call, quoted; options are named without their `$`, empty ones are left out."""
    given = {"format": "json;odata=nometadata", **options}
    asked = "&".join(f"${name}={_quoted(value)}" for name, value in given.items() if value)
    return f"/{_quoted(resource)}?{asked}"


def parts(items: Sequence[T], size: int = TOGETHER) -> Iterator[Sequence[T]]:
    """The items by portions that one filter can hold."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def encode(value: object) -> bytes:
    """JSON in UTF-8. Decimals are numbers with the digits that they have: no float comes in between."""
    return "".join(_encoded(value)).encode()


def decode(body: bytes) -> Any:  # noqa: ANN401 -- any JSON
    """JSON whose fractions are Decimals. Raises ValueError."""
    return json.loads(body.decode("utf-8-sig"), parse_float=Decimal)


def _encoded(value: object) -> Iterator[str]:
    if isinstance(value, Decimal):
        yield format(value, "f")
    elif isinstance(value, Mapping):
        yield "{"
        for n, (name, one) in enumerate(value.items()):
            yield f"{',' if n else ''}{json.dumps(name, ensure_ascii=False)}:"
            yield from _encoded(one)
        yield "}"
    elif isinstance(value, list | tuple):
        yield "["
        for n, one in enumerate(value):
            yield "," if n else ""
            yield from _encoded(one)
        yield "]"
    else:
        yield json.dumps(value, ensure_ascii=False)


def _quoted(value: str) -> str:
    return quote(value, safe="()',/$*=:;")
