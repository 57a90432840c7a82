"""Who writes and about what, where a notice of the messenger does not say it: asked when somebody is to see it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from provodka.errors import ConnectorError, Rejected
from provodka.messages import ChatFacts, Introducer
from provodka.payloads import MessageEvent
from rules.actions.base import Delivery, Outside

PATIENCE: Final = timedelta(minutes=10)
"""How long a card waits for a name that the messenger does not give."""


def introduced(item: Delivery, outside: Outside) -> Delivery:
    """The delivery with the person's name, and what the talk is about, as the messenger now says. What the event says
    itself stays. Raises what may still heal (a ConnectorError) while the message is young; later it goes without."""
    event = item.event
    talker = outside.correspondents.get(event.channel)
    if not isinstance(event.payload, MessageEvent) or event.payload.message.group or not isinstance(talker, Introducer):
        return item
    message = event.payload.message
    if event.person.name and message.about_url:
        return item
    facts = _asked(talker, message.chat, young=outside.now - event.received_at < PATIENCE)
    person = replace(event.person, name=event.person.name or facts.name)
    if facts.about and not message.about_url:
        message = replace(message, about=facts.about, about_url=facts.about_url)
    return replace(item, event=replace(event, person=person, payload=replace(event.payload, message=message)))


def _asked(talker: Introducer, chat: str, *, young: bool) -> ChatFacts:
    try:
        return talker.who(chat)
    except Rejected:
        return ChatFacts()
    except ConnectorError:
        if young:
            raise
        return ChatFacts()
