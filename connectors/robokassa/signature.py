"""How Robokassa signs: a hash of values joined by colons, with the fields `Shp_…` sorted by name at the end."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def signed(algorithm: str, *values: str, shp: Iterable[tuple[str, str]] = ()) -> str:
    """The signature, in lower-case hex. An empty value keeps its place."""
    pairs = [f"{name}={value}" for name, value in sorted(shp)]
    return hashlib.new(algorithm, ":".join([*values, *pairs]).encode()).hexdigest()
