"""When a call ended, where the exchange tells only when it began and how long was talked."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from connectors.calls.fields import seconds

LONGEST_WAIT: Final = timedelta(hours=1)
"""In the menu and in the queue, before anybody answers."""

LONGEST_CALL: Final = 7 * 24 * 3600  # seconds


def length_of(text: str) -> int:
    """Seconds as services tell them; 0 for what is no number, and never more than a call can last."""
    return min(seconds(text) or 0, LONGEST_CALL)


def end_of(started: datetime | None, talked: int, heard: datetime) -> datetime:
    """The moment when we heard of it: the last word comes at once. One that comes later than anybody would have waited
    was held up on the way (or the clocks differ): then as if the first ring had been answered."""
    if started is None:
        return heard
    soonest = started + timedelta(seconds=talked)
    return heard if soonest <= heard <= soonest + LONGEST_WAIT else soonest
