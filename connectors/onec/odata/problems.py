"""What OData's refusals mean: by HTTP status and code; the words decide only where both are the same for all."""

from __future__ import annotations

import html
import random
import re
from collections.abc import Callable, Mapping
from typing import Final

from connectors.answers import REASON_LENGTH, Reply
from connectors.base import mask
from connectors.onec.cures import hinted, known
from connectors.onec.odata.query import decode
from connectors.onec.voices import decoded, page_text, said_by
from provodka.errors import Ambiguous, AuthFailed, ConnectorError, RateLimited, Rejected, Retryable

MAINTENANCE_SECONDS: Final = 60.0
SESSION_SECONDS: Final = 5.0
LOCK_SECONDS: Final = (5.0, 60.0)  # with jitter: two who met must not meet again

APPLICATION: Final = "-1"  # an exception of the configuration's own code
NOT_FOUND: Final = "9"
NOT_PUBLISHED: Final = "8"
EXISTS: Final = "15"
NO_RIGHT: Final = "20"
METHOD_REFUSED: Final = "405"
OTHER_NAMES: Final = frozenset({NOT_PUBLISHED, "6", "10", "14"})
"""Codes that tell that the base does not call things any more as its metadata said."""
_WRONG_NAMES: Final = OTHER_NAMES | {"1", "5", "11", "16"}

LOGIN: Final = hinted(
    "1С не приняла логин или пароль: проверьте accounting.user и accounting.password.",
    "пользователь должен входить по имени и паролю («Аутентификация 1С:Предприятия») и иметь роль «Удаленный доступ "
    "OData»; русский логин допустим.",
)
RIGHTS: Final = hinted(
    "У пользователя обмена нет права на эти данные.",
    "дайте роль «Удаленный доступ OData» (УдаленныйДоступOData) и права человека, который делает эту работу; проверьте "
    "ограничения по организациям (RLS).",
)
RIGHTS_INSIDE: Final = hinted(
    "При записи 1С не хватило права на регистр или связанный объект.",
    "дайте пользователю обмена права того, кто проводит эти документы вручную.",
)
MAINTENANCE: Final = hinted(
    "База 1С закрыта на обслуживание: работа продолжится сама.",
    "снимите блокировку сеансов, когда обновление или резервное копирование закончится.",
)
SESSIONS: Final = hinted(
    "В 1С нет свободных сеансов OData: повторим через несколько секунд.",
    "если это часто, увеличьте пул сеансов (poolSize в default.vrd) и проверьте, кто ещё работает этим пользователем.",
)
ABSENT: Final = hinted(
    "По этому адресу нет базы 1С: проверьте accounting.url (до /odata).",
    "опубликуйте базу на веб-сервере и отметьте «Публиковать стандартный интерфейс OData».",
)
UNPUBLISHED: Final = hinted(
    "объекта нет в составе OData.",
    "добавьте его в «Настройка стандартного интерфейса OData» → «Состав» (после обновления конфигурации состав бывает "
    "сброшен); полный список покажет provodka onec probe.",
)
MISSING: Final = "Этого объекта в 1С нет: его удалили, или базу восстановили из копии."
TAKEN: Final = "В 1С уже есть объект с таким ключом или такими значениями."
EDITED: Final = "Документ только что изменён в 1С другим: повторим сами."
POSTING: Final = hinted(
    "1С отказалась записать или провести документ, её слова выше. Исправьте названное в 1С или в сделке и повторите "
    "действие.",
    "попробуйте провести документ вручную под пользователем обмена.",
)
PLATFORM: Final = hinted(
    "Сбой платформы 1С (в ответе её страница ошибки): повторим сами.",
    "проверьте место на диске, службу сервера и журнал регистрации; у файловой базы — право веб-сервера на запись в её "
    "папку.",
)
NAMES: Final = (
    "1С не знает имени из запроса: профиль не подходит к этой конфигурации. Запустите provodka onec probe и впишите "
    "верные имена в accounting.overrides."
)
PAGE: Final = hinted(
    "Вместо данных пришла страница HTML (вход облачного сервиса, прокси или ошибка 1С).",
    "откройте адрес OData в браузере под этим пользователем и уберите страницу, которая его заслоняет.",
)
FORBIDDEN: Final = hinted(
    "Веб-сервер или прокси не пропускает этот запрос.",
    "разрешите методы GET, POST, PATCH для адреса публикации (в IIS отключите WebDAV).",
)

