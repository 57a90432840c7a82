"""The request limits at the door: 7 a second for a token, 50 for the account, then a ban of the address."""

from __future__ import annotations

import json
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, Field

from sandbox.amocrm.problems import BANNED_PAGE, Problem
from sandbox.base import Refusal

WINDOW = 1.0
BAN_WINDOW = 10.0
KOMMO_RETRY_AFTER = 300


class Limit(BaseModel):
    """Body of `POST /_sandbox/limit`; a missing member sets the vendor's figure, null switches it off.

    `per_second` null switches the account's limit off too. `ban_after` refusals within 10 s bring 403 to every
    request until the limit is set again or a reset.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    per_second: int | None = Field(default=7, ge=1)
    per_account: int | None = Field(default=50, ge=1)
    ban_after: int | None = Field(default=20, ge=1)
    json_body: bool = False


@dataclass(slots=True)
class Door:
    """True sliding windows of one second over admitted calls, by the moment of their arrival."""

    limit: Limit = field(default_factory=Limit)
    clock: Callable[[], float] = time.monotonic
    banned: bool = False
    _by_token: dict[str, deque[float]] = field(default_factory=dict)
    _account: deque[float] = field(default_factory=deque)
    _refusals: deque[float] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def set(self, limit: Limit) -> None:
        """New limits with empty windows; also lifts a ban."""
        with self._lock:
            self.limit = limit
            self.banned = False
            self._by_token.clear()
            self._account.clear()
            self._refusals.clear()

    def admit(self, token: str) -> Refusal | None:
        """None for a call within the limits."""
        with self._lock:
            if self.banned:
                return Refusal(403, BANNED_PAGE, "text/html")
            now = self.clock()
            mine = self._by_token.setdefault(token, deque())
            _forget(mine, now - WINDOW)
            _forget(self._account, now - WINDOW)
            if self.limit.per_second is not None and (
                len(mine) >= self.limit.per_second or len(self._account) >= (self.limit.per_account or math.inf)
            ):
                return self._refuse(now)
            mine.append(now)
            self._account.append(now)
        return None

    def _refuse(self, now: float) -> Refusal:
        _forget(self._refusals, now - BAN_WINDOW)
        self._refusals.append(now)
        self.banned = self.limit.ban_after is not None and len(self._refusals) >= self.limit.ban_after
        if not self.limit.json_body:
            return Refusal(429, "Too Many Requests", "text/html")
        problem = Problem(429, "Too many requests")
        body = json.dumps({**problem.body, "retry_after": KOMMO_RETRY_AFTER})
        return Refusal(429, body, "application/problem+json")


def _forget(times: deque[float], before: float) -> None:
    while times and times[0] <= before:
        times.popleft()
