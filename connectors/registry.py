"""Every kind of channel and CRM that there is: one line each. A room is imported when a config first names it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Final

from connectors.amocrm.settings import AmocrmSettings
from connectors.anycalls.settings import AnyCallsSettings
from connectors.asterisk.settings import AsteriskSettings
from connectors.bitrix24.settings import BitrixSettings
from connectors.calltouch.settings import CalltouchSettings
from connectors.exolve.settings import ExolveSettings
from connectors.form.settings import FormSettings
from connectors.imap.settings import ImapSettings
from connectors.mango.settings import MangoSettings
from connectors.onec.commerceml.settings import CommerceMLSettings
from connectors.onec.odata.settings import ODataSettings
from connectors.onec.service.settings import ServiceSettings
from connectors.onec.soap.settings import SoapSettings
from connectors.roistat.settings import RoistatSettings
from connectors.smtp.settings import SmtpSettings
from connectors.telegram.settings import TelegramSettings
from connectors.tilda.settings import TildaSettings
from connectors.uis.settings import UisSettings
from connectors.vk.settings import VkSettings
from provodka.accounting import AccountingAccount
from provodka.channel import Around, Receiver
from provodka.crm import CrmAccount
from provodka.payloads import EventType
from provodka.settings import Strict
from provodka.stores import ConnectorStore

PARTS: Final = ("receiver", "watcher", "messenger", "dialler", "recordings", "subscriber")
"""The parts that a channel may have."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of channel: its settings model, the event types that it yields, and its parts, each as `module:function`.

    A part is made by `function(name, settings, around)`, which gives None where these settings do not ask for it: a
    `receiver` is called by HTTP, a `watcher` looks by itself, a `messenger` writes to people, a `dialler` makes calls,
    `recordings` fetches what was said in them, and a `subscriber` tells the service where its notices go. `medium` is
    what rules call all channels of its sort that can write to clients; `reads_texts` whether its dialler can read a
    text to whoever answers.
    """

    settings: type[Strict]
    events: frozenset[EventType] = frozenset()
    receiver: str = ""
    watcher: str = ""
    messenger: str = ""
    dialler: str = ""
    recordings: str = ""
    subscriber: str = ""
    medium: str = ""
    reads_texts: bool = False

    def told(self, settings: Strict) -> frozenset[EventType]:
        """The event types of a channel with these settings: beside an exchange, call tracking tells of no calls."""
        return _TRACKED if getattr(settings, "beside", ()) else self.events

    def open(self, part: str, name: str, settings: Strict, around: Around) -> Any:  # noqa: ANN401 -- of that part
        """The part `receiver`, `watcher`, … of the channel `name`; None where it has none."""
        place: str = getattr(self, part)
        return _at(place)(name, settings, around) if place else None


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
_TRACKED: Final = frozenset({EventType.CALL_TRACKED})
_FORM: Final = frozenset({EventType.FORM_SUBMITTED})
_MAIL: Final = frozenset({EventType.EMAIL_RECEIVED})
_MESSAGES: Final = frozenset({EventType.MESSAGE_RECEIVED, EventType.MESSAGE_STATE})
_EDITED: Final = frozenset({EventType.MESSAGE_EDITED})
_ECHO: Final = frozenset({EventType.MESSAGE_SENT})
_LEAVING: Final = frozenset({EventType.CHAT_STARTED, EventType.CHAT_STOPPED})

CHANNELS: Final[dict[str, Kind]] = {
    "form": Kind(FormSettings, _FORM, receiver="connectors.form.channel:receiver"),
    "tilda": Kind(TildaSettings, _FORM, receiver="connectors.tilda.channel:receiver"),
    "mango": Kind(
        MangoSettings,
        _CALLS | {EventType.MESSAGE_STATE},
        receiver="connectors.mango.channel:receiver",
        watcher="connectors.mango.statistics:watcher",
        messenger="connectors.mango.sms:messenger",
        dialler="connectors.mango.dialler:dialler",
        recordings="connectors.mango.recordings:recordings",
        medium="sms",
    ),
    "asterisk": Kind(
        AsteriskSettings,
        _CALLS,
        watcher="connectors.asterisk.channel:watcher",
        dialler="connectors.asterisk.channel:dialler",
        recordings="connectors.asterisk.channel:recordings",
    ),
    "calls": Kind(AnyCallsSettings, _CALLS, receiver="connectors.anycalls.channel:receiver"),
    "calltouch": Kind(CalltouchSettings, _CALLS, receiver="connectors.calltouch.channel:receiver"),
    "roistat": Kind(RoistatSettings, _CALLS, receiver="connectors.roistat.channel:receiver"),
    "uis": Kind(
        UisSettings,
        _CALLS,
        receiver="connectors.uis.channel:receiver",
        watcher="connectors.uis.channel:watcher",
        dialler="connectors.uis.channel:dialler",
        recordings="connectors.uis.channel:recordings",
        reads_texts=True,
    ),
    "exolve": Kind(
        ExolveSettings,
        _CALLS,
        watcher="connectors.exolve.channel:watcher",
        messenger="connectors.exolve.channel:messenger",
        dialler="connectors.exolve.channel:dialler",
        medium="sms",
        reads_texts=True,
    ),
    "imap": Kind(ImapSettings, _MAIL, watcher="connectors.imap.mailbox:watcher"),
    "smtp": Kind(SmtpSettings, messenger="connectors.smtp.mailer:messenger", medium="email"),
    "telegram": Kind(
        TelegramSettings,
        frozenset({EventType.MESSAGE_RECEIVED}) | _EDITED | _ECHO | _LEAVING,
        receiver="connectors.telegram.channel:receiver",
        watcher="connectors.telegram.polling:watcher",
        subscriber="connectors.telegram.setup:subscriber",
        messenger="connectors.telegram.messenger:messenger",
        medium="telegram",
    ),
    "vk": Kind(
        VkSettings,
        frozenset({EventType.MESSAGE_RECEIVED}) | _EDITED | _ECHO | _LEAVING | _FORM,
        receiver="connectors.vk.channel:receiver",
        watcher="connectors.vk.watch:watcher",
        messenger="connectors.vk.messenger:messenger",
        medium="vk",
    ),
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
