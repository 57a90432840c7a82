"""Turns: what the journal and those who choose in turn tell each other about a queue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Standing:
    """How a queue stands at the moment `at`: the turns taken so far, and what was kept with the last one (JSON)."""

    at: datetime
    turns: int = 0
    state: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Turn:
    """Whose turn it is and why; `state` is kept for the next one."""

    person: str
    reason: str
    state: Mapping[str, Any] = field(default_factory=dict)


Pick = Callable[[Standing], Turn | None]
"""Chooses by how the queue stands, or finds nobody. It runs while the queue is locked: no calls, no waiting."""
