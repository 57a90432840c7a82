"""What 1C's refusals mean: by HTTP status and code, its words decide only where both are the same for all.

Every hint says what support can do, and what to ask of the 1C administrator (`администратору 1С: …`).
"""

from __future__ import annotations

import html
import random
import re
from collections.abc import Callable, Mapping
from typing import Final

from connectors.answers import Reply
from connectors.base import mask
from connectors.onec.odata.query import decode
from provodka.errors import Ambiguous, AuthFailed, ConnectorError, RateLimited, Rejected, Retryable

LONGEST_TEXT: Final = 400
MAINTENANCE_SECONDS: Final = 60.0
SESSION_SECONDS: Final = 5.0
LICENCE_SECONDS: Final = 60.0
LOCK_SECONDS: Final = (5.0, 60.0)  # with jitter: two who met must not meet again

NOT_FOUND: Final = "9"
NOT_PUBLISHED: Final = "8"
EXISTS: Final = "15"
METHOD_REFUSED: Final = "405"
OTHER_NAMES: Final = frozenset({NOT_PUBLISHED, "6", "10", "14"})
"""Codes that tell that the base does not call things any more as its metadata said."""

LOGIN: Final = (
    "1С не приняла логин или пароль: проверьте accounting.user и accounting.password. Администратору 1С: пользователь "
    "должен входить по имени и паролю («Аутентификация 1С:Предприятия»), вход не запрещён; русский логин допустим."
)
RIGHTS: Final = (
    "У пользователя обмена нет права на эти данные. Администратору 1С: дайте роль «Удаленный доступ OData» "
    "(УдаленныйДоступOData) и права человека, который делает эту работу; проверьте ограничения по организациям (RLS)."
)
MAINTENANCE: Final = (
    "База 1С закрыта на обслуживание: работа продолжится сама. Администратору 1С: снимите блокировку сеансов, когда "
    "обновление или резервное копирование закончится."
)
SESSIONS: Final = (
    "В 1С нет свободных сеансов OData: повторим через несколько секунд. Администратору 1С: если это часто, увеличьте "
    "пул сеансов (poolSize в default.vrd) и проверьте, кто ещё работает под этим пользователем."
)
LICENCE: Final = (
    "В 1С не осталось свободных лицензий: работа продолжится, когда лицензия освободится. Администратору 1С: завершите "
    "лишние сеансы или добавьте клиентскую лицензию для обмена."
)
ABSENT: Final = (
    "По этому адресу нет базы 1С: проверьте accounting.url (до /odata). Администратору 1С: опубликуйте базу на "
    "веб-сервере и отметьте «Публиковать стандартный интерфейс OData»."
)
UNPUBLISHED: Final = (
    "объекта нет в составе OData. Администратору 1С: добавьте его в «Настройка стандартного интерфейса OData» → "
    "«Состав» (после обновления конфигурации состав бывает сброшен); полный список покажет provodka onec probe."
)
MISSING: Final = "Этого объекта в 1С нет: его удалили, или базу восстановили из копии."
TAKEN: Final = "В 1С уже есть объект с таким ключом или такими значениями."
LOCK: Final = (
    "Данные в 1С заняты другой операцией: повторим сами. Администратору 1С: если это длится больше часа, проверьте "
    "закрытие месяца, перепроведение и зависшие сеансы."
)
EDITED: Final = (
    "Документ открыт или только что изменён сотрудником в 1С: повторим сами. Попросите закрыть документ, если повторы "
    "не помогают."
)
PERIOD: Final = (
    "Период в 1С закрыт: документ этой датой менять нельзя. Администратору 1С или главному бухгалтеру: сдвиньте дату "
    "запрета изменения данных или разрешите её пользователю обмена, затем повторите действие."
)
POSTING: Final = (
    "1С отказалась записать или провести документ, её слова выше. Исправьте названное в 1С или в сделке и повторите "
    "действие. Администратору 1С: попробуйте провести документ вручную под пользователем обмена."
)
RIGHTS_INSIDE: Final = (
    "При записи 1С не хватило права на регистр или связанный объект. Администратору 1С: дайте пользователю обмена "
    "права того, кто проводит эти документы вручную."
)
PLATFORM: Final = (
    "Сбой платформы 1С (в ответе её страница ошибки): повторим сами. Администратору 1С: проверьте место на диске, "
    "службу сервера и журнал регистрации; у файловой базы — право веб-сервера на запись в её папку."
)
NAMES: Final = (
    "1С не знает имени из запроса: профиль не подходит к этой конфигурации. Запустите provodka onec probe и впишите "
    "верные имена в accounting.overrides."
)
PAGE: Final = (
    "Вместо данных пришла страница HTML (вход облачного сервиса, прокси или ошибка 1С). Администратору 1С: откройте "
    "адрес OData в браузере под этим пользователем и уберите страницу, которая его заслоняет."
)
FORBIDDEN: Final = (
    "Веб-сервер или прокси не пропускает этот запрос. Администратору 1С: разрешите методы GET, POST, PATCH для адреса "
    "публикации (в IIS отключите WebDAV)."
)

