"""What an answer of VK means: errors come with status 200, in `error`.

Codes: dev.vk.com/reference/errors.
"""

from __future__ import annotations

from typing import Final

from connectors.answers import Reply
from connectors.talks.reading import count, part, word
from provodka.errors import Ambiguous, AuthFailed, ConnectorError, RateLimited, Rejected, Retryable

_KEY: Final = (
    "Ключ VK (токен) не действует: создайте новый (Управление → Работа с API → Ключи доступа) и замените token."
)
_RIGHTS: Final = (
    "Ключу VK не хватает прав: создайте ключ сообщества с доступом к сообщениям и управлению сообществом "
    "(а для форм — lead_token администратора)."
)
_HINTS: Final = {
    7: _RIGHTS,
    15: _RIGHTS,
    14: "VK просит капчу: отправка притормозит сама, если писать реже.",
    100: "VK не принял параметр запроса: проверьте адресата и текст.",
    113: "Такого пользователя VK нет: проверьте адресата.",
    900: "Клиент в чёрном списке сообщества: уберите его оттуда или напишите другим каналом.",
    901: "Клиент не разрешил сообществу писать ему: пусть сначала напишет сам, или напишите другим каналом.",
    902: "Настройки приватности клиента не дают писать ему: напишите другим каналом.",
    912: "Включите в сообществе «Возможности ботов»: Управление → Сообщения → Настройки для бота.",
    914: "Сообщение длиннее, чем берёт VK: сократите текст правила.",
    917: "Сообщества нет в этой беседе: пусть его добавят снова.",
    921: "Сообщение нельзя переслать.",
    936: "Такого собеседника VK не знает: проверьте адресата.",
    945: "Беседа отключена.",
}
_AUTH: Final = (4, 5, 27, 28, 1116, 1117)
_LATER: Final = {6: 1.0, 9: 30.0, 29: 3600.0}
"""Seconds to hold still: too many calls a second, the same thing too often, the day's quota."""
_INSIDE: Final = (1, 10, 13)


def classify(reply: Reply) -> ConnectorError | None:
    """The error that the body names, whatever the status."""
    error = part(reply.data, "error")
    if not error:
        return None
    code, words = count(error.get("error_code")), word(error.get("error_msg"))
    told = f"VK error {code}: {words}"
    if code in _AUTH:
        return AuthFailed(told, hint=_KEY, status=reply.status, code=str(code))
    if code in _LATER:
        return RateLimited(told, status=reply.status, code=str(code), wait=_LATER[code])
    if code in _INSIDE:
        kind = Ambiguous if reply.write else Retryable
        return kind(told, status=reply.status, code=str(code))
    return Rejected(told, hint=_HINTS.get(code, ""), status=reply.status, code=str(code))
