"""One call that several channels tell of: which event told of it first, and where call tracking says it came from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from provodka.calls import CallEvent, Sighting, told_before
from provodka.event import Event
from provodka.journal import EventState, Journal
from provodka.journal.seen_calls import SeenCall, seen_calls
from provodka.payloads import EventType, Utm
from rules.fact import ToldBefore

_START: Final = (EventType.CALL_STARTED,)
_END: Final = (EventType.CALL_FINISHED, EventType.CALL_MISSED)
_ALIKE: Final = {kind: kinds for kinds in (_START, _END) for kind in kinds}
_LATEST: Final = datetime.max.replace(tzinfo=UTC)


def told_by(event: Event, journal: Journal) -> ToldBefore | None:
    """The event of another channel by which rules have learned already what this one tells them of its call.

    First is what was planned first, and not what has the smaller number: a smaller one may have been committed later.
    Events of one person are planned one after another, so that of two there is always a first.
    """
    alike, own = _ALIKE.get(event.type), _sighting(event)
    if alike is None or own is None or not own.call.phone:
        return None
    seen = journal.read(lambda c: seen_calls(c, event.identities, alike, own.began))
    if len({one.sighting.channel for one in seen}) < 2:
        return None
    row = sorted((one for one in seen if one.event_id == event.id or _is_known(one)), key=_order)
    place = next((at for at, one in enumerate(row) if one.event_id == event.id), None)
    if place is None:
        return None
    row = row[: place + 1]
    first = told_before([one.sighting for one in row])[-1]
    if first is None:
        return None
    return ToldBefore(row[first].event_id, row[first].type.value, row[first].sighting.channel)


def tracked(event: Event, journal: Journal) -> Utm:
    """What call tracking has told of this call; of several, that which begins nearest to it."""
    own = _sighting(event)
    if own is None or not own.call.phone or event.type is EventType.CALL_TRACKED:
        return Utm()
    seen = journal.read(lambda c: seen_calls(c, event.identities, (EventType.CALL_TRACKED,), own.began))
    fit = [one for one in seen if one.sighting.same_call(own)]
    nearest = min(fit, key=lambda one: abs(one.sighting.began - own.began), default=None)
    return nearest.payload.utm if nearest is not None else Utm()


def only_once(sightings: Sequence[Sighting | None]) -> list[bool]:
    """For each of these, in the order in which they were told, whether it is the first to tell of its call. What is no
    call is."""
    calls = [one for one in sightings if one is not None]
    if len({one.channel for one in calls}) < 2:
        return [True] * len(sightings)
    first = iter(told_before(calls))
    return [one is None or next(first) is None for one in sightings]


def _sighting(event: Event) -> Sighting | None:
    if not isinstance(event.payload, CallEvent):
        return None
    return Sighting(event.channel, event.payload.call, event.payload.call.started_at or event.occurred_at)


def _is_known(one: SeenCall) -> bool:
    """Whether rules have seen it, or do so in the batch of this moment: nobody else holds events of this person."""
    return one.state in (EventState.PLANNED, EventState.PLANNING)


def _order(one: SeenCall) -> tuple[datetime, int]:
    return one.planned_at or _LATEST, one.seq
