"""Figures of telephone calls: how many were talked, missed, called back."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from provodka.calls import Direction, Sighting, told_before
from provodka.payloads import EventType

_LONG_AGO: Final = timedelta(minutes=30)
_TOLD_WITHIN: Final = timedelta(days=1)
"""By how much channels may differ in when they tell of a call: at its start, or after a long talk."""


@dataclass(frozen=True, slots=True)
class Calls:
    """Talks in and out, missed calls, and how many of those were followed by a talk with the same number."""

    incoming: int = 0
    outgoing: int = 0
    missed: int = 0
    called_back: int = 0
    not_called_back: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Miss:
    """Missed calls of one number since the last talk with it: of the first, the event and when it was; how many; when
    somebody of ours talked with the number at last. A hidden number (empty) is nobody's: each such call stands alone,
    and nobody can call back."""

    phone: str
    event: str
    at: datetime
    times: int = 1
    back_at: datetime | None = None


class Talks:
    """Calls as they come by, in their order."""

    def __init__(self) -> None:
        self._counts = {Direction.IN: 0, Direction.OUT: 0, Direction.INTERNAL: 0}
        self._missed: dict[str, Miss] = {}
        self._all_missed = 0
        self._seen: dict[str, list[Sighting]] = defaultdict(list)
        self._last: dict[str, datetime] = {}
        self._recent: deque[tuple[datetime, str]] = deque()

    def take(self, event: str, kind: EventType, sighting: Sighting, at: datetime) -> None:
        """Count it, unless another channel has told of the same call."""
        call = sighting.call
        if self._was_told(sighting, at):
            return
        if kind is EventType.CALL_MISSED and call.direction is Direction.IN:
            self._all_missed += 1
            key = call.phone or event
            before = self._missed.get(key)
            if before is not None and before.back_at is None:
                self._missed[key] = replace(before, times=before.times + 1)
            else:
                self._missed[key] = Miss(call.phone, event, at)
        elif call.talk_seconds:
            self._counts[call.direction] += 1
            before = self._missed.get(call.phone)
            if before is not None and before.back_at is None:
                self._missed[call.phone] = replace(before, back_at=at)

    def misses(self) -> tuple[Miss, ...]:
        """One for each number that was missed: its newest."""
        return tuple(self._missed.values())

    def calls(self) -> Calls:
        """All of them in numbers."""
        left = tuple(one.phone for one in self._missed.values() if one.back_at is None)
        incoming, outgoing = self._counts[Direction.IN], self._counts[Direction.OUT]
        return Calls(incoming, outgoing, self._all_missed, len(self._missed) - len(left), left)

    def _was_told(self, sighting: Sighting, at: datetime) -> bool:
        phone = sighting.call.phone
        while self._recent and at - self._recent[0][0] > _TOLD_WITHIN:  # so that the calls of a month need not be kept
            _, old = self._recent.popleft()
            if self._last.get(old, at) + _TOLD_WITHIN < at:
                del self._seen[old], self._last[old]
        seen = self._seen[phone]
        seen[:] = [*(one for one in seen if abs(one.began - sighting.began) <= _LONG_AGO), sighting]
        self._last[phone] = at
        self._recent.append((at, phone))
        return told_before(seen)[-1] is not None
