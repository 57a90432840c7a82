"""The receiver of an instance of Green-API."""

from __future__ import annotations

from connectors.bodies import json_fields, plain_body
from connectors.greenapi.notice import Told
from connectors.greenapi.settings import GreenApiSettings
from connectors.secrecy import same_secret, secret_in_url
from connectors.talks.telling import Telling
from provodka.channel import Around, Delivery, PartsReader, Received, RefusedError


class GreenApiChannel:
    """One notice a delivery."""

    def __init__(self, name: str, settings: GreenApiSettings) -> None:
        self.name = name
        self._settings = settings

    def receive(self, delivery: Delivery, parts: PartsReader) -> Received:
        """Verify, then read."""
        self._authenticate(delivery)
        body = plain_body(delivery)
        told = Told(json_fields(body), Telling(self.name, delivery.received_at, body), parts)
        found = list(told.events())
        return Received.of(found)

    def _authenticate(self, delivery: Delivery) -> None:
        secret, token = self._settings.secret, self._settings.webhook_token
        if secret is not None and not secret_in_url(delivery, secret.get_secret_value()):
            raise RefusedError("the secret in the address is wrong or absent")
        given = delivery.headers.get("authorization", "")
        if token is not None and not any(
            same_secret(given, f"{scheme}{token.get_secret_value()}") for scheme in ("Bearer ", "Basic ", "")
        ):
            raise RefusedError("the webhook token in Authorization is wrong or absent")


def receiver(name: str, settings: GreenApiSettings, around: Around) -> GreenApiChannel | None:
    """The receiver of the channel `name`, where it does not ask by itself."""
    del around
    return GreenApiChannel(name, settings) if settings.receive == "webhook" else None
