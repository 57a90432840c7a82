"""Which time a poll of statistics asks for: from before where it stood, as calls are told of when they are over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from connectors.calls.book import CallBook
from connectors.calls.net import Look
from connectors.calls.notice import CallNotice
from provodka.channel import Intake

Ask = Callable[[datetime, datetime], Sequence[CallNotice]]
"""The notices of the calls that began between these moments. Raises ConnectorError."""


def looking(book: CallBook, ask: Ask, now: Callable[[], datetime], overlap: timedelta | None = None) -> Look:
    """A `Look` that asks again for `overlap` before its last time, or for `lost_after`, beyond which a call is lost.

    Nothing from before the first look is taken: those calls were somebody else's. The cursor `calls:<channel>` is the
    moment of the last look, `calls:<channel>:start` that of the first; calls that are known already change nothing.
    """
    name = f"calls:{book.name}"
    back = book.settings.lost_after if overlap is None else overlap

    def look(intake: Intake) -> None:
        until = now()
        stood, began = intake.cursor(name), intake.cursor(f"{name}:start")
        start = datetime.fromisoformat(began) if began else until
        since = max(start, datetime.fromisoformat(stood) - back) if stood else start
        found = ask(since, until) if stood else ()
        cursors = {name: until.isoformat()} | ({} if began else {f"{name}:start": until.isoformat()})
        book.accept(found, intake, until, cursors)

    return look
