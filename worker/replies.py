"""Answers that the staff write in the card: planned without any rule, and their fate told back to the card."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from provodka.journal import Journal, NewAction, PlanRecord, StoredEvent, queries
from provodka.payloads import MessageState
from rules.actions.reply import Reply, answer_mark
from rules.actions.report import Report, reply_key, report_key
from rules.plan import PlanTrace, RuleOutcome, RuleTrace, dump_trace
from worker.hints import lane_of

BY_ITSELF: Final = "ответ из карточки"
"""What stands in the place of a rule's name."""
_WHY: Final = "it goes by the channel that the talk belongs to, and the card is told how that ended"


def reply_plan(stored: StoredEvent, now: datetime) -> PlanRecord:
    """The answer and, behind it in the same lane, the news of it."""
    keys = reply_key(stored.event.id), report_key(stored.event.id)
    trace = PlanTrace(now, (RuleTrace(BY_ITSELF, RuleOutcome.MATCHED, action_keys=keys, reason=_WHY),))
    actions = NewAction(keys[0], BY_ITSELF, Reply.name, "{}", -int(Reply.priority)), _report(keys[1])
    return PlanRecord(stored.seq, lane_of(stored), "event", dump_trace(trace).decode(), actions)


def with_report(record: PlanRecord, stored: StoredEvent, journal: Journal) -> PlanRecord:
    """News of a message of ours, where somebody of this lane was answered from the card: the card may have to hear
    it. Whether it is about that answer shows when the answer itself is over.

    Some services tell the message only and not whose talk it is: then it is known by what the answer has left.
    """
    payload = stored.event.payload
    if not isinstance(payload, MessageState):
        return record
    mark = answer_mark(stored.event.channel, payload.sent.id)
    if not journal.read(
        lambda c: queries.has_in_lane(c, record.lane, Reply.name) or queries.doer_of(c, "answer", mark) is not None
    ):
        return record
    return replace(record, actions=(*record.actions, _report(report_key(stored.event.id))))


def _report(key: str) -> NewAction:
    return NewAction(key, BY_ITSELF, Report.name, "{}", -int(Report.priority))