_MODULE: Final = re.compile(r"\{[^{}]*?\(\d+(?:,\s*\d+)?\)\}:?\s*")
_HANDLER: Final = re.compile(r"Ошибка при выполнении обработчика\s*-?\s*'[^']*'\s*:?\s*")
_NAMED: Final = re.compile(r"[\"«]([^\"»]+)[\"»]")
_TAG: Final = re.compile(r"<[^>]*>")
_LOCK: Final = re.compile(r"конфликт блокировок|превышено максимальное время ожидания|взаимоблокировк|deadlock", re.I)
_EDITED: Final = re.compile(
    r"изменен[оаы]?\s+или\s+удален|не удалось заблокировать|редактируется|заблокирован\w* пользовател", re.I
)
_PERIOD: Final = re.compile(r"дат\w+ запрета|запрещено изменение|период\w* закрыт|закрыт\w* период", re.I)
_RIGHTS: Final = re.compile(r"нарушение прав|недостаточно прав|обработкаудаленияпроведения", re.I)
_LICENCE: Final = re.compile(r"лицензи|licen[sc]e", re.I)
_UNIQUE: Final = re.compile(r"уникальност|уже существует|с таким ключом", re.I)
_SESSION: Final = re.compile(r"начало сеанса.*запрещено|технические работы|установлена блокировка", re.I | re.S)


def classify(reply: Reply) -> ConnectorError | None:
    """The error that an answer stands for; None for one that is to be read."""
    if 200 <= reply.status < 300:
        return _page(reply) if _is_page(reply) else None
    if 300 <= reply.status < 400:
        return AuthFailed("redirected", hint=PAGE, status=reply.status)
    code, words = said(reply.body)
    if _LICENCE.search(words):
        return RateLimited(words, hint=LICENCE, status=reply.status, code=code, wait=LICENCE_SECONDS)
    if reply.status in _BY_STATUS:
        return _BY_STATUS[reply.status](reply, code, words)
    if reply.status >= 500:
        return _unclear(reply, words, "")
    return _refused(reply, code, words)


def said(body: bytes) -> tuple[str, str]:
    """Code and words of an error in whatever shape: JSON of OData or of the platform, Atom, HTML."""
    try:
        data = decode(body)
    except ValueError:
        return _atom(body.decode("utf-8", "replace"))
    if not isinstance(data, Mapping):
        return "", ""
    if isinstance(error := data.get("odata.error"), Mapping):
        message = error.get("message")
        words = message.get("value") if isinstance(message, Mapping) else message
        return str(error.get("code") or ""), clean(str(words or ""))
    told = data.get("exception")
    texts = []
    while isinstance(told, Mapping):
        texts.append(str(told.get("descr") or ""))
        told = told.get("inner")
    return "", clean("\n".join(dict.fromkeys(line for one in texts[1:] or texts for line in one.splitlines())))


def clean(words: str) -> str:
    """1C's words as a person may read them: no module paths, no names of handlers, one line, nobody's phone."""
    bare = _HANDLER.sub("", _MODULE.sub("", words))
    return mask(" ".join(bare.split()))[:LONGEST_TEXT]


def _atom(body: str) -> tuple[str, str]:
    code = re.search(r"<m:code>([^<]*)</m:code>", body)
    message = re.search(r"<m:message[^>]*>(.*?)</m:message>", body, re.S)
    if message:
        return code[1].strip() if code else "", clean(html.unescape(message[1]))
    return "", clean(html.unescape(_TAG.sub(" ", body)))


def _is_page(reply: Reply) -> bool:
    kind = reply.headers.get("content-type", "").lower()
    start = reply.body[:200].lstrip().lower()
    return bool(start) and ("text/html" in kind or start.startswith((b"<!doctype html", b"<html")))


