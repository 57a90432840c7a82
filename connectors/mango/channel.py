"""The receiver of a MANGO OFFICE exchange."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from connectors.mango.conversation import Conversation, leg_direction
from connectors.mango.notice import Kind, Notice, read_notice, stored_notice
from connectors.mango.settings import MangoSettings
from connectors.mango.signature import recording_url, signed_json
from provodka.channel import Around, Delivery, PartsReader, Received
from provodka.event import Event, new_event_id
from provodka.payloads import Call, CallEvent, Direction, EventType, Person, Utm


@dataclass(frozen=True, slots=True)
class _Fact:
    """What makes an event of a call: which, under what key, when."""

    type: EventType
    external_id: str
    at: datetime | None
    call: Call


class MangoChannel:
    """Joins MANGO's notices about a call into `call.started`, `call.finished` or `call.missed`, `call.recorded`.

    MANGO appends its own paths to the channel's address (`/events/call`, `/events/summary`, …) and looks only at the
    status of the answer. Notices go out in parallel, so they may overtake each other and repeat: each is kept as a
    part of its conversation, and each event has one key, whatever came before it.
    """

    def __init__(self, name: str, settings: MangoSettings) -> None:
        self.name = name
        self._settings = settings

    def receive(self, delivery: Delivery, parts: PartsReader) -> Received:
        """The part, and at most one event.

        The first Appeared of an incoming call starts it; the summary finishes it; `record/added` adds a recording
        with what is known of the call by then. Talks among employees give no event.
        """
        text = signed_json(delivery, self._settings)
        notice = read_notice(delivery.path, text)
        known = [stored_notice(part) for part in parts(notice.part.key)] if notice.kind is not Kind.OTHER else []
        fact = self._fact(notice, Conversation.of([*known, notice]), delivery.received_at)
        events = () if fact is None else (self._event(fact, delivery.received_at, text),)
        return Received(events=events, parts=(notice.part,))

    def _fact(self, notice: Notice, talk: Conversation, now: datetime) -> _Fact | None:
        if notice.kind is Kind.CALL:
            return _started(notice, talk)
        if talk.direction is Direction.INTERNAL:
            return None
        if notice.kind is Kind.SUMMARY:
            return self._ended(talk, now)
        if notice.kind is Kind.ADDED:
            call = talk.call(self._link(notice, now))
            return _Fact(EventType.CALL_RECORDED, f"rec:{notice.recording_id}", notice.at, call)
        return None

    def _ended(self, talk: Conversation, now: datetime) -> _Fact:
        call = talk.call(self._link(talk.recordings[0], now) if talk.recordings else "")
        missed = call.direction is Direction.IN and (
            call.answered_at is None or call.talk_seconds < self._settings.min_talk
        )
        kind = EventType.CALL_MISSED if missed else EventType.CALL_FINISHED
        return _Fact(kind, f"call:{call.id}", call.ended_at or call.started_at, call)

    def _link(self, added: Notice, now: datetime) -> str:
        return recording_url(added.recording_id, added.entry_id, added.at or now, self._settings)

    def _event(self, fact: _Fact, now: datetime, raw: bytes) -> Event:
        call = fact.call
        return Event(
            id=new_event_id(now),
            type=fact.type,
            channel=self.name,
            external_id=fact.external_id,
            occurred_at=min(fact.at or now, now),  # an exchange whose clock is ahead tells of the future
            received_at=now,
            person=Person(phones=(call.phone,) if call.phone else ()),
            payload=CallEvent(call=call, utm=Utm(source=self._settings.lines.get(call.line, ""))),
            raw=raw,
        )


def _started(leg: Notice, talk: Conversation) -> _Fact | None:
    """The call has come in, unless this leg is a transfer, is late, or belongs to a call that we made."""
    appeared = leg.text("call_state") == "Appeared" and leg_direction(leg) is Direction.IN
    transferred = leg.text("transfer") or leg.flag("from", "was_transferred")
    if not appeared or transferred or talk.summary is not None or talk.direction is not Direction.IN:
        return None
    return _Fact(EventType.CALL_STARTED, f"start:{leg.entry_id}", leg.at, talk.call())


def receiver(name: str, settings: MangoSettings, around: Around) -> MangoChannel:
    """The receiver of the channel `name`."""
    del around
    return MangoChannel(name, settings)
