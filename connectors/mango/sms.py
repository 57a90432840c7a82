"""SMS through MANGO OFFICE: written to clients, and what became of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from connectors.mango.client import MESSAGES, Vpbx
from connectors.mango.notice import Fields
from connectors.mango.reasons import is_success, reason
from connectors.mango.settings import MangoSettings
from provodka import identity
from provodka.channel import Around
from provodka.errors import ConnectorError, Rejected
from provodka.messages import ClientMessage
from provodka.operation import Done, Outcome, Repeat, Request, operation
from provodka.talks import DeliveryState, Sent

SERVICE: Final = "sms"
LATIN, CYRILLIC = 612, 268
TOO_LONG: Final = "SMS длиннее {most} знаков ({length}): сократите текст"
NO_PHONE: Final = "«{to}» не похоже на номер телефона."
_NEWS: Final = {"events/sms": "reason", "result/sms": "result"}


class MangoSms:
    """A message whose answer was lost is for a person to judge: whether MANGO knows a repeated `command_id` again is
    not documented."""

    medium = SERVICE
    reaches = ("phone",)
    carries_files = False

    def __init__(self, name: str, settings: MangoSettings, api: Vpbx) -> None:
        self.name = name
        self._settings = settings
        self._api = api

    @operation(repeat=Repeat.PERSON)
    def write(self, requests: Sequence[Request[ClientMessage]]) -> list[Outcome]:
        """The action's key is the `command_id`, and so the id that MANGO tells the message's fate by."""
        return [self._written(request) for request in requests]

    def check(self) -> list[str]:
        """Try the keys; what is wrong in one sentence, nothing when all is well."""
        return self._api.check()

    def close(self) -> None:
        """Close the connections; the object can be used again."""
        self._api.close()

    def _written(self, request: Request[ClientMessage]) -> Outcome:
        message, phone = request.params, identity.phone(request.params.to)
        most = LATIN if message.text.isascii() else CYRILLIC
        if not phone:
            return Rejected("this is no telephone number", hint=NO_PHONE.format(to=message.to))
        if len(message.text) > most:
            hint = TOO_LONG.format(most=most, length=len(message.text))
            return Rejected(f"an SMS has at most {most} characters, this one {len(message.text)}", hint=hint)
        body = {
            "command_id": request.key,
            "text": message.text,
            "from_extension": self._settings.sms_from,
            "to_number": phone.lstrip("+"),
        }
        if self._settings.sms_sender:
            body["sms_sender"] = self._settings.sms_sender
        try:
            self._api.ask("/commands/sms", body, write=True)
        except ConnectorError as error:
            return error
        return Done(request.key)


def fate(path: str, fields: Fields, account: str) -> Sent | None:
    """What a notice tells of a message of ours; nothing as long as it is only on its way."""
    code, key = fields.text(_NEWS.get(path, "")), fields.text("command_id")
    if not code or not key:
        return None
    if not is_success(code):
        return Sent(key, DeliveryState.FAILED, service=SERVICE, account=account, error=reason(code))
    if path == "result/sms":
        return None  # MANGO has taken it
    return Sent(key, DeliveryState.DELIVERED, service=SERVICE, account=account)


def messenger(name: str, settings: MangoSettings, around: Around) -> MangoSms | None:
    """The messenger of the channel `name`, where its settings name who writes."""
    return MangoSms(name, settings, Vpbx(settings, around.store, MESSAGES)) if settings.sms_from else None
