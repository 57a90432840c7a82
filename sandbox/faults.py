"""Misbehaviour on demand: error answers, delays and cut connections for an emulator's API calls."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class FaultKind(BaseModel):
    """One way to misbehave. `cut_before` drops the connection with no work done, `cut_after` with the work done."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["status", "delay", "cut_before", "cut_after"] = "status"
    status: int = Field(default=500, ge=200, le=599)
    seconds: float = Field(default=1.0, ge=0)
    body: str | None = None
    headers: dict[str, str] = {}


class Fault(FaultKind):
    """Body of `POST /_sandbox/faults`: misbehave for the `next` N calls, or for a random `share` of calls till cleared.

    `path` is a prefix, `method` an exact verb; without them any API call is hit. `kinds` (instead of `kind`) are
    drawn at random by `seed`. With neither `next` nor `share` one call is hit.
    """

    next: int | None = Field(default=None, ge=1)
    share: float | None = Field(default=None, ge=0, le=1)
    seed: int | None = None
    path: str = ""
    method: str | None = None
    kinds: tuple[FaultKind, ...] = ()


@dataclass(slots=True)
class _Armed:
    fault: Fault
    dice: random.Random
    left: int | None

    def draw(self, method: str, path: str) -> FaultKind | None:
        if self.left == 0 or (self.fault.method and self.fault.method.upper() != method):
            return None
        if not path.startswith(self.fault.path):
            return None
        if self.fault.share is not None and self.dice.random() >= self.fault.share:
            return None
        if self.left is not None:
            self.left -= 1
        return self.dice.choice(self.fault.kinds or (self.fault,))


@dataclass(slots=True)
class Faults:
    """The armed faults of one emulator, the oldest first."""

    _armed: list[_Armed] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def arm(self, fault: Fault) -> None:
        """Add a fault behind those already armed."""
        left = None if fault.share is not None else (fault.next or 1)
        with self._lock:
            self._armed = [armed for armed in self._armed if armed.left != 0]
            self._armed.append(_Armed(fault, random.Random(fault.seed), left))  # noqa: S311

    def clear(self) -> None:
        with self._lock:
            self._armed.clear()

    def draw(self, method: str, path: str) -> FaultKind | None:
        """The misbehaviour due to this call, if any."""
        if not self._armed:
            return None
        with self._lock:
            return next((kind for armed in self._armed if (kind := armed.draw(method, path))), None)
