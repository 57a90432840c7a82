"""Every kind of channel and CRM that there is: one line each. A room is imported when a config first names it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import import_module
from typing import Any, Final

from connectors.amocrm.settings import AmocrmSettings
from connectors.bitrix24.settings import BitrixSettings
from connectors.form.settings import FormSettings
from connectors.imap.settings import ImapSettings
from connectors.mango.settings import MangoSettings
from connectors.onec.commerceml.settings import CommerceMLSettings
from connectors.onec.odata.settings import ODataSettings
from connectors.onec.service.settings import ServiceSettings
from connectors.onec.soap.settings import SoapSettings
from connectors.smtp.settings import SmtpSettings
from connectors.telegram.settings import TelegramSettings
from connectors.tilda.settings import TildaSettings
from provodka.accounting import AccountingAccount
from provodka.channel import Receiver
from provodka.crm import CrmAccount
from provodka.payloads import EventType
from provodka.settings import Strict
from provodka.stores import ConnectorStore


class Role(StrEnum):
    """How a channel takes part: it is called by HTTP, looks by itself, or writes to people."""

    RECEIVER = "receiver"
    WATCHER = "watcher"
    MESSENGER = "messenger"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of channel: its settings model, its class as `module:name`, and the event types that it yields.

    `medium` is what rules call all channels of its sort that can write to clients: the class's own, without its import.
    """

    settings: type[Strict]
    place: str
    role: Role
    events: frozenset[EventType] = frozenset()
    medium: str = ""

    def load(self) -> Any:  # noqa: ANN401 -- the class; its role says which protocol it fulfils
        """Import the class."""
        return _at(self.place)


@dataclass(frozen=True, slots=True)
class CrmKind:
    """A kind of CRM: its settings model, the class of its account, and what makes the receiver of its hints.

    The receiver is made without the account, so that a process which only receives does not load the rest of the room.
    `title` is what people call it; `lacks` the operations that none of its accounts offers, each with what that is.
    """

    settings: type[Strict]
    place: str
    hooks: str
    title: str
    lacks: Mapping[str, str] = field(default_factory=dict)

    def open(self, settings: Strict, store: ConnectorStore) -> CrmAccount:
        """An account by its settings; nothing is asked of it yet. Close it at the end."""
        account: CrmAccount = _at(self.place)(settings, store)
        return account

    def receiver(self, name: str, settings: Strict, store: ConnectorStore) -> Receiver | None:
        """The receiver of the account's hints as the channel `name`; None where the settings ask for none."""
        receiver: Receiver | None = _at(self.hooks)(name, settings, store)
        return receiver


@dataclass(frozen=True, slots=True)
class AccountingKind:
    """A road to accounting: its settings model, what opens an account, and what makes the receiver of its calls, where
    accounting calls us. `title` is what people call it."""

    settings: type[Strict]
    place: str
    title: str
    hooks: str = ""

    def open(self, settings: Strict, store: ConnectorStore) -> AccountingAccount:
        """An account by its settings; nothing is asked of it yet. Close it at the end."""
        account: AccountingAccount = _at(self.place)(settings, store)
        return account

    def receiver(self, name: str, settings: Strict, store: ConnectorStore) -> Receiver | None:
        """The receiver of its calls as the channel `name`; None where it never calls."""
        receiver: Receiver | None = _at(self.hooks)(name, settings, store) if self.hooks else None
        return receiver


def _at(place: str) -> Any:  # noqa: ANN401 -- whatever is at `module:name`
    module, name = place.split(":")
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
    "smtp": Kind(SmtpSettings, "connectors.smtp.mailer:Mailer", Role.MESSENGER, medium="email"),
    "telegram": Kind(TelegramSettings, "connectors.telegram.messenger:Telegram", Role.MESSENGER, medium="telegram"),
}

CRMS: Final[dict[str, CrmKind]] = {
    "amocrm": CrmKind(AmocrmSettings, "connectors.amocrm.crm:AmoCrm", "connectors.amocrm.hooks:receiver", "amoCRM"),
    "bitrix24": CrmKind(
        BitrixSettings,
        "connectors.bitrix24.crm:Bitrix24",
        "connectors.bitrix24.hooks:receiver",
        "Bitrix24",
        lacks={"create_customers": "regular customers"},
    ),
}

ACCOUNTINGS: Final[dict[str, AccountingKind]] = {
    "odata": AccountingKind(ODataSettings, "connectors.onec.odata.room:open_account", "1С (OData)"),
    "http": AccountingKind(ServiceSettings, "connectors.onec.service.room:open_account", "1С (HTTP-сервис)"),
    "soap": AccountingKind(SoapSettings, "connectors.onec.soap.room:open_account", "1С (SOAP)"),
    "commerceml": AccountingKind(
        CommerceMLSettings,
        "connectors.onec.commerceml.room:open_account",
        "1С (обмен с сайтом)",
        "connectors.onec.commerceml.receiver:receiver",
    ),
}
