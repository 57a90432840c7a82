"""The guard of a page against robots: a hidden field that only they fill in, the time it took, posts of one address.

A robot is never told: it gets the same thanks as people do, and what it sent is kept where support sees it.
"""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from threading import Lock
from typing import Any, Final

from connectors.pages.fields import STAMP, TRAP
from provodka.own_pages import Signer

_STAMP: Final = re.compile(r"([0-9a-f]{1,12})-([a-z2-7]{26})")
_OPEN_FOR: Final = timedelta(hours=24)
_SKEW: Final = timedelta(minutes=5)
"""How far apart the clocks of two machines of ours may be."""
_FLOOD: Final = 5
"""So many times the limit is kept as spam; what comes after that is not even kept."""
_HOUR: Final = timedelta(hours=1)
_VISITORS: Final = 20_000
"""So many addresses are counted; of more, those that have posted last."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a post is: a robot's (`spam` says why), `late` (the page was open too long), a `flood`, or a person's."""

    spam: str = ""
    late: bool = False
    flood: bool = False


class Posts:
    """Lets each visitor post at most `most` times within an hour."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._at: OrderedDict[str, deque[datetime]] = OrderedDict()
        self._lock = Lock()

    def take(self, visitor: str, now: datetime) -> bool:
        """Whether there is room for one more; if so, it is counted."""
        with self._lock:
            times = self._at.setdefault(visitor, deque())
            self._at.move_to_end(visitor)
            while times and times[0] <= now - _HOUR:
                times.popleft()
            if has_room := len(times) < self.most:
                times.append(now)
            if len(self._at) > _VISITORS:
                self._at.popitem(last=False)
            return has_room


class Guard:
    """Of one channel. Counts of addresses live in the memory of the process."""

    def __init__(self, key: bytes, channel: str, at_least: timedelta, per_address: int) -> None:
        self._signer = Signer(key, f"page {channel}")
        self._at_least = at_least
        self._posts = Posts(per_address)
        self._flood = Posts(per_address * _FLOOD)

    def stamp(self, path: str, now: datetime) -> str:
        """What the page holds, so that a post tells when it was opened."""
        moment = f"{int(now.timestamp()):x}"
        return f"{moment}-{self._signer.sign(path, moment)}"

    def judge(
        self, fields: Mapping[str, Any], path: str, sender: str, now: datetime, *, known: bool = False
    ) -> Verdict:
        """Every post counts for its address, whatever it holds. `known`: the page has a signed link, which no robot
        comes by, so that nothing but a flood is held against whoever has it."""
        visitor = visitor_of(sender)
        if visitor and not self._flood.take(visitor, now):
            return Verdict(flood=True)
        opened = self.opened(str(fields.get(STAMP, "")), path)
        late = opened is not None and now - opened > _OPEN_FOR
        if known:
            return Verdict(late=late)
        many = bool(visitor) and not self._posts.take(visitor, now)
        if fields.get(TRAP):
            return Verdict("the field that people do not see is filled in")
        if opened is None or now - opened < -_SKEW:
            return Verdict("the stamp of the page is not ours")
        if timedelta(0) <= now - opened < self._at_least:
            return Verdict(f"filled in within {(now - opened).total_seconds():.0f} s")
        if many:
            return Verdict(f"more than {self._posts.most} posts an hour from one address")
        return Verdict(late=late)

    def opened(self, stamp: str, path: str) -> datetime | None:
        """When the page with this stamp was opened; None for a stamp that is not ours."""
        found = _STAMP.fullmatch(stamp)
        if found is None or not self._signer.signed(found[2], path, found[1]):
            return None
        return datetime.fromtimestamp(int(found[1], 16), UTC)


def visitor_of(sender: str) -> str:
    """By what posts are counted: the address, of IPv6 its network. Empty for one that is not of the internet: a proxy
    that does not tell whom it speaks for stands for all visitors, and they must not be taken for one."""
    try:
        address = ip_address(sender)
    except ValueError:
        return ""
    if not address.is_global:
        return ""
    return str(ip_network((address, 64), strict=False)) if isinstance(address, IPv6Address) else str(address)
