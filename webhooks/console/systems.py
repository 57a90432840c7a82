"""What the outside systems are called on the pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from webhooks.console.access import parts
from webhooks.console.words import gettext

_ACCOUNTING: Final = frozenset({"counterparty", "issue_invoice", "place_order", "cancel_invoice", "print"})
_STAFF: Final = frozenset({"notify", "report"})
_CLIENTS: Final = frozenset({"message", "reply", "call", "payment_link"})


def _(text: str) -> str:
    """Marks a text for the catalogues."""
    return text


_TITLES: Final[Mapping[str, str]] = {
    "amocrm": "amoCRM", "amojo": "amoCRM", "bitrix24": _("Битрикс24"), "1c": _("1С"), "telegram": "Telegram",
    "smtp": _("Почта"), "imap": _("Почта"), "mango": "MANGO OFFICE", "robokassa": "Robokassa", "yookassa": _("ЮKassa"),
    "tbank": _("Т-Банк"), "vk": _("ВКонтакте"), "whatsapp": "WhatsApp", "wazzup": "Wazzup", "greenapi": "Green-API",
    "avito": _("Авито"), "max": "MAX", "viber": "Viber", "google": _("Google Таблицы"), "asterisk": "Asterisk",
    "http": _("Внешняя система"),
    "beeline": _("Билайн"), "megafon": _("МегаФон"), "zadarma": "Zadarma", "sipuni": "Sipuni", "exolve": "Exolve",
}  # fmt: skip


def title(system: str) -> str:
    """Of a type of system (`amocrm`); one that is not known stays as it is."""
    return gettext(_TITLES[system]) if system in _TITLES else system


def group_of(kind: str) -> str:
    """Where actions of a kind go: the name of a system, or of what several systems do."""
    if kind in _ACCOUNTING:
        return parts().accounting or gettext("1С")
    if kind in _STAFF:
        return gettext("Уведомления сотрудникам")
    if kind in _CLIENTS:
        return gettext("Связь с клиентами")
    return gettext("Внешние запросы") if kind == "http" else crm()


def called(system: str, kind: str) -> str:
    """The system that an action called, as the subject of a sentence; where the call does not say, by what was done."""
    if system:
        return title(system)
    if kind in _ACCOUNTING:
        return parts().accounting or gettext("1С")
    return gettext("Другая сторона") if kind in _STAFF | _CLIENTS | {"http"} else crm()


def crm() -> str:
    """What the client's CRM is called."""
    return parts().crm or gettext("CRM")
