"""What an operator of a condition is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rules.moments import Clock


def _nothing(_actual: object, _wanted: object, _clock: Clock) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Operator:
    """`prepare` reads what the config expects (raises RuleError); `test` compares an actual value with that.

    `note` says of an unmatched condition what the two values cannot say.
    """

    name: str
    prepare: Callable[[object], Any]
    test: Callable[[Any, Any, Clock], bool]
    note: Callable[[Any, Any, Clock], str] = _nothing
