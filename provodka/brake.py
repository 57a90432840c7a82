"""The brake of a rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Brake:
    """How many cards (lanes) a rule may touch within that time before it stops itself."""

    cards: int
    within: timedelta
