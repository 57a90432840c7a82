"""The receiver of an Avito account."""

from __future__ import annotations

import logging
from typing import Final

from connectors.avito.message import Messages, is_system
from connectors.avito.settings import AvitoSettings
from connectors.bodies import json_fields, plain_body
from connectors.secrecy import secret_in_url
from connectors.talks.reading import Fields, part, word
from connectors.talks.sent import SentBook
from connectors.talks.telling import Telling
from provodka.channel import Around, Delivery, Part, PartsReader, Received, RefusedError, Reply, UnreadableError

SIGNATURE: Final = "x-avito-messenger-signature"
_OK: Final = Reply(body=b'{"ok": true}', content_type="application/json")

log = logging.getLogger(__name__)


class AvitoChannel:
    """Events of the account's talks. The secret stands in the address: what Avito signs, and with which key, is written
    nowhere, so the signature is only noted."""

    def __init__(self, name: str, settings: AvitoSettings, book: SentBook) -> None:
        self.name = name
        self._account = settings.account
        self._secret = settings.secret.get_secret_value() if settings.secret else ""
        self._messages = Messages(settings.account, book)

    def receive(self, delivery: Delivery, parts: PartsReader) -> Received:
        """At most one event. A service text makes none; it is kept as a part of its talk, for support."""
        del parts
        if not secret_in_url(delivery, self._secret):
            raise RefusedError("the address does not hold the secret")
        log.debug("avito notice: channel=%s signed=%s", self.name, SIGNATURE in delivery.headers)
        body = plain_body(delivery)
        told = part(json_fields(body), "payload")
        if word(told.get("type")) != "message":
            return Received(reply=_OK)
        message = part(told, "value")
        if (account := word(message.get("user_id"))) != self._account:
            raise UnreadableError(f"a message of the account {account or 'unknown'}, not of {self._account}")
        events = self._messages.events(message, Telling(self.name, delivery.received_at, body))
        return Received(tuple(events), _service_text(message, body) if is_system(message) else (), reply=_OK)


def _service_text(message: Fields, body: bytes) -> tuple[Part, ...]:
    return (Part(f"talk:{word(message.get('chat_id'))}", word(message.get("id")), body.decode("utf-8", "replace")),)


def receiver(name: str, settings: AvitoSettings, around: Around) -> AvitoChannel | None:
    """The receiver of the channel `name`; None where no secret is agreed."""
    return AvitoChannel(name, settings, book_of(settings, around)) if settings.secret else None


def book_of(settings: AvitoSettings, around: Around) -> SentBook:
    """What we have written from this account."""
    return SentBook(around.store, f"avito:{settings.account}", around.now)
