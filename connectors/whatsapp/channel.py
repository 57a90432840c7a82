"""The receiver of a number of WhatsApp."""

from __future__ import annotations

import logging
from typing import Final

from connectors.bodies import plain_body
from connectors.graph import changes, error_words, opened
from connectors.talks.reading import parts_of
from connectors.talks.telling import Telling
from connectors.whatsapp.notice import Told
from connectors.whatsapp.settings import WhatsappSettings
from provodka.channel import Around, Delivery, PartsReader, Received, Reply

log = logging.getLogger(__name__)

FIELDS: Final = frozenset({"messages", "smb_message_echoes"})


class WhatsappChannel:
    """Messages, their fates, and a changed number. Several entries, changes and messages may share one delivery."""

    def __init__(self, name: str, settings: WhatsappSettings) -> None:
        self.name = name
        self._settings = settings

    def receive(self, delivery: Delivery, parts: PartsReader) -> Received:
        """Events of known fields; of others (templates, quality) nothing is made."""
        envelope = opened(delivery, self._settings)
        if isinstance(envelope, Reply):
            return Received(reply=envelope)
        telling = Telling(self.name, delivery.received_at, plain_body(delivery))
        for change in changes(envelope):
            for error in parts_of(change.value.get("errors")):
                log.warning("WhatsApp tells of an error: channel=%s: %s", self.name, error_words(error))
        found = [
            one
            for change in changes(envelope)
            if change.field in FIELDS
            for one in Told(change.value, telling, parts, self._settings.phone_id).events()
        ]
        return Received.of(found)


def receiver(name: str, settings: WhatsappSettings, around: Around) -> WhatsappChannel:
    """The receiver of the channel `name`."""
    del around
    return WhatsappChannel(name, settings)
