"""The receiver of an account of Wazzup24."""

from __future__ import annotations

from connectors.bodies import json_fields, plain_body
from connectors.secrecy import same_secret, secret_in_url
from connectors.talks.telling import Telling
from connectors.wazzup.chats import Chats
from connectors.wazzup.notice import Told
from connectors.wazzup.settings import WazzupSettings
from provodka.channel import Around, Delivery, PartsReader, Received, RefusedError, UnreadableError


class WazzupChannel:
    """Messages of all messengers of the account, and the fates of ours. Requests for contacts and deals are answered
    and make nothing."""

    def __init__(self, name: str, settings: WazzupSettings, around: Around) -> None:
        self.name = name
        self._settings = settings
        self._chats = chats_of(settings, around)

    def receive(self, delivery: Delivery, parts: PartsReader) -> Received:
        """The trial of a new address is answered whoever sends it: it may come before the key is known."""
        if _is_trial(delivery):
            return Received()
        self._authenticate(delivery)
        body = plain_body(delivery)
        telling = Telling(self.name, delivery.received_at, body)
        usual = (self._settings.channel_id, self._settings.chat_type)
        found = list(Told(json_fields(body), telling, parts, usual, self._chats).events())
        return Received.of(found)

    def _authenticate(self, delivery: Delivery) -> None:
        key, secret = self._settings.crm_key, self._settings.secret
        given = delivery.headers.get("authorization", "")
        if key is not None and not same_secret(given, f"Bearer {key.get_secret_value()}"):
            raise RefusedError("the crmKey in Authorization is wrong or absent")
        if secret is not None and not secret_in_url(delivery, secret.get_secret_value()):
            raise RefusedError("the secret in the address is wrong or absent")


def _is_trial(delivery: Delivery) -> bool:
    if len(delivery.body) > 100:
        return False
    try:
        fields = json_fields(plain_body(delivery))
    except UnreadableError:
        return False
    return len(fields) == 1 and fields.get("test") is True


def receiver(name: str, settings: WazzupSettings, around: Around) -> WazzupChannel:
    """The receiver of the channel `name`."""
    return WazzupChannel(name, settings, around)


def chats_of(settings: WazzupSettings, around: Around) -> Chats:
    """What receiver and messenger of one account share."""
    return Chats(around.store, f"wazzup:{settings.channel_id}", around.now)
