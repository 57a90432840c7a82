"""What 1C refuses, out of the HTTP status and its words: one of our errors, with the cure in Russian.

Sources: the error shapes of HTTP and SOAP services and of the platform itself (JSON with `#exception`, web pages).
"""

from __future__ import annotations

import re
from typing import Final

from connectors.answers import REASON_LENGTH, UNAUTHORIZED, Reply
from connectors.base import mask
from connectors.onec.cures import CASES, CLASH, NOT_FOUND, hinted, known
from connectors.onec.voices import Said, page_text, said_by
from provodka.errors import Ambiguous, AuthFailed, ConnectorError, RateLimited, Rejected, Retryable

NOT_PUBLISHED: Final = "not_published"  # nobody is at this address
METHOD: Final = "method"  # the HTTP method is blocked, or nobody handles it
UNOFFERED: Final = (METHOD, NOT_PUBLISHED)  # the service has not got what it was asked for
MISSING, CONFLICT = 404, 409

_LOGIN: Final = hinted(
    "1С не приняла имя или пароль.",
    "проверьте пользователя, вход «Аутентификация 1С:Предприятия» и что веб-сервер не требует своего входа (Windows).",
)
_ACCESS: Final = hinted(
    "Доступ к сервису 1С закрыт.",
    "дайте пользователю роль сервиса и проверьте ограничения веб-сервера по адресам.",
)
_CLASH: Final = next(case.hint for case in reversed(CASES) if case.code == CLASH)
_GONE: Final = next(case.hint for case in reversed(CASES) if case.code == NOT_FOUND)
_PUBLISHED: Final = hinted(
    "По этому адресу сервиса 1С нет.",
    "опубликуйте сервис на веб-сервере заново и включите расширение: его отключает обновление платформы.",
)
_METHOD: Final = hinted(
    "Сервис 1С или прокси не принимает такой запрос.",
    "разрешите PUT на веб-сервере (в IIS отключите WebDAV) или добавьте в сервис шаблоны POST с действием в адресе.",
)
_POOL: Final = hinted(
    "Свободных сеансов 1С нет, подождём и повторим сами.", "увеличьте пул сеансов сервиса или число лицензий."
)
_FAILED: Final = hinted(
    "Сервер 1С упал на запросе, выясним, что успело записаться, и повторим.",
    "причина в журнале технологического центра: место на диске, лицензия, остановленный кластер.",
)
_PAGE: Final = hinted(
    "Вместо данных пришла веб-страница: запрос не дошёл до 1С или ответ потерян, выясним и повторим.",
    "проверьте адрес публикации и прокси перед ней.",
)
_REFUSED: Final = "1С отказала: исправьте названное в ответе и отправьте действие снова."


def judged(reply: Reply) -> ConnectorError | None:
    """The error that an answer of a published service stands for; None for a success, and where nobody says a word."""
    said = said_by(reply)
    text = said.text if said else page_text(reply)
    if 200 <= reply.status < 300:
        return refused(said, reply.status) if said else _unclear(text, _PAGE, reply) if text else None
    words = _words(text) or f"HTTP {reply.status}"
    if reply.status == UNAUTHORIZED and "прав" not in text:
        return AuthFailed(words, hint=_LOGIN, status=reply.status)
    if reply.status == CONFLICT:
        case = known(text)
        return Rejected(words, hint=case.hint if case else _CLASH, status=reply.status, code=CLASH)
    if said is None and reply.status == MISSING:
        return AuthFailed(words, hint=_PUBLISHED, status=reply.status, code=NOT_PUBLISHED)  # hold all: it comes back
    if reply.status in _BY_STATUS and not known(text):
        error, hint, code, wait = _BY_STATUS[reply.status]
        return error(words, hint=hint, status=reply.status, code=code, wait=wait)
    if said is not None:
        return refused(said, reply.status)
    if case := known(text):
        return case.error(words, hint=case.hint, status=reply.status, wait=case.wait)
    return _unclear(words, _FAILED, reply) if reply.status >= 500 else None


def refused(said: Said, status: int | None = None) -> ConnectorError:
    """The error for a refusal that 1C itself has put into words."""
    words = _words(f"{said.text} ({said.field})" if said.field else said.text) or said.code
    if case := known(said.text):
        return case.error(words, hint=case.hint, status=status, code=case.code or said.code, wait=case.wait)
    gone = said.code == NOT_FOUND or status == MISSING
    return Rejected(words, hint=_GONE if gone else _REFUSED, status=status, code=NOT_FOUND if gone else said.code)


_BY_STATUS: Final[dict[int, tuple[type[ConnectorError], str, str, float | None]]] = {
    401: (AuthFailed, _ACCESS, "", None),
    403: (AuthFailed, _ACCESS, "", None),
    405: (Rejected, _METHOD, METHOD, None),
    501: (Rejected, _METHOD, METHOD, None),
    406: (RateLimited, _POOL, "", 15.0),
}

_NOISE: Final = re.compile(
    r"\{[^{}\n]*\(\d+(?:,\d+)?\)\}:?\s*"  # the place in a module
    r"|Ошибка при вызове метода контекста \([^)]*\):?\s*"
    r"|Ошибка при выполнении обработчика\s*[-–]\s*'[^']*'\s*"
    r"|HTTP: \w+\s*\n|Ошибка при выполнении запроса \w+ к ресурсу [^\n:]*:\s*"
)


def _words(text: str) -> str:
    """In one line, without modules' places, masked."""
    return mask(" ".join(_NOISE.sub("", text).split()))[:REASON_LENGTH]


def _unclear(words: str, hint: str, reply: Reply) -> ConnectorError:
    error = Ambiguous if reply.write else Retryable
    return error(words, hint=hint, status=reply.status)