_MODULE: Final = re.compile(r"\{[^{}]*?\(\d+(?:,\s*\d+)?\)\}:?\s*")
_HANDLER: Final = re.compile(r"Ошибка при выполнении обработчика\s*-?\s*'[^']*'\s*:?\s*")
_REQUEST: Final = re.compile(r"HTTP: \w+\s*|Ошибка при выполнении запроса \w+ к ресурсу [^\n:]*:\s*")
_NAMED: Final = re.compile(r"[\"«]([^\"»]+)[\"»]")
_ATOM: Final = re.compile(r"<m:code>\s*([^<]*?)\s*</m:code>.*?<m:message[^>]*>(.*?)</m:message>", re.DOTALL)
_UNIQUE: Final = re.compile(r"уникальност|уже существует|с таким ключом", re.IGNORECASE)
_RIGHTS: Final = re.compile(r"нарушение прав|недостаточно прав|обработкаудаленияпроведения", re.IGNORECASE)
_INTERNAL: Final = "внутренняя ошибка OData"


def classify(reply: Reply) -> ConnectorError | None:
    """The error that an answer stands for; None for one that is to be read."""
    if 200 <= reply.status < 300:
        return _unclear(reply, f"a page instead of data: {page_text(reply)}", PAGE) if page_text(reply) else None
    if 300 <= reply.status < 400:
        return AuthFailed("redirected", hint=PAGE, status=reply.status)
    code, words = said(reply)
    case = known(words)
    if case is not None and case.error is RateLimited:  # no licence, no sessions: in whatever shape it is told
        wait = min(case.wait or MAINTENANCE_SECONDS, MAINTENANCE_SECONDS)
        return RateLimited(words, hint=case.hint, status=reply.status, code=code, wait=wait)
    if reply.status in _BY_STATUS:
        return _BY_STATUS[reply.status](reply, code, words)
    return _unclear(reply, words, "") if reply.status >= 500 else _refused(reply, code, words)


def said(reply: Reply) -> tuple[str, str]:
    """Code and words of an error in whatever shape: JSON of OData or of the platform, Atom, HTML."""
    try:
        data = decode(reply.body)
    except ValueError:
        data = None
    if isinstance(data, Mapping) and isinstance(error := data.get("odata.error"), Mapping):
        message = error.get("message")
        words = message.get("value") if isinstance(message, Mapping) else message
        return str(error.get("code") or ""), clean(str(words or ""))
    if found := _ATOM.search(decoded(reply.body)):
        return found[1], clean(html.unescape(found[2]))
    told = said_by(reply)
    return "", clean(told.text if told else page_text(reply))


def clean(words: str) -> str:
    """1C's words as a person may read them: no module paths, no names of handlers, one line, nobody's phone."""
    bare = _REQUEST.sub("", _HANDLER.sub("", _MODULE.sub("", words)))
    return mask(" ".join(dict.fromkeys(" ".join(line.split()) for line in bare.splitlines())).strip())[:REASON_LENGTH]


def _unauthorized(reply: Reply, code: str, words: str) -> ConnectorError:
    if code == NO_RIGHT:
        return AuthFailed(words or "no right", hint=RIGHTS, status=reply.status, code=code)
    return AuthFailed("the login is not accepted", hint=LOGIN, status=reply.status)


def _forbidden(reply: Reply, code: str, words: str) -> ConnectorError:
    if page_text(reply):
        return AuthFailed(words, hint=FORBIDDEN, status=reply.status)
    reason = words or "closed"
    return RateLimited(reason, hint=MAINTENANCE, status=reply.status, code=code, wait=MAINTENANCE_SECONDS)


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
    """500: a refusal of the application has a code of its own, everything else is a fault."""
    if code != APPLICATION or _INTERNAL in words:
        return _unclear(reply, words, PLATFORM)
    if _UNIQUE.search(words):
        return Rejected(words, hint=TAKEN, status=reply.status, code=EXISTS)
    if _RIGHTS.search(words):
        return Rejected(words, hint=RIGHTS_INSIDE, status=reply.status, code=code)
    case = known(words)
    if case is not None and case.error is Retryable:
        wait = random.uniform(*LOCK_SECONDS)  # noqa: S311 -- jitter
        return Retryable(words, hint=case.hint, status=reply.status, code=code, wait=wait)
    return Rejected(words, hint=case.hint if case else POSTING, status=reply.status, code=code)


def _refused(reply: Reply, code: str, words: str) -> ConnectorError:
    if code == EXISTS or _UNIQUE.search(words):
        return Rejected(words, hint=TAKEN, status=reply.status, code=EXISTS)
    hint = NAMES if code in _WRONG_NAMES else ""
    return Rejected(words or f"HTTP {reply.status}", hint=hint, status=reply.status, code=code)


def _unclear(reply: Reply, words: str, hint: str) -> ConnectorError:
    kind = Ambiguous if reply.write else Retryable
    return kind(f"HTTP {reply.status}: {words}"[:REASON_LENGTH], hint=hint, status=reply.status)


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
