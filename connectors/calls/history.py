"""The list of calls that a service keeps, read for what none of its notices has told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from connectors.calls.book import CallBook
from connectors.calls.notice import LEGS, CallNotice, Told, stored_notice
from provodka.channel import Intake, Part, PartsReader

OVERLAP: Final = timedelta(hours=2)
"""Read again each time: a call is listed by its beginning, and only when it is over."""

LONGEST: Final = timedelta(days=30)
"""After a longer standstill only so much is read: services give no more at once."""

SETTLED: Final = timedelta(minutes=2)

Read = Callable[[datetime, datetime], Sequence[CallNotice]]
"""The last words on the calls that began between these moments."""
Each = Callable[[CallNotice, PartsReader], Sequence[CallNotice]]
"""What a last word comes to, beside the parts of calls that there are."""


def as_listed(notice: CallNotice, parts: PartsReader) -> Sequence[CallNotice]:
    """For services whose list names calls as their notices do."""
    del parts
    return [notice]


class History:
    """`look` is what a `Net` does each time. Calls from before its first look are nobody's business.

    A call is believed to be over when it was so long ago (`settled`): notices may still come, and services that list
    every connection of a call list the first ones while it goes on.
    """

    def __init__(
        self,
        book: CallBook,
        now: Callable[[], datetime],
        read: Read,
        each: Each = as_listed,
        *,
        settled: timedelta = SETTLED,
    ) -> None:
        self._book = book
        self._now = now
        self._read = read
        self._each = each
        self._settled = settled
        self._begun, self._seen = f"{book.name}:calls:begun", f"{book.name}:calls:seen"

    def look(self, intake: Intake) -> None:
        """Into the intake whatever is missing there, with the cursor. Raises ConnectorError."""
        now, since = self._now(), self.since(intake)
        if since is None:
            return
        found = [one for one in self._read(since, now) if _is_between(one, since, now - self._settled)]
        news = [one for notice in found for one in self._news(notice, intake)]
        self._book.accept(news, intake, now, {self._seen: now.astimezone(UTC).isoformat()})

    def since(self, intake: Intake) -> datetime | None:
        """From where to read; None at the very first look, which only marks the moment."""
        now = self._now()
        begun, seen = intake.cursor(self._begun), intake.cursor(self._seen)
        if begun is None or seen is None:
            mark = now.astimezone(UTC).isoformat()
            self._book.accept([], intake, now, {self._begun: mark, self._seen: mark})
            self._read(now, now)  # whether we may is to be known at once; what happens until we may is not lost
            return None
        return max(datetime.fromisoformat(begun), datetime.fromisoformat(seen) - OVERLAP, now - LONGEST)

    def _news(self, notice: CallNotice, intake: Intake) -> list[CallNotice]:
        def parts(key: str) -> list[Part]:
            return list(intake.parts(self._book.name, key))

        return [new for one in self._each(notice, parts) if (new := _new(one, parts)) is not None]


def _new(notice: CallNotice, parts: PartsReader) -> CallNotice | None:
    """A last word that is missing and what belongs to it, else a recording that the last word did not have yet."""
    known = [stored_notice(part) for part in parts(notice.key)]
    told = {one.told for one in known}
    if notice.told in LEGS:
        return None if Told.ENDED in told else notice
    if notice.told is Told.RECORDED:
        return None if notice.recording in {one.recording for one in known} else notice
    if notice.told is Told.ENDED and Told.ENDED not in told:
        goes_on = Told.ANSWERED in told and not notice.talk_seconds
        return None if goes_on else notice
    if not notice.recording or any(one.recording for one in known):
        return None
    return replace(notice, id=f"rec:{notice.recording}", told=Told.RECORDED)


def _is_between(notice: CallNotice, since: datetime, until: datetime) -> bool:
    started, ended = notice.started_at or since, notice.ended_at or notice.at or since
    return since <= started and ended <= until
