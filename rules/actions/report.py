"""`report`: tell the card what became of an answer that the staff wrote in it.

No rule can do it. One stands behind every `reply`, in the same lane, so that it runs when that has ended, however; and
one follows each `message.state` of such an answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from provodka.crm import ChatDelivery, DeliveryState
from provodka.errors import ConnectorError, Rejected, Retryable
from provodka.operation import Done, Outcome
from provodka.payloads import MessageState, ReplyWritten
from provodka.settings import Strict
from rules.actions.base import Action, Decided, Decision, Delivery, Outside
from rules.actions.desk import Desk, pack, submit, told

UNKNOWN: Final = "неизвестно, дошло ли сообщение: посмотрите в мессенджере"
_AGAIN: Final = 30.0  # seconds
_OUTDONE: Final = {
    DeliveryState.DELIVERED: {DeliveryState.DELIVERED, DeliveryState.READ},
    DeliveryState.READ: {DeliveryState.READ},
    DeliveryState.FAILED: {DeliveryState.FAILED, DeliveryState.READ},
}
"""By news, what has to have been told already for it to be none any more."""


class ReportParams(Strict):
    """Takes none: everything is in the event, and in what the journal knows of the answer."""


class Report(Action[ReportParams]):
    """Values of its result: state, reported (what later ones know it by), reason. What was read is not told to be
    delivered, whatever comes later."""

    name = "report"
    params = ReportParams

    def decide(self, items: Sequence[Delivery], outside: Outside) -> list[Decision]:
        return [_decision(item, outside) for item in items]

    def send(self, ready: Sequence[Decided], outside: Outside) -> list[Outcome]:
        outcomes = submit(Desk(outside).crm.report_deliveries, ChatDelivery, "news", ready)
        return [told(_lenient(outcomes[d.item.key], d), d.frozen["told"]) for d in ready]


def reply_key(event_id: str) -> str:
    """The key of the action that brings an answer to the client."""
    return f"{event_id}:reply"


def report_key(event_id: str) -> str:
    """The key of the action that tells of it."""
    return f"{event_id}:report"


def _decision(item: Delivery, outside: Outside) -> Decision:
    try:
        news = _news(item, outside)
    except ConnectorError as error:
        return error
    if news is None:
        return Done(values={"reason": "it is not about an answer from the card"}, found=True)
    marks = {state: _mark(news.message_id, state) for state in DeliveryState}
    known = outside.links.reported(list(marks.values()))
    if outdone := [state.value for state in _OUTDONE[news.state] if marks[state] in known]:
        return Done(values={"reason": f"the card says «{outdone[0]}» already"}, found=True)
    return {"news": pack(news), "told": {"state": news.state.value, "reported": marks[news.state]}}


def _news(item: Delivery, outside: Outside) -> ChatDelivery | None:
    payload = item.event.payload
    if isinstance(payload, ReplyWritten):
        return _of_reply(item, payload, outside)
    if not isinstance(payload, MessageState):
        raise Rejected(f"an event {item.event.type} tells nothing of a message of ours")
    sent = payload.sent
    reply = outside.links.answered(item.event.channel, sent.id)
    return None if reply is None else ChatDelivery(reply.message_id, reply.chat_id, sent.state, sent.error)


def _of_reply(item: Delivery, payload: ReplyWritten, outside: Outside) -> ChatDelivery | None:
    fate = outside.links.fate(reply_key(item.event.id))
    reply = payload.reply
    if not fate.state:
        raise Retryable("the answer has not gone yet", wait=_AGAIN)
    if fate.state == "done":
        return ChatDelivery(reply.message_id, reply.chat_id, DeliveryState.DELIVERED)
    error = UNKNOWN if fate.unknown else fate.error
    return ChatDelivery(reply.message_id, reply.chat_id, DeliveryState.FAILED, error)


def _lenient(outcome: Outcome, d: Decided) -> Outcome:
    """A tick that the card does not take (the message was deleted there) is nobody's work; a failure is somebody's."""
    if isinstance(outcome, Rejected) and d.frozen["told"]["state"] != DeliveryState.FAILED:
        return Done(values={"reason": f"the card does not take it: {outcome.reason}"})
    return outcome


def _mark(message_id: str, state: DeliveryState) -> str:
    return f"{sha256(message_id.encode()).hexdigest()[:40]}:{state.value}"
