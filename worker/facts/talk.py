"""What a talk comes to: the fact `talk` out of its lines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import takewhile
from typing import Final

from provodka.event import Event
from provodka.journal.said import Line
from provodka.payloads import MessageEvent
from rules.fact import TalkFact

PAUSE: Final = timedelta(minutes=10)
"""What comes sooner after the line before belongs to the same burst."""


def talk_of(lines: Sequence[Line], event: Event, count: int, *, resumed: bool) -> TalkFact:
    """The fact of the event's own talk, else of the one that was last written in. `lines` are newest first.

    As it was when the event came; after a wait as it is now, but `first` is the event's own.
    """
    at = next((n for n, line in enumerate(lines) if line.event_id == event.id), None)
    own = event.payload.message if isinstance(event.payload, MessageEvent) else None
    if own is None:
        channel, chat = (lines[0].channel, lines[0].chat) if lines else ("", "")
    else:
        channel, chat = event.channel, own.chat
    seen = lines if own is None or resumed or at is None else lines[at:]
    talk = [line for line in seen if (line.channel, line.chat) == (channel, chat)]
    if not talk:
        return TalkFact() if own is None else TalkFact(True, 1, event.occurred_at, own.text, own.service)
    theirs = [line for line in talk if not line.ours]
    later = sum(not line.ours and line.channel == channel for line in lines[: len(lines) - len(seen)])
    waiting = list(takewhile(lambda line: not line.ours, talk))
    return TalkFact(
        first=_is_first(theirs, event.id),
        messages=max(count - later, len(theirs)) if own is not None else len(theirs),
        waiting_since=waiting[-1].at if waiting else None,
        text="\n".join(line.text for line in reversed(_burst(theirs, event.id)) if line.text),
        service=next((line.service for line in theirs), ""),
    )


def _is_first(theirs: Sequence[Line], event_id: str) -> bool:
    """Whether nothing came from them in this talk for a while before; lines of the same moment stand in their order."""
    at = next((n for n, line in enumerate(theirs) if line.event_id == event_id), None)
    if at is None or at + 1 == len(theirs):
        return True
    return theirs[at].at - theirs[at + 1].at >= PAUSE


def _burst(theirs: Sequence[Line], event_id: str) -> list[Line]:
    """The lines, newest first, that hang together with the event's: each sooner than PAUSE after the one before."""
    own = next((n for n, line in enumerate(theirs) if line.event_id == event_id), 0)
    first = last = own
    while first > 0 and theirs[first - 1].at - theirs[first].at < PAUSE:
        first -= 1
    while last + 1 < len(theirs) and theirs[last].at - theirs[last + 1].at < PAUSE:
        last += 1
    return list(theirs[first : last + 1])
