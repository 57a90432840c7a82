"""What is asked of 1C again and again, remembered for some minutes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

FRESH: Final = timedelta(minutes=10)  # how long 1C's catalogs are taken as they were read
MOST: Final = 20_000


class Kept:
    """Threads may share it: two who read the same at once read it twice, no more."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self._kept: dict[object, tuple[datetime, Any]] = {}

    def kept(self, key: object, read: Callable[[], Any]) -> Any:  # noqa: ANN401 -- whatever `read` gives
        """What was read lately under this key, else read now; nothing found is not kept."""
        known = self._kept.get(key)
        if known is not None and self.now() - known[0] < FRESH:
            return known[1]
        found = read()
        if found:
            self.keep(key, found)
        return found

    def keep(self, key: object, value: object) -> None:
        """Remember what is known without reading."""
        if len(self._kept) >= MOST:
            self._kept.clear()
        self._kept[key] = (self.now(), value)

    def forget(self) -> None:
        """Everything: the base has changed."""
        self._kept.clear()
