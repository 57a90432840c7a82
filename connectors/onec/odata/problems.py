"""What 1C's refusals mean: by HTTP status and code; its words decide only where both are the same for all."""

from __future__ import annotations

import html
import random
import re
from collections.abc import Callable, Mapping
from typing import Final

from connectors.answers import Reply
from connectors.base import mask
from connectors.onec.odata import cures
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
        return AuthFailed("redirected", hint=cures.PAGE, status=reply.status)
    code, words = said(reply.body)
    if _LICENCE.search(words):
        return RateLimited(words, hint=cures.LICENCE, status=reply.status, code=code, wait=LICENCE_SECONDS)
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
    return kind(f"a page instead of data: {words}"[:LONGEST_TEXT], hint=cures.PAGE, status=reply.status)


def _unauthorized(reply: Reply, code: str, words: str) -> ConnectorError:
    if code == "20":
        return AuthFailed(words or "no right", hint=cures.RIGHTS, status=reply.status, code=code)
    return AuthFailed("the login is not accepted", hint=cures.LOGIN, status=reply.status)


def _forbidden(reply: Reply, code: str, words: str) -> ConnectorError:
    if _is_page(reply) and not _SESSION.search(words):
        return AuthFailed(f"HTTP 403: {words}"[:LONGEST_TEXT], hint=cures.FORBIDDEN, status=reply.status)
    return RateLimited(
        words or "closed", hint=cures.MAINTENANCE, status=reply.status, code=code, wait=MAINTENANCE_SECONDS
    )


def _missing(reply: Reply, code: str, words: str) -> ConnectorError:
    if code == NOT_PUBLISHED:
        name = _NAMED.search(words)
        hint = f"{name[1]}: {cures.UNPUBLISHED}" if name else cures.UNPUBLISHED
        return Rejected(words, hint=hint, status=reply.status, code=code)
    if code == NOT_FOUND:
        return Rejected(words, hint=cures.MISSING, status=reply.status, code=code)
    return AuthFailed("there is no OData interface at this address", hint=cures.ABSENT, status=reply.status)


def _no_method(reply: Reply, code: str, words: str) -> ConnectorError:
    del code
    return Rejected(words or "the method is refused", hint=cures.FORBIDDEN, status=reply.status, code=METHOD_REFUSED)


def _no_session(reply: Reply, code: str, words: str) -> ConnectorError:
    reason = words or "no free session"
    return RateLimited(reason, hint=cures.SESSIONS, status=reply.status, code=code, wait=SESSION_SECONDS)


def _changed(reply: Reply, code: str, words: str) -> ConnectorError:
    return Retryable(words or "changed meanwhile", hint=cures.EDITED, status=reply.status, code=code)


def _failed(reply: Reply, code: str, words: str) -> ConnectorError:
    """500: a refusal of the application has code -1, everything else is a fault."""
    if code != "-1":
        return _unclear(reply, words, cures.PLATFORM)
    if _LOCK.search(words):
        wait = random.uniform(*LOCK_SECONDS)  # noqa: S311 -- jitter
        return Retryable(words, hint=cures.LOCK, status=reply.status, code=code, wait=wait)
    if _EDITED.search(words):
        wait = random.uniform(*LOCK_SECONDS)  # noqa: S311 -- jitter
        return Retryable(words, hint=cures.EDITED, status=reply.status, code=code, wait=wait)
    if _UNIQUE.search(words):
        return Rejected(words, hint=cures.TAKEN, status=reply.status, code=EXISTS)
    if "внутренняя ошибка OData" in words:
        return _unclear(reply, words, cures.PLATFORM)
    hint = cures.PERIOD if _PERIOD.search(words) else cures.RIGHTS_INSIDE if _RIGHTS.search(words) else cures.POSTING
    return Rejected(words, hint=hint, status=reply.status, code=code)


def _refused(reply: Reply, code: str, words: str) -> ConnectorError:
    if code == EXISTS or (code != "-1" and _UNIQUE.search(words)):
        return Rejected(words, hint=cures.TAKEN, status=reply.status, code=EXISTS)
    if code == "20":
        return AuthFailed(words, hint=cures.RIGHTS, status=reply.status, code=code)
    hint = cures.NAMES if code in {"1", "5", "6", "10", "11", "14", "16"} else ""
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
