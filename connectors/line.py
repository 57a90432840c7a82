"""The line in front of an account: who of this process takes the next place in its row."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import IntEnum


class Haste(IntEnum):
    """Who goes first where calls wait for the account's limit.

    URGENT: what a rule calls urgent. SHARED: a reading for which many wait. Otherwise as they came.
    """

    URGENT = 0
    SHARED = 1
    USUAL = 2


_Ticket = tuple[Haste, int]
_haste: ContextVar[Haste] = ContextVar("haste", default=Haste.USUAL)


@contextmanager
def hurry(haste: Haste) -> Iterator[None]:
    """The calls of this thread inside the block are in such haste, or in greater where they were already."""
    token = _haste.set(min(haste, _haste.get()))
    try:
        yield
    finally:
        _haste.reset(token)


def haste() -> Haste:
    """The haste of this thread's calls."""
    return _haste.get()


class Line:
    """Only its head waits for a place in the row that all processes share, and the place is for whoever is first when
    it comes: who comes later in greater haste need not wait for those who were there before."""

    def __init__(self) -> None:
        self._moved = threading.Condition()
        self._waiting: list[_Ticket] = []
        self._numbers = itertools.count()
        self._has_head = False
        self._served: _Ticket | None = None  # a place has come for it

    def pass_through(self, take: Callable[[], None]) -> None:
        """Have a place; `take` waits for the next one. What it raises is for the one who waits in it."""
        with self._moved:
            mine = (haste(), next(self._numbers))
            heapq.heappush(self._waiting, mine)
        try:
            while not self._is_served(mine):
                self._wait_at_head(take)
        finally:
            with self._moved:
                self._waiting.remove(mine)
                heapq.heapify(self._waiting)
                self._served = None if self._served == mine else self._served
                self._moved.notify_all()

    def _is_served(self, mine: _Ticket) -> bool:
        """True once a place has come for us; False when we are the head and have to wait for one."""
        with self._moved:
            self._moved.wait_for(lambda: self._served == mine or (self._is_idle and self._waiting[0] == mine))
            if self._served == mine:
                return True
            self._has_head = True
            return False

    def _wait_at_head(self, take: Callable[[], None]) -> None:
        taken = False
        try:
            take()
            taken = True
        finally:
            with self._moved:
                self._has_head = False
                self._served = self._waiting[0] if taken else None
                self._moved.notify_all()

    @property
    def _is_idle(self) -> bool:
        return not self._has_head and self._served is None
