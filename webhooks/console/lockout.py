"""Who guesses passwords has to wait, longer each time. What is counted stands in the audit, so that all processes count
the same; a login that nobody has is treated as any other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from provodka.journal import Journal, audit
from provodka.journal.audit import REFUSED, Deed

OF_ONE_LOGIN: Final = 5
FROM_ONE_ADDRESS: Final = 20
WINDOW: Final = timedelta(minutes=15)
_FIRST: Final = timedelta(minutes=1)
_LONGEST: Final = timedelta(hours=1)
_REMEMBERED: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sign-in. `number` is what `audit.succeed` takes; `wait` the seconds to wait where it may not be made."""

    number: int = 0
    wait: int = 0


def locked_until(refusals: Sequence[datetime], most: int) -> datetime | None:
    """Until when these refusals (oldest first) forbid another attempt: `most` of them within the window forbid it for a
    minute, and each further one twice as long as the one before, up to an hour, until it was quiet for a window."""
    recent: list[datetime] = []
    until: datetime | None = None
    pause = _FIRST
    for at in refusals:
        if until is not None and at - until > WINDOW:
            until, pause = None, _FIRST
        recent = [*(one for one in recent if at - one < WINDOW), at]
        if until is not None or len(recent) >= most:
            until, pause = at + pause, min(2 * pause, _LONGEST)
    return until


def begin(journal: Journal, login: str, address: str, now: datetime) -> Attempt:
    """Write the attempt down as refused before the password is looked at (`audit.succeed` mends it), so that attempts
    made at the same time count; or tell how long to wait, which is written nowhere."""
    since = now - _REMEMBERED

    def work(connection: Connection) -> Attempt:
        ends = (
            locked_until(audit.refusals_of(connection, login, since), OF_ONE_LOGIN),
            locked_until(audit.refusals_from(connection, address, since), FROM_ONE_ADDRESS),
        )
        until = max((one for one in ends if one), default=now)
        if until > now:
            return Attempt(wait=math.ceil((until - now).total_seconds()))
        return Attempt(audit.put(connection, Deed(now, login, REFUSED, "", {}, address)))

    return journal.write(work)


def held(journal: Journal, address: str, now: datetime) -> int:
    """The seconds that this address has to wait before another attempt of any sort; 0 where it need not."""
    until = locked_until(journal.read(lambda c: audit.refusals_from(c, address, now - _REMEMBERED)), FROM_ONE_ADDRESS)
    return max(0, math.ceil((until - now).total_seconds())) if until else 0
