"""What channels, systems and accounts are called on the pages. Every kind of the registry has its title here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from connectors.registry import ACCOUNTINGS, CRMS
from webhooks.console.access import parts
from webhooks.console.words import _, gettext

_ACCOUNTING: Final = frozenset({"counterparty", "issue_invoice", "place_order", "cancel_invoice", "print"})
_STAFF: Final = frozenset({"notify", "report"})
_CLIENTS: Final = frozenset({"message", "reply", "call", "payment_link"})


def kind_title(kind: str) -> str:
    """Of a kind of channel: «Форма Tilda»; a kind that is not known stays as it is."""
    return gettext(KINDS[kind]) if kind in KINDS else kind


def channel_kind(channel: str, kinds: Mapping[str, str]) -> str:
    """What sort of channel this is. `kinds` are those of the config's channels by name; there are some that no config
    names: the CRM and 1C, which tell of what changed, and the clock."""
    if channel in kinds:
        return kind_title(kinds[channel])
    return system_title(channel) or (gettext(_OWN[channel]) if channel in _OWN else "—")


def system_title(name: str) -> str:
    """Of a CRM, of accounting, or of whatever rules ask by `http`, by the names that the code has for them; empty for
    any other name."""
    if name in CRMS:
        return CRMS[name].title
    if name in ACCOUNTINGS and name != "http":
        return ACCOUNTINGS[name].title
    return gettext(_SYSTEMS[name]) if name in _SYSTEMS else ""


def title(system: str) -> str:
    """Of a type of system or of a kind of channel; one that is not known stays as it is."""
    return system_title(system) or kind_title(system)


def group_of(kind: str) -> str:
    """Where actions of a kind go: the name of a system, or of what several systems do."""
    if kind in _ACCOUNTING:
        return parts().accounting or gettext("1С")
    if kind in _STAFF:
        return gettext("Уведомления сотрудникам")
    if kind in _CLIENTS:
        return gettext("Связь с клиентами")
    return gettext("Внешние запросы") if kind == "http" else _crm()


def called(system: str, kind: str) -> str:
    """The system that an action called, as the subject of a sentence; where the call does not say, by what was done."""
    if system:
        return title(system)
    if kind in _ACCOUNTING:
        return parts().accounting or gettext("1С")
    return gettext("Другая сторона") if kind in _STAFF | _CLIENTS | {"http"} else _crm()


def _crm() -> str:
    return parts().crm or gettext("CRM")


def account_title(account: str) -> str:
    """Of an account that has a limit of its own: «amoCRM, krovlya.amocrm.ru» for `amocrm:https://krovlya.amocrm.ru`."""
    kind, _, rest = account.partition(":")
    title = system_title(kind) or (kind_title(kind) if kind in KINDS else "")
    rest = rest.removeprefix("https://").removeprefix("http://")
    return (f"{title}, {rest}" if rest else title) if title else account


KINDS: Final[Mapping[str, str]] = {
    "google_sheets": _("Таблица Google"),
    "table_file": _("Таблица в файле"),
    "form": _("Форма сайта"),
    "tilda": _("Форма Tilda"),
    "marquiz": _("Квиз Marquiz"),
    "carrotquest": _("Carrot quest"),
    "taplink": _("Taplink"),
    "page": _("Наша страница с формой"),
    "partner": _("Партнёры"),
    "mango": _("Телефония MANGO OFFICE"),
    "asterisk": _("Телефония Asterisk"),
    "calls": _("Телефония"),
    "calltouch": _("Коллтрекинг Calltouch"),
    "roistat": _("Коллтрекинг Roistat"),
    "beeline": _("Телефония Билайн"),
    "sipuni": _("Телефония Sipuni"),
    "uis": _("Телефония UIS"),
    "megafon": _("Телефония МегаФон"),
    "zadarma": _("Телефония Zadarma"),
    "exolve": _("МТС Exolve"),
    "imap": _("Почтовый ящик"),
    "smtp": _("Отправка писем"),
    "import": _("Загрузка списков"),
    "telegram": _("Telegram"),
    "max": _("MAX"),
    "avito": _("Авито"),
    "viber": _("Viber"),
    "vk": _("ВКонтакте"),
    "whatsapp": _("WhatsApp"),
    "wazzup": _("Wazzup"),
    "greenapi": _("WhatsApp через Green-API"),
    "meta": _("Заявки Meta и Instagram"),
    "robokassa": _("Оплата Robokassa"),
    "yookassa": _("Оплата ЮKassa"),
    "tbank": _("Оплата Т-Банк"),
}

_SYSTEMS: Final[Mapping[str, str]] = {
    "1c": _("1С"),
    "onec": _("1С"),
    "http": _("Внешние запросы"),
    "amojo": _("Чаты amoCRM"),
    "google": _("Таблица Google"),
    "mail-tokens": _("Вход в почту"),
}

_OWN: Final[Mapping[str, str]] = {
    "crm": _("Вебхуки CRM"),
    "clock": _("Проверки по часам"),
}
