"""Call tracking beside an exchange: what it knows of a visit becomes an event of its own, and never a second call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator, Field

from connectors.calls.book import CallBook
from connectors.calls.conversation import Conversation
from connectors.calls.notice import CallNotice, Told, stored_notice
from connectors.calls.settings import CallSettings
from provodka.channel import PartsReader
from provodka.event import Event
from provodka.payloads import EventType, Utm


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


class TrackingSettings(CallSettings):
    """`beside` names the channels of the exchanges that tell of the same calls: then this channel tells only where they
    came from. Without it the channel tells of whole calls.

    Numbers of call tracking are mostly forwarded to those of the exchange, so that the two know different lines of one
    call and only phone and time say that it is one. `same_line`: both see the same number, and lines are compared, too.
    """

    beside: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = Field(())
    same_line: bool = False


@dataclass(frozen=True, slots=True)
class TrackedBook(CallBook):
    """Makes `call.tracked` of the first notice that tells where a call came from, and nothing else."""

    same_line: bool = False

    def _events(
        self, notice: CallNotice, new: Sequence[CallNotice], parts: PartsReader, now: datetime, raw: bytes
    ) -> Iterator[Event]:
        known = [stored_notice(part) for part in parts(notice.key)]
        talk = Conversation.of([*known, *(one for one in new if one.call == notice.call)])
        if notice.told not in (Told.RANG, Told.ENDED, Told.NOTED) or talk.utm == Utm():
            return
        call = self._call(talk, "")
        if not self.same_line:
            call = replace(call, line="", line_name=call.line_name or call.line)
        yield self._event(EventType.CALL_TRACKED, f"tracked:{talk.key}", call.started_at, call, talk, now, raw)


def tracking_book(name: str, settings: TrackingSettings) -> CallBook:
    """The book of a channel of call tracking."""
    return TrackedBook(name, settings, same_line=settings.same_line) if settings.beside else CallBook(name, settings)
