"""The receiver of a Telegram bot. It does not load python-telegram-bot."""

from __future__ import annotations

import json
from typing import Final

from connectors.bodies import json_fields, plain_body
from connectors.secrecy import same_secret
from connectors.talks.telling import Telling
from connectors.telegram.settings import TelegramSettings
from connectors.telegram.updates import Updates, query_id
from provodka.channel import Around, Delivery, PartsReader, Received, RefusedError, Reply

HEADER: Final = "x-telegram-bot-api-secret-token"


class TelegramChannel:
    """Telegram repeats an update till it is answered with a 2xx, for a day; the next of the same chat wait for it.

    A 2xx with a method in its body has Telegram carry that out: so the button that a person has pressed stops turning
    at once, without a call of ours.
    """

    def __init__(self, name: str, settings: TelegramSettings) -> None:
        self.name = name
        self._account = settings.bot_id
        self._secret = settings.secret.get_secret_value() if settings.secret else ""

    def receive(self, delivery: Delivery, parts: PartsReader) -> Received:
        """At most one event."""
        del parts
        if not same_secret(delivery.headers.get(HEADER, ""), self._secret):
            raise RefusedError("X-Telegram-Bot-Api-Secret-Token is wrong or absent")
        body = plain_body(delivery)
        update = json_fields(body)
        telling = Telling(self.name, delivery.received_at, body)
        events = Updates(telling, self._account).events(update)
        return Received(events=events, reply=_answer(query_id(update)))


def _answer(query: str) -> Reply:
    if not query:
        return Reply()
    call = {"method": "answerCallbackQuery", "callback_query_id": query}
    return Reply(body=json.dumps(call).encode(), content_type="application/json")


def receiver(name: str, settings: TelegramSettings, around: Around) -> TelegramChannel | None:
    """The receiver of the channel `name`, where Telegram is to call it."""
    del around
    return TelegramChannel(name, settings) if settings.receive == "webhook" else None
