"""Calls of Viber's REST API, which answers 200 and says in `status` how it went.

Statuses: developers.viber.com, "Error codes".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from connectors.answers import Reply
from connectors.http import Http, Limit, Timeouts
from connectors.talks.reading import Fields, part, word
from connectors.viber.settings import ViberSettings
from provodka.errors import Ambiguous, AuthFailed, ConnectorError, RateLimited, Rejected, Retryable
from provodka.stores import Pace

_KEY: Final = "Ключ бота Viber (токен) не действует: возьмите его на partners.viber.com → Info → Token."
_NOT_HIS: Final = "Клиент не подписан на бота Viber или отписался: пусть напишет боту, или напишите другим каналом."
_HINTS: Final = {
    1: "Viber не смог открыть адрес вебхука: нужен https с полной цепочкой сертификатов, и Provodka должна работать.",
    3: "Viber не принял содержимое: текст не длиннее 7000 знаков, файл не больше 50 МБ.",
    4: "Viber не принял сообщение: чего-то не хватает.",
    5: "Такого пользователя Viber нет: проверьте адресата.",
    6: _NOT_HIS,
    7: "Бот Viber заблокирован: обратитесь в поддержку Viber.",
    9: "Бот Viber приостановлен: обратитесь в поддержку Viber.",
    10: "Вебхук бота не установлен: подключите его, иначе Viber не даёт отправлять.",
    11: "У клиента нет устройства, которое покажет такое сообщение.",
    13: "Viber клиента слишком старый для такого сообщения.",
    15: "У бота Viber нет права отправлять: проверьте договор с партнёром Viber.",
    21: "Viber не работает в стране этого клиента.",
    23: "Бесплатные сообщения Viber кончились: нужен платный договор.",
    24: "На счету бота Viber нет денег: пополните его.",
}
_AUTH: Final = (2, 8)
_TOO_MANY: Final = 12
_REFUSED: Final = "Viber отказал: причина в его словах выше."


class ViberApi:
    """The API with the key of a bot; all threads share it."""

    def __init__(self, name: str, settings: ViberSettings, pace: Pace) -> None:
        self._http = Http(
            f"{settings.api_url}/pa",
            Limit.of_second(f"viber:{name}", settings.per_second),
            pace,
            auth=lambda: {"X-Viber-Auth-Token": settings.token.get_secret_value()},
            timeouts=Timeouts(settings.connect_timeout, settings.read_timeout),
            classify=classify,
        )

    def ask(self, method: str, body: Mapping[str, Any], *, write: bool = False) -> Fields:
        """The answer of a method."""
        return part(self._http.call("POST", f"/{method}", json=body, write=write).data)

    def close(self) -> None:
        self._http.close()


def classify(reply: Reply) -> ConnectorError | None:
    """Viber answers 200 and says in `status` how it went: 0 is well."""
    data = part(reply.data)
    if reply.status != 200 or "status" not in data or word(data.get("status")) == "0":
        return None
    code, words = word(data.get("status")), word(data.get("status_message"))
    told = f"Viber status {code}: {words}"
    number = int(code) if code.isdecimal() else -1
    if number in _AUTH:
        return AuthFailed(told, hint=_KEY, status=reply.status, code=code)
    if number == _TOO_MANY:
        return RateLimited(told, status=reply.status, code=code, wait=10.0)
    if number in _HINTS:
        return Rejected(told, hint=_HINTS[number], status=reply.status, code=code)
    if 0 < number < 100:
        return Rejected(told, hint=_REFUSED, status=reply.status, code=code)
    kind = Ambiguous if reply.write else Retryable
    return kind(told, status=reply.status, code=code)
