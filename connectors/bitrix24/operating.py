"""How long each method has worked for us: the vendor blocks one that worked too long, so it slows down before that."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from connectors.bitrix24.problems import METHOD_SECONDS
from provodka.errors import RateLimited

WINDOW: Final = 600.0  # seconds in which the vendor counts
SLOW_FROM: Final = 0.8  # of the budget
LONGEST_SLEEP: Final = 2.0  # seconds that a thread waits itself; beyond that the work goes back


@dataclass(slots=True)
class _Method:
    operating: float = 0.0
    reset_at: float = 0.0
    cost: float = 0.0
    free_at: float = 0.0


class Operating:
    """The budgets of one portal's methods, from what its answers tell. Shared by threads.

    Near the wall a method is called no oftener than its budget grows back, so that its count stays where it is; other
    methods go on. The counts are the portal's own, so every process knows them after its first call.
    """

    def __init__(self, budget: float, now: Callable[[], datetime], sleep: Callable[[float], None]) -> None:
        self._budget = budget
        self._now = now
        self._sleep = sleep
        self._methods: dict[str, _Method] = {}
        self._lock = threading.Lock()

    def pass_through(self, methods: set[str]) -> None:
        """Wait a little where a method must be slow; RateLimited where it must wait for long."""
        wait = max((self._wait(method) for method in methods), default=0.0)
        if wait > LONGEST_SLEEP:
            raise RateLimited(f"{', '.join(sorted(methods))}: the operating time is used up", wait=wait)
        if wait > 0:
            self._sleep(wait)

    def learn(self, method: str, time: object) -> None:
        """From the `time` of an answer; self-hosted portals count nothing and say nothing."""
        if not isinstance(time, dict) or time.get("operating") is None:
            return
        now = self._now().timestamp()
        with self._lock:
            known = self._methods.setdefault(method, _Method())
            operating = _number(time.get("operating"))
            known.cost = max(operating - known.operating, _number(time.get("duration")), 0.0)
            known.operating, known.reset_at = operating, _number(time.get("operating_reset_at"))
            if operating >= SLOW_FROM * self._budget:
                known.free_at = now + known.cost * WINDOW / self._budget

    def blocked(self, method: str) -> float:
        """The portal has blocked the method; the seconds until some of its count leaves."""
        now = self._now().timestamp()
        with self._lock:
            known = self._methods.setdefault(method, _Method())
            known.free_at = known.reset_at if known.reset_at > now else now + METHOD_SECONDS
            return known.free_at - now

    def _wait(self, method: str) -> float:
        with self._lock:
            known = self._methods.get(method)
            return max(0.0, known.free_at - self._now().timestamp()) if known else 0.0


def _number(value: Any) -> float:  # noqa: ANN401  # any JSON
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0
