"""What a mail server means by a refusal, by its code and words: the name of the error, and the cure in Russian."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from connectors.smtp.settings import SmtpSettings
from provodka.errors import AuthFailed, ConnectorError, RateLimited, Rejected, Retryable

HELD: Final = 3600.0  # seconds: limits of sending are counted by hours and days

NO_ADDRESS: Final = "Почта {to} не принимает письма: такого адреса нет или ящик закрыт. Проверьте адрес клиента."
NO_SENDER: Final = (
    "Почтовый сервер не даёт писать от имени {sender}: укажите в from адрес самого ящика или его псевдоним."
)
FULL: Final = "Ящик {to} переполнен: письмо не принято, свяжитесь с клиентом по-другому."
TOO_LARGE: Final = "Письмо больше, чем берёт почтовый сервер: отправьте файлы ссылкой или по частям."
SPAM: Final = (
    "Сервер счёл письмо спамом: уберите рассылочные слова и ссылки, проверьте записи SPF, DKIM и DMARC домена и "
    "репутацию ящика."
)
LIMIT: Final = "Исчерпан лимит отправки ящика: Provodka подождёт и продолжит; для рассылок нужен отдельный сервис."
REFUSED: Final = "Почтовый сервер не взял письмо: прочтите его ответ."

_ADMIN: Final = re.compile(r"basic ?auth|legacy|administrator|smtpclientauth|disabled|администратор", re.IGNORECASE)
_LIMIT: Final = re.compile(
    r"rate ?limit|(?:daily|hourly|sending|message|user)\s[^.]{0,30}(?:limit|quota) exceeded|\b5\.4\.5\b"
    r"|too many (?:messages|letters|recipients)|sent too many|лимит",
    re.IGNORECASE,
)
_MEANINGS: Final[Sequence[tuple[re.Pattern[str], str]]] = (
    (re.compile(r"not owned|send ?as|5\.7\.60|sender address|envelope.?from|from (?:header|address)", re.I), NO_SENDER),
    (re.compile(r"5\.3\.4|5\.2\.3|too (?:large|big)|(?:message|maximum) size|exceed\w* .{0,30}size", re.I), TOO_LARGE),
    (re.compile(r"5\.2\.2|over ?quota|quota|mailbox (?:is )?full|переполнен", re.I), FULL),
    (re.compile(r"spam|спам|5\.7\.(?:1|9|26|25|0)\b|blocked|block ?list|blacklist|policy|dmarc|spf|dkim", re.I), SPAM),
)


def refusal(code: int, words: str, usual: str, settings: SmtpSettings, to: str) -> ConnectorError:
    """The error for an answer other than success. `usual` is the cure where the words say nothing better."""
    if _LIMIT.search(words):
        return RateLimited(words, hint=LIMIT, status=code, wait=HELD)
    hint = next((cure for pattern, cure in _MEANINGS if pattern.search(words)), TOO_LARGE if code == 552 else usual)
    hint = hint.format(to=to, sender=settings.address)
    return Rejected(words, hint=hint, status=code) if code // 100 == 5 else Retryable(words, hint=hint, status=code)


def login_refusal(code: int, words: str, settings: SmtpSettings) -> ConnectorError:
    """The error for a login that was refused."""
    provider = settings.at_provider
    if code // 100 == 4:
        return Retryable(words, hint=provider.login_cure, status=code)
    if _ADMIN.search(words):
        return AuthFailed(words, hint=provider.admin_cure, status=code)
    return AuthFailed(words, hint=provider.login_cure if settings.oauth is None else provider.oauth_cure, status=code)
