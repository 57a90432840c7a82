"""How 1C makes a value fit a property: a string too long is cut, a number rounded, a date kept to whole seconds."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType
from typing import Any

from sandbox.onec.schema import Property

Record = Mapping[str, Any]
"""One stored object by the names of OData: str, int, Decimal, bool, naive datetime, and rows as tuples of records."""

KOPECK = Decimal("0.01")


def fit(known: Property, value: Any) -> Any:  # noqa: ANN401
    """The value as it is stored. ValueError or ArithmeticError where it is nothing of that type."""
    if value is None:
        return known.empty
    if known.edm == "Edm.String":
        return str(value)[: known.length] if known.length else str(value)
    if known.edm == "Edm.Double":
        return Decimal(str(value)).quantize(Decimal(1).scaleb(-known.scale), ROUND_HALF_UP)
    if known.edm.startswith("Edm.Int"):
        return int(value)
    if known.edm == "Edm.DateTime":
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment.replace(tzinfo=None, microsecond=0)
    if known.edm == "Edm.Guid":
        return str(value).lower()
    return value


def money(value: Decimal) -> Decimal:
    """To the kopeck, half up."""
    return value.quantize(KOPECK, ROUND_HALF_UP)


def frozen(values: Mapping[str, Any]) -> Record:
    """A record that nobody can change behind the store's back."""
    return MappingProxyType(
        {name: _rows(value) if isinstance(value, list | tuple) else value for name, value in values.items()}
    )


def _rows(rows: Sequence[Mapping[str, Any]]) -> tuple[Record, ...]:
    return tuple(MappingProxyType(dict(row)) for row in rows)


def version(number: int) -> str:
    """A DataVersion: eight bytes in base64."""
    return base64.b64encode(number.to_bytes(8, "big")).decode()


def version_number(text: str) -> int:
    return int.from_bytes(base64.b64decode(text), "big")
