"""Calls of an instance of Green-API: its token stands in the address, and is told nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from connectors.answers import Reply
from connectors.greenapi.settings import GreenApiSettings
from connectors.http import Http, Limit, Timeouts
from provodka.errors import AuthFailed, ConnectorError, RateLimited, Rejected, Retryable
from provodka.stores import Pace

NO_ENTRY: Final = "Green-API не принимает instance или token: возьмите их в консоли Green-API."
QUOTA: Final = "Тариф Green-API исчерпан или не позволяет писать этому клиенту: смените тариф в консоли."
BAD_MESSAGE: Final = "Green-API не принял сообщение: проверьте номер и текст."
STATES: Final = {
    "notAuthorized": "Аккаунт WhatsApp вышел из Green-API: откройте консоль и снова отсканируйте QR-код телефоном.",
    "blocked": "WhatsApp заблокировал номер: обратитесь в поддержку WhatsApp с телефона или подключите другой номер.",
    "sleepMode": "Телефон с WhatsApp выключен или без сети: включите его.",
    "yellowCard": "WhatsApp ограничил номер за рассылку: отправка приостановлена, остановите массовые сообщения.",
    "suspended": "WhatsApp временно ограничил номер: подождите конца ограничения, не пишите незнакомым.",
}
WAIT: Final = 10.0  # seconds to hold still after too many calls
STARTING: Final = "starting"
AUTHORIZED: Final = "authorized"


class GreenApi:
    """`pause`: seconds between two calls, for those that write to people."""

    def __init__(self, settings: GreenApiSettings, pace: Pace, *, pause: float = 0.0, media: bool = False) -> None:
        self._instance, self._token = settings.instance, settings.token
        limit = Limit(f"greenapi:{settings.instance}", 50, 50)
        if pause:
            limit = Limit(f"greenapi:{settings.instance}:write", 1 / pause, 1)
        self._http = Http(
            settings.media_url if media else settings.api_url,
            limit,
            pace,
            timeouts=Timeouts(settings.connect_timeout, settings.read_timeout),
            classify=_classify,
            hidden=settings.token.get_secret_value(),
        )

    def get(self, method: str, **params: str) -> Any:  # noqa: ANN401 -- any JSON
        """The answer's JSON, which may be `null`."""
        reply = self._http.call("GET", self._path(method), params=params, plain=True)
        if reply.data is None and reply.body.strip() != b"null":
            raise Retryable("the answer is no JSON", status=reply.status)
        return reply.data

    def delete(self, method: str, number: str) -> None:
        self._http.call("DELETE", f"{self._path(method)}/{number}", write=False)

    def post(self, method: str, body: Mapping[str, Any], *, write: bool = True, private: bool = False) -> Any:  # noqa: ANN401 -- any JSON
        return self._http.call("POST", self._path(method), json=dict(body), write=write, private=private).data

    def post_form(self, method: str, content: bytes, content_type: str) -> Any:  # noqa: ANN401 -- any JSON
        headers = {"Content-Type": content_type}
        return self._http.call("POST", self._path(method), content=content, headers=headers).data

    def close(self) -> None:
        self._http.close()

    def _path(self, method: str) -> str:
        return f"/waInstance{self._instance}/{method}/{self._token.get_secret_value()}"


def _classify(reply: Reply) -> ConnectorError | None:
    if reply.status in (401, 403):
        return AuthFailed(reply.words, hint=NO_ENTRY, status=reply.status)
    if reply.status == 429:
        return RateLimited(reply.words, wait=WAIT, status=429)
    if reply.status == 466:
        return Rejected(reply.words, hint=QUOTA, status=466, code="466")
    if reply.status == 400:
        return Rejected(reply.words, hint=BAD_MESSAGE, status=400)
    return None


def trouble_of(state: str) -> Rejected | None:
    """What is wrong with an instance in this state; None where it works or is only starting."""
    if state in (AUTHORIZED, STARTING, ""):
        return None
    hint = STATES.get(state, f"Инстанс Green-API в состоянии «{state}»: откройте консоль Green-API.")
    return Rejected(f"the instance is {state}", hint=hint, code=state)
