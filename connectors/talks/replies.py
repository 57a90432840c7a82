"""From what one of the staff has written in the card to an event: the same for every CRM."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from provodka.channel import Delivery
from provodka.event import Event, new_event_id
from provodka.payloads import EventType, Person, ReplyWritten
from provodka.talks import StaffReply


def written(channel: str, reply: StaffReply, delivery: Delivery, part: int = 0) -> Event:
    """`reply.written` of the CRM's channel. `part` numbers what one message of the CRM has been taken apart into.

    The client is known by the talk, and by what the CRM tells of them; the body is not kept: it may hold tokens.
    """
    person = Person(
        phones=(reply.phone,) if reply.phone else (),
        messengers=(reply.person_id,) if ":" in reply.person_id else (),
    )
    return Event(
        id=new_event_id(delivery.received_at),
        type=EventType.REPLY_WRITTEN,
        channel=channel,
        external_id=f"reply:{reply.message_id}:{part}",
        occurred_at=min(reply.sent_at, delivery.received_at),
        received_at=delivery.received_at,
        person=person,
        payload=ReplyWritten(reply),
    )


def written_all(channel: str, replies: Sequence[StaffReply], delivery: Delivery) -> tuple[Event, ...]:
    """As `written`, of several: the parts of a message are numbered within it, however many messages came together."""
    parts: Counter[str] = Counter()
    events = []
    for reply in replies:
        events.append(written(channel, reply, delivery, parts[reply.message_id]))
        parts[reply.message_id] += 1
    return tuple(events)
