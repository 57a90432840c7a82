"""What was told before: a call by another channel, a form by the same person, a letter by another mailbox.

Before is what was planned before, and not what has the smaller number: a smaller one may have been committed later.
Events of one person are planned one after another, in whatever process, so that of two there is always a first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row

from provodka.calls import CallEvent, Sighting, told_before
from provodka.event import Event
from provodka.filled import DOUBLE_WITHIN, FormSubmitted, same_answers
from provodka.journal import EventState, Journal, StoredEvent, inbox, seen
from provodka.payloads import EventType, Utm
from rules.told import ToldBefore

_START: Final = (EventType.CALL_STARTED,)
_END: Final = (EventType.CALL_FINISHED, EventType.CALL_MISSED)
_CALLS: Final = {kind: kinds for kinds in (_START, _END) for kind in kinds}
_LETTERS: Final = (EventType.EMAIL_RECEIVED, EventType.EMAIL_SENT)
_PAST: Final = timedelta(days=1)  # whether a form is a first follows from all those before without a long pause
_LATEST: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Repeats:
    """`double_within`: how long the same form of the same person counts once, by the channels that say so."""

    double_within: Mapping[str, timedelta] = field(default_factory=dict)
    _read: Mapping[str, Sequence[Row[Any]]] = field(default_factory=dict)

    def together(self, batch: Sequence[StoredEvent], journal: Journal) -> Repeats:
        """The same, with one reading for all forms of a claimed batch: alone they would be half of its planning."""
        forms = [one for one in batch if isinstance(one.event.payload, FormSubmitted) and one.event.person.identities]
        if len(forms) < 2:
            return self
        within = {self._within(one.event) for one in forms}
        around = {_around(one) for one in within if one}
        if len(around) != 1:  # channels that look back differently: each by itself
            return self
        return replace(self, _read=journal.read(lambda c: seen.forms_together(c, forms, *around)))

    def told(self, event: Event, journal: Journal) -> ToldBefore | None:
        """The event by which rules have learned already what this one says; None where it is news."""
        if event.type in _CALLS:
            return _told_call(event, journal)
        if event.type in _LETTERS:
            return _told_letter(event, journal)
        if isinstance(event.payload, FormSubmitted):
            return _told_form(event, self._within(event), journal, self._read.get(event.id))
        return None

    def _within(self, event: Event) -> timedelta:
        return self.double_within.get(event.channel, DOUBLE_WITHIN)


def tracked(event: Event, journal: Journal) -> Utm:
    """What call tracking has told of this call; of several, that which begins nearest to it."""
    own = _sighting(event)
    if own is None or not own.call.phone or event.type is EventType.CALL_TRACKED:
        return Utm()
    fit: list[tuple[timedelta, int, Utm]] = []
    for one in journal.read(lambda c: seen.calls(c, event.identities, (EventType.CALL_TRACKED,), own.began)):
        payload, other = one.event.payload, _sighting(one.event)
        if isinstance(payload, CallEvent) and other is not None and other.same_call(own):
            fit.append((abs(other.began - own.began), one.seq, payload.utm))
    return min(fit, key=lambda one: one[:2])[2] if fit else Utm()


def _told_call(event: Event, journal: Journal) -> ToldBefore | None:
    """By another channel: one channel tells of a call once."""
    own = _sighting(event)
    if own is None or not own.call.phone:
        return None
    found = journal.read(lambda c: seen.calls(c, event.identities, _CALLS[event.type], own.began))
    if len({one.event.channel for one in found}) < 2:
        return None
    known = _up_to(event, found)
    first = told_before([shown for one in known if (shown := _sighting(one.event)) is not None])
    return _as_told(known[first[-1]].event) if first and first[-1] is not None else None


def _around(within: timedelta) -> timedelta:
    return max(_PAST, within * 4)


def _told_form(event: Event, within: timedelta, journal: Journal, read: Sequence[Row[Any]] | None) -> ToldBefore | None:
    """By the same person by the same channel, with the same answers, at most so long before or after, and itself no
    repeat."""
    if not within or not event.person.identities:
        return None
    if read is not None:
        found = [inbox.stored(row) for row in read]
    else:
        found = journal.read(lambda c: seen.forms(c, event, _around(within)))
    firsts: list[Event] = []
    first: Event | None = None
    for one in _up_to(event, found):
        first = next((other for other in firsts if _same_form(one.event, other, within)), None)
        if first is None:
            firsts.append(one.event)
    return _as_told(first) if first is not None else None


def _told_letter(event: Event, journal: Journal) -> ToldBefore | None:
    """By another mailbox, with the rules that have acted on any of the copies; they are never claimed together."""
    before = _up_to(event, journal.read(lambda c: seen.copies(c, event, _LETTERS)))[:-1]
    if not before:
        return None
    acted = journal.read(lambda c: seen.rules_that_acted(c, [one.seq for one in before]))
    return _as_told(before[0].event, acted)


def _sighting(event: Event) -> Sighting | None:
    return event.payload.seen_by(event.channel, event.occurred_at) if isinstance(event.payload, CallEvent) else None


def _up_to(event: Event, found: Sequence[StoredEvent]) -> list[StoredEvent]:
    """Those that rules have seen before the event, in the order of planning, and the event itself; nothing where it is
    not among the found."""
    row = sorted((one for one in found if one.event.id == event.id or _is_known(one)), key=_order)
    place = next((at for at, one in enumerate(row) if one.event.id == event.id), -1)
    return row[: place + 1]


def _is_known(one: StoredEvent) -> bool:
    """Whether rules have seen it, or do so in the batch of this moment: nobody else holds events of this person."""
    return one.state in (EventState.PLANNED, EventState.PLANNING)


def _order(one: StoredEvent) -> tuple[datetime, int]:
    return one.planned_at or _LATEST, one.seq


def _same_form(one: Event, other: Event, within: timedelta) -> bool:
    if not isinstance(one.payload, FormSubmitted) or not isinstance(other.payload, FormSubmitted):
        return False
    near = abs(one.received_at - other.received_at) <= within
    return near and _who(one) == _who(other) and same_answers(one.payload, other.payload)


def _who(event: Event) -> tuple[str, Sequence[str], Sequence[str]]:
    person = event.person
    return person.name.casefold(), person.phones, person.emails


def _as_told(first: Event, rules: tuple[str, ...] = ()) -> ToldBefore:
    return ToldBefore(first.id, first.type.value, first.channel, rules)
