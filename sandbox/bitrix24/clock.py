"""The portal's clock, which a test can put forward."""

from __future__ import annotations

import time
from collections.abc import Callable


class Clock:
    """Unix seconds of `source`, and whatever was added."""

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self.ahead = 0.0

    def __call__(self) -> float:
        return self._source() + self.ahead
