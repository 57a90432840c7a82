"""PHP bracket notation: query strings like `filter[statuses][0][pipeline_id]=5` as nested dicts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def parse(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Nested dicts of strings; `a[]=x&a[]=y` gives `{"a": {"0": "x", "1": "y"}}`."""
    root: dict[str, Any] = {}
    for key, value in pairs:
        node = root
        *path, last = split(key)
        for step in path:
            child = node.get(step or str(len(node)))
            if not isinstance(child, dict):
                child = {}
                node[step or str(len(node))] = child
            node = child
        node[last or str(len(node))] = value
    return root


def split(key: str) -> list[str]:
    """`filter[id][]` gives `["filter", "id", ""]`."""
    head, _, rest = key.partition("[")
    if not rest or not rest.endswith("]"):
        return [key]
    return [head, *rest[:-1].split("][")]


def values(node: object) -> list[str]:
    """The leaf strings of a scalar or of a list in bracket form."""
    if isinstance(node, dict):
        return [one for child in node.values() for one in values(child)]
    return [] if node is None else [str(node)]
