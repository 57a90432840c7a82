"""The receiver of a bot of MAX."""

from __future__ import annotations

from typing import Final

from connectors.bodies import json_fields, plain_body
from connectors.max.settings import MaxSettings
from connectors.max.updates import Updates
from connectors.secrecy import same_secret
from connectors.talks.telling import Telling
from provodka.channel import Around, Delivery, PartsReader, Received, RefusedError

HEADER: Final = "x-max-bot-api-secret"


class MaxChannel:
    """MAX repeats an update till it is answered with 200, for hours."""

    def __init__(self, name: str, settings: MaxSettings) -> None:
        self.name = name
        self._account = settings.account
        self._secret = settings.secret.get_secret_value() if settings.secret else ""

    def receive(self, delivery: Delivery, parts: PartsReader) -> Received:
        """At most one event."""
        del parts
        if not same_secret(delivery.headers.get(HEADER, ""), self._secret):
            raise RefusedError("X-Max-Bot-Api-Secret is wrong or absent")
        body = plain_body(delivery)
        telling = Telling(self.name, delivery.received_at, body)
        return Received(events=Updates(telling, self._account).events(json_fields(body)))


def receiver(name: str, settings: MaxSettings, around: Around) -> MaxChannel | None:
    """The receiver of the channel `name`, where MAX is to call it."""
    del around
    return MaxChannel(name, settings) if settings.receive == "webhook" else None
