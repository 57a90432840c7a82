"""What we have sent ourselves: some messengers tell us of our own messages as if somebody else had written them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from provodka.stores import Mirror, Snapshot

DAYS: Final = 2
_FORGOTTEN: Final = range(DAYS, DAYS + 7)


@dataclass(slots=True)
class SentBook:
    """Remembers marks of messages for a day at least. A mark is made before the message goes: its echo may be here
    before its answer."""

    store: Mirror
    account: str
    now: Callable[[], datetime]
    _tidied: str = field(default="", init=False)

    def mark(self, mark: str) -> None:
        """Durable on return."""
        today = self._kind(0)
        self.store.put_snapshots(self.account, today, [Snapshot(mark, "", self.now())])
        if self._tidied != today:
            self._tidied = today
            for kind in map(self._kind, _FORGOTTEN):
                if old := self.store.snapshot_ids(self.account, kind):
                    self.store.forget_snapshots(self.account, kind, old)

    def knows(self, mark: str, within: timedelta | None = None) -> bool:
        """Whether it is one of ours, marked so lately."""
        for kind in map(self._kind, range(DAYS)):
            if found := self.store.snapshots(self.account, kind, [mark]).get(mark):
                return within is None or self.now() - found.updated_at <= within
        return False

    def _kind(self, days: int) -> str:
        return f"sent-{self.now() - timedelta(days=days):%Y-%m-%d}"
