"""One form that a person has sent twice: pressed again, or sent by a site that asks twice for one press."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from provodka.event import Event
from provodka.filled import FormSubmitted, same_answers
from provodka.journal import EventState, Journal
from provodka.journal.seen_forms import SeenForm, seen_forms
from provodka.payloads import EventType
from rules.fact import ToldBefore

_PAST: Final = timedelta(
    days=1
)  # what is a first, and what a repeat, follows from all those before without a long pause
_LATEST: Final = datetime.max.replace(tzinfo=UTC)


def sent_before(event: Event, within: timedelta, journal: Journal) -> ToldBefore | None:
    """The event by which rules have learned already what this form says: of the same person and channel, with the same
    answers, at most so long before or after it, and itself no repeat.

    First is what was planned first, as with calls: events of one person are planned one after another, in whatever
    process, so that of two there is always a first.
    """
    if not within or not isinstance(event.payload, FormSubmitted) or not event.person.identities:
        return None
    seen = journal.read(
        lambda c: seen_forms(c, event.channel, event.identities, event.received_at, max(_PAST, within * 4))
    )
    row = sorted((one for one in seen if one.event.id == event.id or _is_known(one)), key=_order)
    firsts: list[Event] = []
    for one in (found.event for found in row):
        first = next((other for other in firsts if _repeats(one, other, within)), None)
        if one.id == event.id:
            return None if first is None else ToldBefore(first.id, EventType.FORM_SUBMITTED.value, first.channel)
        if first is None:
            firsts.append(one)
    return None


def _repeats(one: Event, other: Event, within: timedelta) -> bool:
    if not isinstance(one.payload, FormSubmitted) or not isinstance(other.payload, FormSubmitted):
        return False
    near = abs(one.received_at - other.received_at) <= within
    return near and _who(one) == _who(other) and same_answers(one.payload, other.payload)


def _who(event: Event) -> tuple[str, Sequence[str], Sequence[str]]:
    person = event.person
    return person.name.casefold(), person.phones, person.emails


def _is_known(one: SeenForm) -> bool:
    """Whether rules have seen it, or do so in the batch of this moment."""
    return one.state in (EventState.PLANNED, EventState.PLANNING)


def _order(one: SeenForm) -> tuple[datetime, int]:
    return one.planned_at or _LATEST, one.seq
