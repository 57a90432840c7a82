"""Why somebody may not be in the journal: doors that refused lately, channels that are silent or in trouble, and what
came without telling who sent it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from provodka.journal import Journal, StoredEvent, Trouble, lasts, queries, troubles
from provodka.payloads import EventType

LATELY: Final = timedelta(days=3)
_AMONG: Final = 10_000  # events; all of a large journal would take a second to look through
_SHOWN: Final = 5
_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_NAMELESS: Final = (EventType.UNREADABLE, EventType.FORM_SPAM, EventType.PAYMENT_UNMATCHED)


@dataclass(frozen=True, slots=True)
class Silent:
    """A channel that is in no trouble and has brought nothing for long: since `last_at`, or ever; `among` the last
    events where the journal has more than are looked at."""

    channel: str
    last_at: datetime | None
    among: int = 0


@dataclass(frozen=True, slots=True)
class Unheard:
    """All of it, the newest first. `troubles` are those that are open or ended lately."""

    troubles: Sequence[Trouble]
    silent: Sequence[Silent]
    nameless: Sequence[StoredEvent]


def unheard(journal: Journal, channels: Collection[str], limit: int = _SHOWN) -> Unheard:
    """`channels` are those that people and services send to."""
    since = journal.now() - LATELY

    def read(connection: Connection) -> Unheard:
        every = troubles.all_troubles(connection, opened=False)
        last, is_all = lasts.last_by_channel(connection, _AMONG)
        newest = queries.list_events(connection, limit=1)
        after = max(0, newest[0].event.seq - _AMONG) if newest else 0
        in_trouble = {one.name for one in every if one.ended_at is None}
        quiet = [one for one in channels if one not in in_trouble and last.get(one, _NEVER) < since]
        return Unheard(
            [one for one in every if one.ended_at is None or one.last_at > since],
            [Silent(one, last.get(one), 0 if is_all else _AMONG) for one in quiet],
            lasts.newest_of_types(connection, _NAMELESS, after, limit),
        )

    return journal.read(read)
