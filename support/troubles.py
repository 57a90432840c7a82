"""Troubles of now and of before: when each began, how long it lasted, how often it comes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from provodka.journal import Journal, Trouble, troubles

LOOK_BACK: Final = timedelta(days=30)
MOST: Final = 30


@dataclass(frozen=True, slots=True)
class Told:
    """A trouble, and how often it was opened in the last 30 days, this time included."""

    trouble: Trouble
    often: int

    def lasted(self, now: datetime) -> timedelta:
        """How long, or how long so far."""
        return (self.trouble.ended_at or now) - self.trouble.since


@dataclass(frozen=True, slots=True)
class History:
    """Those of now, the newest first, and those of before, the last ended first."""

    opened: tuple[Told, ...]
    past: tuple[Told, ...]


def history(journal: Journal, most: int = MOST) -> History:
    """Look; no more than `most` of before."""
    since = journal.now() - LOOK_BACK

    def read(connection: Connection) -> History:
        opened, past = troubles.all_troubles(connection, opened=True), troubles.past(connection, most)
        often = troubles.times_since(connection, {one.name for one in (*opened, *past)}, since)
        now = {one.name for one in opened if one.since >= since}
        told = [Told(one, often.get(one.name, 0) + (one.name in now)) for one in (*opened, *past)]
        return History(tuple(told[: len(opened)]), tuple(told[len(opened) :]))

    return journal.read(read)
