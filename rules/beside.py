"""What stands in the config beside the rules, as far as they use it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from rules.dictionaries import Dictionary


@dataclass(frozen=True, slots=True)
class Beside:
    """`dictionaries` by their names; `crm` as people call it, and the operations that it `lacks`, each with what that
    is in Russian, in the genitive."""

    dictionaries: Mapping[str, Dictionary] = field(default_factory=dict)
    crm: str = ""
    lacks: Mapping[str, str] = field(default_factory=dict)


ALONE: Final = Beside()
"""Rules with nothing beside them."""
