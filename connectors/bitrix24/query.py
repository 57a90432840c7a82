"""Commands of a `batch`: PHP query strings, with references to the results of earlier commands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

Json = dict[str, Any]

_LIKE_A_REFERENCE: Final = re.compile(r"\s*\$result\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ref:
    """The result of an earlier command of the same batch: `Ref("contact")`, `Ref("call", "CALL_ID")`."""

    command: str
    path: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "$result" + "".join(f"[{part}]" for part in (self.command, *self.path))


@dataclass(frozen=True, slots=True)
class Command:
    """One call of a batch."""

    method: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def text(self) -> str:
        """As `batch` takes it. Null cannot be said here, so an empty text stands for it."""
        query = "&".join(f"{quote(name, safe='[]')}={_value(value)}" for name, value in flat(self.params))
        return f"{self.method}?{query}" if query else self.method


def flat(params: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Pairs in PHP's brackets: `fields[PHONE][0][VALUE]`."""
    for name, value in params.items():
        yield from _flat(name, value)


def _flat(name: str, value: object) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(f"{name}[{key}]", inner)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _flat(f"{name}[{index}]", inner)
    else:
        yield name, value


def _value(value: object) -> str:
    if isinstance(value, Ref):
        return str(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    text = str(value)
    if _LIKE_A_REFERENCE.match(text):  # what a visitor typed must not be taken for a result of ours
        text = text.replace("$", "＄", 1)
    return quote(text, safe="")
