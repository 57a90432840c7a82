"""A letter of ours that came back: told as the state of that message, as messengers tell theirs."""

from __future__ import annotations

import json
from dataclasses import replace

from provodka.event import Event, new_event_id
from provodka.journal import Journal, PlanRecord, StoredEvent, queries
from provodka.journal.threads import SENT
from provodka.mail_thread import mail_of, stamps_in
from provodka.payloads import EventType, Mail, MailKind, MessageState
from provodka.talks import DeliveryState, Sent

SERVICE = "email"


def with_bounce(record: PlanRecord, stored: StoredEvent, journal: Journal) -> PlanRecord:
    """`message.state` of the letter that a bounce is about, where it is one of ours; once, however many bounces come.

    A letter that is only delayed has not failed.
    """
    mail = mail_of(stored.event.payload)
    if mail is None or mail.kind is not MailKind.BOUNCE:
        return record
    for stamp in reversed(stamps_in(mail.thread)):
        if (state := _state(stamp, mail, stored.event, journal)) is not None:
            return replace(record, derived=(*record.derived, state))
    return record


def _state(stamp: str, mail: Mail, event: Event, journal: Journal) -> Event | None:
    """By what the `message` that sent it has left."""
    sender = journal.read(lambda c: queries.doer_of(c, SENT, stamp))
    if sender is None:
        return None
    said = json.loads(sender.result or "{}")
    number = said.get("message_id") or stamp
    sent = Sent(number, DeliveryState.FAILED, service=SERVICE, error=_why(mail))
    now = journal.now()
    return Event(
        id=new_event_id(now),
        type=EventType.MESSAGE_STATE,
        channel=said.get("by") or event.channel,
        external_id=f"bounce:{stamp}",
        occurred_at=event.occurred_at,
        received_at=now,
        person=event.person,
        payload=MessageState(sent, lead_id=said.get("lead_id", "")),
    )


def _why(mail: Mail) -> str:
    who = ", ".join(mail.failed) or "адрес"
    what = "не принимает письма" if mail.failure == "hard" else "пока не принял письмо"
    return f"{who} {what}: {mail.reason}" if mail.reason else f"{who} {what}"
