"""From notices to events: one call starts once, ends once, and gets its recordings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from connectors.calls.conversation import Conversation
from connectors.calls.notice import CALL, LEGS, CallNotice, Told, stored_notice
from connectors.calls.settings import CallSettings
from provodka.channel import Intake, PartsReader, Received, Reply
from provodka.event import Event, new_event_id
from provodka.payloads import Call, CallEvent, CallOutcome, Direction, EventType, Person, Utm

Shown = Callable[[str, Conversation], str]
"""From a recording as the service names it to the address (or name) that the CRM gets; empty for none."""

NEVER_TOLD: Final = "о конце звонка АТС не сообщила"
LOST: Final = "lost"
"""The id of the last word that we say ourselves on a call whose end was never told."""


def as_named(recording: str, conversation: Conversation) -> str:
    """A recording whose name is an address is shown as it is; an id that only the service understands is not."""
    del conversation
    return recording if recording.startswith(("https://", "http://")) else ""


@dataclass(frozen=True, slots=True)
class CallBook:
    """Makes the events of the channel `name`. Talks among employees give none."""

    name: str
    settings: CallSettings
    shown: Shown = as_named
    _silent: set[str] = field(default_factory=set, init=False, repr=False, compare=False)

    def received(
        self,
        new: Sequence[CallNotice],
        parts: PartsReader,
        now: datetime,
        *,
        raw: bytes = b"",
        reply: Reply = Reply(),  # noqa: B008  # immutable
    ) -> Received:
        """What these notices come to, beside what the journal has of their calls already."""
        events = tuple(event for notice in new for event in self._events(notice, new, parts, now, raw))
        return Received(events=events, parts=tuple(notice.part for notice in new), reply=reply)

    def accept(
        self, new: Sequence[CallNotice], intake: Intake, now: datetime, cursors: dict[str, str] | None = None
    ) -> None:
        """The same for what was asked for (a statistics poll, a stream), with the cursors that it was read by."""
        received = self.received(new, lambda key: intake.parts(self.name, key), now)
        if new or cursors:
            intake.accept(received.events, channel=self.name, parts=received.parts, cursors=cursors)

    def close_lost(self, intake: Intake, now: datetime, after: timedelta | None = None) -> int:
        """End the calls of which nothing has been heard for long; how many there were. A later last word of such a call
        changes nothing any more, as it has the same key."""
        before = now - (self.settings.lost_after if after is None else after)
        unfinished = intake.unfinished(self.name, CALL, before)
        self._silent.intersection_update(unfinished)
        ended = []
        for key in unfinished:
            if key in self._silent:
                continue
            known = [stored_notice(part) for part in intake.parts(self.name, key)]
            if any(one.told is Told.ENDED for one in known):
                self._silent.add(key)  # a talk among employees, which has no event: not to be read again every time
            elif legs := [one for one in known if one.told in LEGS]:
                last = max((one.at for one in legs if one.at), default=before)
                ended.append(CallNotice(known[0].call, LOST, Told.ENDED, at=last, reason=NEVER_TOLD))
        self.accept(ended, intake, now)
        return len(ended)

    def _events(
        self, notice: CallNotice, new: Sequence[CallNotice], parts: PartsReader, now: datetime, raw: bytes
    ) -> Iterator[Event]:
        if not _may_tell(notice):
            return
        known = [stored_notice(part) for part in parts(notice.key)]
        talk = Conversation.of([*known, *(one for one in new if one.call == notice.call)])
        inside = talk.direction is Direction.INTERNAL
        if inside and (talk.end is not None or notice.told is not Told.RECORDED):
            return  # a recording is told all the same while only a leg between employees is known of its call
        match notice.told:
            case Told.RANG if talk.direction is Direction.IN and talk.end is None:
                call = self._call(talk, "")
                yield self._event(EventType.CALL_STARTED, f"start:{talk.key}", notice.at, call, talk, now, raw)
            case Told.ENDED:
                recorded = talk.recordings[:1]
                call = self._call(talk, self.shown(recorded[0], talk) if recorded else "")
                kind = EventType.CALL_MISSED if self._is_missed(call) else EventType.CALL_FINISHED
                yield self._event(kind, notice.key, call.ended_at or call.started_at, call, talk, now, raw)
            case Told.RECORDED if notice.recording:
                call = self._call(talk, self.shown(notice.recording, talk))
                yield self._event(EventType.CALL_RECORDED, f"rec:{notice.recording}", notice.at, call, talk, now, raw)

    def _call(self, talk: Conversation, recording: str) -> Call:
        call = talk.call(recording, self.settings.lines.get(talk.line, ""))
        lost = talk.end is not None and talk.end.id == LOST  # how long the talk was is not known then
        short = call.direction is Direction.IN and call.talk_seconds < self.settings.min_talk and not lost
        if call.outcome == CallOutcome.TALKED and short:
            return replace(call, outcome=CallOutcome.MISSED)
        return call

    def _is_missed(self, call: Call) -> bool:
        return call.direction is Direction.IN and call.outcome != CallOutcome.TALKED

    def _event(
        self,
        kind: EventType,
        external_id: str,
        at: datetime | None,
        call: Call,
        talk: Conversation,
        now: datetime,
        raw: bytes,
    ) -> Event:
        utm = talk.utm
        return Event(
            id=new_event_id(now),
            type=kind,
            channel=self.name,
            external_id=external_id,
            occurred_at=min(at or now, now),  # an exchange whose clock is ahead tells of the future
            received_at=now,
            person=Person(phones=(call.phone,) if call.phone else ()),
            payload=CallEvent(call=call, utm=utm if utm != Utm() else Utm(source=call.line_name)),
            raw=raw,
        )


def _may_tell(notice: CallNotice) -> bool:
    """Whether an event can come of it: for the others the journal need not be asked."""
    if notice.told is Told.RANG:
        return not notice.transfer and notice.direction in (None, Direction.IN)
    return notice.told in (Told.ENDED, Told.RECORDED)
