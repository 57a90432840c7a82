"""The token by which T-Bank's requests and notices are known."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any


def token_of(fields: Mapping[str, Any], password: str) -> str:
    """SHA-256 over the values of the members in the order of their names, `Password` among them; what is nested, and
    `Token` itself, stays out. Numbers have to be as they were written."""
    flat = {name: _written(value) for name, value in fields.items() if _is_plain(value) and name != "Token"}
    joined = "".join(value for _, value in sorted({**flat, "Password": password}.items()))
    return sha256(joined.encode()).hexdigest()


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | float | bool)


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
