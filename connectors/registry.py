"""Every kind of channel and CRM that there is: one line each. A room is imported when a config first names it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import Any, Final

from connectors.amocrm.settings import AmocrmSettings
from connectors.form.settings import FormSettings
from connectors.imap.settings import ImapSettings
from connectors.mango.settings import MangoSettings
from connectors.telegram.settings import TelegramSettings
from connectors.tilda.settings import TildaSettings
from provodka.payloads import EventType
from provodka.settings import Strict


class Role(StrEnum):
    """How a channel takes part: it is called by HTTP, looks by itself, or writes to the staff."""

    RECEIVER = "receiver"
    WATCHER = "watcher"
    MESSENGER = "messenger"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of channel: its settings model, its class as `module:name`, and the event types that it yields."""

    settings: type[Strict]
    place: str
    role: Role
    events: frozenset[EventType] = frozenset()

    def load(self) -> Any:  # noqa: ANN401 -- the class; its role says which protocol it fulfils
        """Import the class."""
        module, name = self.place.split(":")
        return getattr(import_module(module), name)


_CALLS: Final = frozenset(
    {EventType.CALL_STARTED, EventType.CALL_FINISHED, EventType.CALL_MISSED, EventType.CALL_RECORDED}
)
_FORM: Final = frozenset({EventType.FORM_SUBMITTED})
_MAIL: Final = frozenset({EventType.EMAIL_RECEIVED})

CHANNELS: Final[dict[str, Kind]] = {
    "form": Kind(FormSettings, "connectors.form.channel:FormChannel", Role.RECEIVER, _FORM),
    "tilda": Kind(TildaSettings, "connectors.tilda.channel:TildaChannel", Role.RECEIVER, _FORM),
    "mango": Kind(MangoSettings, "connectors.mango.channel:MangoChannel", Role.RECEIVER, _CALLS),
    "imap": Kind(ImapSettings, "connectors.imap.mailbox:ImapChannel", Role.WATCHER, _MAIL),
    "telegram": Kind(TelegramSettings, "connectors.telegram.messenger:Telegram", Role.MESSENGER),
}

CRMS: Final[dict[str, type[Strict]]] = {"amocrm": AmocrmSettings}