def _page(reply: Reply) -> ConnectorError:
    words = said(reply.body)[1]
    kind = Ambiguous if reply.write else Retryable
    return kind(f"a page instead of data: {words}"[:LONGEST_TEXT], hint=PAGE, status=reply.status)


def _unauthorized(reply: Reply, code: str, words: str) -> ConnectorError:
    if code == "20":
        return AuthFailed(words or "no right", hint=RIGHTS, status=reply.status, code=code)
    return AuthFailed("the login is not accepted", hint=LOGIN, status=reply.status)


def _forbidden(reply: Reply, code: str, words: str) -> ConnectorError:
    if _is_page(reply) and not _SESSION.search(words):
        return AuthFailed(f"HTTP 403: {words}"[:LONGEST_TEXT], hint=FORBIDDEN, status=reply.status)
    return RateLimited(words or "closed", hint=MAINTENANCE, status=reply.status, code=code, wait=MAINTENANCE_SECONDS)


def _missing(reply: Reply, code: str, words: str) -> ConnectorError:
    if code == NOT_PUBLISHED:
        name = _NAMED.search(words)
        hint = f"{name[1]}: {UNPUBLISHED}" if name else UNPUBLISHED
        return Rejected(words, hint=hint, status=reply.status, code=code)
    if code == NOT_FOUND:
        return Rejected(words, hint=MISSING, status=reply.status, code=code)
    return AuthFailed("there is no OData interface at this address", hint=ABSENT, status=reply.status)


def _no_method(reply: Reply, code: str, words: str) -> ConnectorError:
    del code
    return Rejected(words or "the method is refused", hint=FORBIDDEN, status=reply.status, code=METHOD_REFUSED)


def _no_session(reply: Reply, code: str, words: str) -> ConnectorError:
    reason = words or "no free session"
    return RateLimited(reason, hint=SESSIONS, status=reply.status, code=code, wait=SESSION_SECONDS)


def _changed(reply: Reply, code: str, words: str) -> ConnectorError:
    return Retryable(words or "changed meanwhile", hint=EDITED, status=reply.status, code=code)


def _failed(reply: Reply, code: str, words: str) -> ConnectorError:
    """500: a refusal of the application has code -1, everything else is a fault."""
    if code != "-1":
        return _unclear(reply, words, PLATFORM)
    if _LOCK.search(words):
        wait = random.uniform(*LOCK_SECONDS)  # noqa: S311 -- jitter
        return Retryable(words, hint=LOCK, status=reply.status, code=code, wait=wait)
    if _EDITED.search(words):
        wait = random.uniform(*LOCK_SECONDS)  # noqa: S311 -- jitter
        return Retryable(words, hint=EDITED, status=reply.status, code=code, wait=wait)
    if _UNIQUE.search(words):
        return Rejected(words, hint=TAKEN, status=reply.status, code=EXISTS)
    if "внутренняя ошибка OData" in words:
        return _unclear(reply, words, PLATFORM)
    hint = PERIOD if _PERIOD.search(words) else RIGHTS_INSIDE if _RIGHTS.search(words) else POSTING
    return Rejected(words, hint=hint, status=reply.status, code=code)


def _refused(reply: Reply, code: str, words: str) -> ConnectorError:
    if code == EXISTS or (code != "-1" and _UNIQUE.search(words)):
        return Rejected(words, hint=TAKEN, status=reply.status, code=EXISTS)
    if code == "20":
        return AuthFailed(words, hint=RIGHTS, status=reply.status, code=code)
    hint = NAMES if code in {"1", "5", "6", "10", "11", "14", "16"} else ""
    return Rejected(words or f"HTTP {reply.status}", hint=hint, status=reply.status, code=code)


def _unclear(reply: Reply, words: str, hint: str) -> ConnectorError:
    kind = Ambiguous if reply.write else Retryable
    return kind(f"HTTP {reply.status}: {words}"[:LONGEST_TEXT], hint=hint, status=reply.status)


_BY_STATUS: Final[Mapping[int, Callable[[Reply, str, str], ConnectorError]]] = {
    401: _unauthorized,
    403: _forbidden,
    404: _missing,
    405: _no_method,
    406: _no_session,
    412: _changed,
    500: _failed,
    501: _no_method,
}
