"""SMS to clients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from connectors.base import mask
from connectors.zadarma.account import check
from connectors.zadarma.api import ZadarmaApi
from connectors.zadarma.settings import ZadarmaSettings
from provodka.channel import Around
from provodka.errors import ConnectorError, Rejected
from provodka.messages import ClientMessage
from provodka.operation import Done, Outcome, Repeat, Request, operation

REFUSED: Final = "Zadarma не отправила SMS: проверьте номер клиента и отправителя (sms_from) в кабинете, раздел SMS"


class ZadarmaSms:
    """The service gives an SMS no id and takes no key, so one that may have been sent is for a person to judge."""

    medium = "sms"
    reaches = ("phone",)
    carries_files = False

    def __init__(self, name: str, api: ZadarmaApi, sender: str) -> None:
        self.name = name
        self._api = api
        self._sender = sender

    @operation(repeat=Repeat.PERSON)
    def write(self, requests: Sequence[Request[ClientMessage]]) -> list[Outcome]:
        """One SMS each; long texts are sent (and paid for) in parts."""
        return [self._write(request.params) for request in requests]

    def check(self) -> list[str]:
        """Try the key; what is wrong in one sentence."""
        return check(self._api)

    def close(self) -> None:
        self._api.close()

    def _write(self, message: ClientMessage) -> Outcome:
        asked = {"number": message.to.removeprefix("+"), "message": message.text}
        if self._sender:
            asked["caller_id"] = self._sender
        try:
            told = self._api.post("/v1/sms/send/", asked, hint=REFUSED)
        except ConnectorError as error:
            return error
        if denied := told.get("denied_numbers"):
            return Rejected(f"not sent: {mask(str(denied))[:200]}", hint=REFUSED)
        return Done()


def messenger(name: str, settings: ZadarmaSettings, around: Around) -> ZadarmaSms | None:
    """The SMS of the channel `name`; none without the key of the API."""
    return None if settings.key is None else ZadarmaSms(name, ZadarmaApi(settings, around.store), settings.sms_from)
