"""What somebody's past comes to: the fact `history` out of the events of their lane."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from provodka.calls import told_before
from provodka.filled import DOUBLE_WITHIN, FormSubmitted, same_answers
from provodka.journal.past import Happening
from provodka.payloads import CallEvent, Direction, EventType, LeadEvent
from rules.fact import HistoryFact


def summed_up(past: Sequence[Happening]) -> HistoryFact:
    """The fact; `past` is newest first."""
    calls = _once([one for one in past if isinstance(one.payload, CallEvent)])
    talks = [one for one in calls if _talked(one)]
    letters = [one for one in past if one.type is EventType.EMAIL_RECEIVED]
    forms = _sent_once([one for one in past if one.type is EventType.FORM_SUBMITTED])
    messages = [one for one in past if one.type is EventType.MESSAGE_RECEIVED]
    return HistoryFact(
        last_contact=max((one.at for one in (*talks, *letters, *forms, *messages)), default=None),
        last_call=max((one.at for one in calls), default=None),
        failed_calls=_failed_in_a_row(calls),
        calls=len(talks),
        missed_calls=sum(one.type is EventType.CALL_MISSED for one in calls),
        letters=len(letters),
        forms=len(forms),
        messages=len(messages),
        reopened=_reopened(past),
    )


def _once(calls: Sequence[Happening]) -> list[Happening]:
    """Each call once, as the first channel told it; newest first."""
    if len({one.channel for one in calls}) < 2:
        return list(calls)
    told = [(one, one.payload) for one in reversed(calls) if isinstance(one.payload, CallEvent)]
    before = told_before([payload.seen_by(one.channel, one.at) for one, payload in told])
    return [one for (one, _), first in zip(told, before, strict=True) if first is None][::-1]


def _sent_once(forms: Sequence[Happening]) -> list[Happening]:
    """Each form without its repeats; newest first."""
    kept: list[Happening] = []
    for one in reversed(forms):
        near = (other for other in kept if one.channel == other.channel and one.at - other.at <= DOUBLE_WITHIN)
        if not any(_says_the_same(one, other) for other in near):
            kept.append(one)
    return kept[::-1]


def _says_the_same(one: Happening, other: Happening) -> bool:
    left, right = one.payload, other.payload
    return isinstance(left, FormSubmitted) and isinstance(right, FormSubmitted) and same_answers(left, right)


def _talked(one: Happening) -> bool:
    """A missed call may have been connected for a moment; one of ours that nobody answered is over all the same."""
    if one.type is not EventType.CALL_FINISHED or not isinstance(one.payload, CallEvent):
        return False
    return one.payload.call.talk_seconds > 0


def _failed_in_a_row(calls: Sequence[Happening]) -> int:
    """Our calls that nobody answered, since the last talk."""
    since = itertools.takewhile(lambda one: not _talked(one), calls)
    return sum(isinstance(one.payload, CallEvent) and one.payload.call.direction is Direction.OUT for one in since)


def _reopened(past: Sequence[Happening]) -> int:
    """How often a lead that was told of as closed stood in work again."""
    closed: set[str] = set()
    times = 0
    for one in reversed(past):
        if not isinstance(one.payload, LeadEvent):
            continue
        lead = one.payload.lead
        if one.type in (EventType.LEAD_WON, EventType.LEAD_LOST):
            closed.add(lead.id)
        elif lead.state == "open" and lead.id in closed:
            closed.discard(lead.id)
            times += 1
    return times
