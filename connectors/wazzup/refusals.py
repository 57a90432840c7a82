"""What the codes of Wazzup24 mean, on sending and afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from connectors.answers import Reply
from connectors.base import mask
from connectors.talks.reading import part, word
from provodka.errors import AuthFailed, ConnectorError, RateLimited, Rejected

REPEATED: Final = "repeatedCrmMessageId"
BAD_KEY: Final = "Wazzup не принимает ключ API: возьмите новый в «Настройки» → «Интеграция с CRM» и впишите в api_key."
UNPAID: Final = "Канал Wazzup не оплачен или баланс пуст: пополните его в кабинете Wazzup."
LONG: Final = "Текст длиннее, чем пропускает этот мессенджер: сократите."
LARGE: Final = "Файл больше, чем пропускает этот мессенджер."
GONE: Final = "Канал Wazzup удалён или отключён: проверьте channel_id и состояние канала в кабинете."
WINDOW: Final = (
    "Прошло больше {time} с последнего сообщения клиента: мессенджер пропустит только шаблон (template) "
    "или ответ после того, как клиент напишет сам."
)
CURES: Final[Mapping[str, str]] = {
    "BAD_CONTACT": "У клиента нет такого аккаунта в мессенджере: проверьте номер или напишите другим каналом.",
    "24_HOURS_EXCEEDED": WINDOW.format(time="24 часов"),
    "7_DAYS_EXCEEDED": WINDOW.format(time="7 дней"),
    "TOO_LONG_TEXT": LONG,
    "TOO_BIG_CONTENT": LARGE,
    "SPAM": "Мессенджер счёл сообщение спамом: пишите реже и тем, кто писал сам.",
    "CHANNEL_NOT_FOUND": GONE,
    "CHANNEL_BLOCKED": GONE,
    "CHANNEL_NO_MONEY": UNPAID,
    "BALANCE_IS_EMPTY": UNPAID,
    "MESSAGES_NOT_TEXT_FIRST": "Первым можно послать только текст: файл отправьте после ответа клиента.",
    "INVALID_MESSAGE_DATA": "Wazzup не принял сообщение: проверьте номер, текст и channel_id.",
}
WAIT: Final = 10.0  # seconds to hold still after too many calls
OTHER: Final = "Мессенджер не доставил сообщение: {words}"


def classify(reply: Reply) -> ConnectorError | None:
    """By the word in `error`; None leaves it to the status."""
    if 200 <= reply.status < 300:
        return None
    fields = reply.data if isinstance(reply.data, dict) else {}
    code = word(fields.get("error"))
    if reply.status in (401, 403):
        return AuthFailed(reply.words, hint=BAD_KEY, status=reply.status, code=code)
    if code == "TOO_MANY_REQUESTS" or reply.status == 429:
        return RateLimited(reply.words, wait=WAIT, status=reply.status, code=code)
    if 400 <= reply.status < 500 and code:
        return Rejected(f"{code}: {reply.words}", hint=cure_of(code), status=reply.status, code=code)
    return None


def cure_of(code: str) -> str:
    """The Russian cure of a word of Wazzup, whatever stands before it (`MESSAGES_TOO_LONG_TEXT`)."""
    return next((cure for known, cure in CURES.items() if code.upper().endswith(known)), "")


def told(piece: Mapping[str, Any]) -> str:
    """Why a message failed, to the staff."""
    error = part(piece, "error")
    code = word(error.get("error")) or word(piece.get("error"))
    return cure_of(code) or OTHER.format(words=mask(f"{code} {word(error.get('description'))}".strip()))
