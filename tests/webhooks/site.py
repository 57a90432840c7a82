"""A channel for the tests of the doors."""

from __future__ import annotations

from provodka.channel import Delivery, PartsReader, Received, RefusedError, Reply, UnreadableError
from provodka.event import Event, new_event_id
from provodka.payloads import EventType, FormSubmitted, Person


class Site:
    """A receiver that does what its body says."""

    name = "site"

    def receive(self, delivery: Delivery, parts: PartsReader) -> Received:
        if delivery.body == b"forged":
            raise RefusedError("wrong signature")
        if delivery.body == b"garbage":
            raise UnreadableError("neither JSON nor a form")
        if delivery.query.get("event") == "0":
            raise UnreadableError("no event", reply=Reply(body=b'{"success": true}', content_type="application/json"))
        if delivery.body == b"bug":
            raise ZeroDivisionError
        if delivery.body == b"who":
            return Received(reply=Reply(body=delivery.sender.encode()))
        event = Event(
            id=new_event_id(delivery.received_at),
            type=EventType.FORM_SUBMITTED,
            channel=self.name,
            external_id=delivery.body.decode(),
            occurred_at=delivery.received_at,
            received_at=delivery.received_at,
            person=Person(),
            payload=FormSubmitted(),
            raw=delivery.body,
        )
        return Received(events=(event,), reply=Reply(body=b"ok " + delivery.path.encode()))
