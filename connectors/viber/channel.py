"""The receiver of a Viber bot."""

from __future__ import annotations

import hmac
import json
from typing import Final

from connectors.bodies import json_fields
from connectors.secrecy import same_secret
from connectors.talks.reading import Fields, word
from connectors.talks.telling import Telling
from connectors.viber.notice import Notices
from connectors.viber.settings import ViberSettings
from provodka.channel import Around, Delivery, PartsReader, Received, RefusedError, Reply

SIGNATURE: Final = "x-viber-content-signature"
JSON: Final = "application/json; charset=utf-8"


class ViberChannel:
    """Events of a bot's notices, each signed over its bytes with the bot's key. `webhook`, which comes while the
    address is being set, is no event."""

    def __init__(self, name: str, settings: ViberSettings) -> None:
        self.name = name
        self._settings = settings
        self._notices = Notices(settings.name)

    def receive(self, delivery: Delivery, parts: PartsReader) -> Received:
        """At most one event. Who opens the chat is answered with the welcome, if there is one."""
        del parts
        token = self._settings.token.get_secret_value()
        expected = hmac.new(token.encode(), delivery.body, "sha256").hexdigest()
        given = delivery.headers.get(SIGNATURE) or delivery.query.get("sig", "")
        if not same_secret(given, expected):
            raise RefusedError("the signature is wrong or absent")
        fields = json_fields(delivery.body)
        events = self._notices.events(fields, Telling(self.name, delivery.received_at, delivery.body))
        return Received(tuple(events), reply=self._reply(fields))

    def _reply(self, fields: Fields) -> Reply:
        if word(fields.get("event")) != "conversation_started" or not self._settings.welcome:
            return Reply()
        said = {"sender": {"name": self._settings.name}, "type": "text", "text": self._settings.welcome}
        return Reply(body=json.dumps(said, ensure_ascii=False).encode(), content_type=JSON)


def receiver(name: str, settings: ViberSettings, around: Around) -> ViberChannel:
    """The receiver of the channel `name`."""
    del around
    return ViberChannel(name, settings)
