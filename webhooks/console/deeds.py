"""What the audit says of each deed. A page that records something new adds its words here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from webhooks.console.names import action_title, period_title, reason_words
from webhooks.console.openid_words import short
from webhooks.console.words import gettext


def deeds() -> dict[str, str]:
    """By `what` of `record`, in the reader's language; `%s` stands for what it was about."""
    return {
        "sign_in": gettext("вход"),
        "sign_in_refused": gettext("неудачная попытка входа"),
        "sign_out": gettext("выход"),
        "open": gettext("открыты личные данные: %s"),
        "close": gettext("скрыты личные данные: %s"),
        "resend": gettext("отправлено снова: %s"),
        "replay": gettext("событие разобрано заново: %s"),
        "resend_all": gettext("отправлено снова всё по одной причине, правило «%s»"),
        "replay_all": gettext("разобраны заново все события с одной ошибкой"),
        "resolve": gettext("исход указан вручную: %s"),
        "resume": gettext("остановленное пущено дальше: %s"),
        "drop": gettext("остановленное снято: %s"),
        "save_test": gettext("сохранено как проверка: %s"),
        "what_if": gettext("опробован другой конфиг"),
        "what_if_stopped": gettext("остановлено сравнение с другим конфигом"),
        "download": gettext("скачано: %s"),
        "export": gettext("выгружен журнал: %s"),
        "export_end": gettext("выгрузка остановлена или удалена: %s"),
    }


def kinds() -> dict[str, str]:
    """What can be chosen: each deed without what it was about."""
    return {what: re.sub(r"[,:] [^,:]*%s.*", "", words) for what, words in deeds().items()}


def subject(about: str) -> str:
    """An event or a person as a sentence names it; anything else as it is."""
    kind, _, name = about.partition(":")
    if kind == "figures":
        return gettext("показатели, «%s»") % period_title(name)
    if kind == "event":
        return gettext("событие %s") % name
    return gettext("человек № %s") % name if kind == "person" else about


def sentence(what: str, about: str) -> str:
    """What was done: «открыты личные данные: событие 01a2…»."""
    words = deeds().get(what, f"{what}: %s")
    if "%s" in words:
        return words.replace("%s", subject(about)) if about else words.replace(": %s", "")
    return words


def details(told: Mapping[str, Any]) -> list[str]:
    """What else was written down of a deed, in the reader's words; what only a program needs is left out."""
    words = {
        "action": gettext("действие %s"),
        "lead": gettext("лид %s"),
        "table": gettext("таблица «%s»"),
        "remote": gettext("номер в той системе %s"),
        "format": gettext("вид файла %s"),
        "events": gettext("событий: %s"),
        "count": gettext("сколько: %s"),
    }
    said = [words[name] % value for name, value in told.items() if name in words and value not in ("", None)]
    if told.get("by") == "openid":
        said.append(gettext("через сервис входа"))
    if why := told.get("why"):
        said.append(short(str(why)))
    if told.get("kind"):
        said.append(action_title(str(told["kind"])))
    if told.get("reason"):
        said.append(reason_words(str(told["reason"])))
    if told.get("doubtful"):
        said.append(gettext("исход был неизвестен"))
    if told.get("open"):
        said.append(gettext("с личными данными"))
    if "done" in told:
        said.append(gettext("отмечено: сделано") if told["done"] else gettext("отмечено: не сделано"))
    return said
