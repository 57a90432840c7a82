"""The portal's two limits: a leaky bucket of requests per address, and time worked per method."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, Field

from sandbox.base import Refusal
from sandbox.bitrix24.errors import RestError

MINUTE = 60
BUCKETS = 10
TOO_SHORT = 0.1
"""Calls shorter than this are not added to the time worked."""


class Limit(BaseModel):
    """Body of `POST /_sandbox/limit`; a missing member sets the vendor's figure, null switches that limit off.

    `per_second` drains a bucket of `bucket` requests (5 and 250 on the Enterprise plan). `operating` is the time in
    seconds a method may work within ten minutes; `cost` adds seconds to each call of a method, `default_cost` to
    all others, without anybody waiting.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    per_second: float | None = Field(default=2, gt=0)
    bucket: int = Field(default=50, ge=1)
    operating: float | None = Field(default=480, gt=0)
    default_cost: float = Field(default=0, ge=0)
    cost: dict[str, float] = {}


@dataclass(slots=True)
class _Bucket:
    level: float = 0
    at: float = 0


@dataclass(slots=True)
class Door:
    """One bucket per source address."""

    limit: Limit = field(default_factory=Limit)
    clock: Callable[[], float] = time.monotonic
    _buckets: dict[str, _Bucket] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def set(self, limit: Limit) -> None:
        """New limits with empty buckets."""
        with self._lock:
            self.limit = limit
            self._buckets.clear()

    def admit(self, address: str) -> Refusal | None:
        """None for a request within the limit."""
        with self._lock:
            if self.limit.per_second is None:
                return None
            now = self.clock()
            bucket = self._buckets.setdefault(address, _Bucket(at=now))
            bucket.level = max(0.0, bucket.level - (now - bucket.at) * self.limit.per_second)
            bucket.at = now
            if bucket.level + 1 > self.limit.bucket:
                body = {"error": "QUERY_LIMIT_EXCEEDED", "error_description": "Too many requests"}
                return Refusal(503, json.dumps(body), "application/json; charset=utf-8")
            bucket.level += 1
        return None


class Operating:
    """Seconds worked per credential and method, in ten buckets of a minute. `clock` gives unix seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._worked: dict[tuple[str, str], dict[int, float]] = {}
        self._lock = threading.Lock()

    def clear(self) -> None:
        with self._lock:
            self._worked.clear()

    def check(self, key: str, method: str, limit: Limit) -> None:
        """Refuses a method that has worked longer than the limit; the call that crossed it went through."""
        if limit.operating is not None and self.sum(key, method) > limit.operating:
            text = "Method is blocked due to operation time limit"
            raise RestError("OPERATION_TIME_LIMIT", text, 429)

    def add(self, key: str, method: str, seconds: float) -> None:
        if seconds < TOO_SHORT:
            return
        with self._lock:
            buckets = self._worked.setdefault((key, method), {})
            minute = int(self.clock()) // MINUTE
            buckets[minute] = buckets.get(minute, 0.0) + seconds

    def sum(self, key: str, method: str) -> float:
        return sum(self._live(key, method).values())

    def reset_at(self, key: str, method: str) -> int:
        """When the oldest bucket leaves; of a method that has not worked, ten minutes from now."""
        oldest = min(self._live(key, method), default=int(self.clock()) // MINUTE)
        return (oldest + BUCKETS) * MINUTE

    def _live(self, key: str, method: str) -> dict[int, float]:
        first = int(self.clock()) // MINUTE - BUCKETS
        with self._lock:
            buckets = self._worked.get((key, method), {})
            for minute in [minute for minute in buckets if minute <= first]:
                del buckets[minute]
            return dict(buckets)
