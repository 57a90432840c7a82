"""Who people are, as a messenger told it a while ago: not asked again for every line that they write."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from provodka.messages import ChatFacts

LIFE: Final = timedelta(hours=1)
MOST: Final = 5000


class Known:
    """Threads share it. Of two who ask at once both may be sent to the messenger: that does no harm."""

    def __init__(self, ask: Callable[[str], ChatFacts], now: Callable[[], datetime]) -> None:
        self._ask = ask
        self._now = now
        self._guard = threading.Lock()
        self._told: OrderedDict[str, tuple[datetime, ChatFacts]] = OrderedDict()

    def of(self, chat: str) -> ChatFacts:
        """Of this talk. Raises what the messenger raises."""
        with self._guard:
            at, facts = self._told.get(chat, (None, ChatFacts()))
        if at is not None and self._now() - at < LIFE:
            return facts
        facts = self._ask(chat)
        with self._guard:
            self._told[chat] = (self._now(), facts)
            self._told.move_to_end(chat)
            while len(self._told) > MOST:
                self._told.popitem(last=False)
        return facts
