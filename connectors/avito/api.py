"""Calls of Avito's API with a token that lives a day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode

from urllib3.filepost import encode_multipart_formdata

from connectors.answers import Reply
from connectors.avito.settings import AvitoSettings
from connectors.enclosed import File
from connectors.http import Http, Limit, Timeouts
from connectors.oauth import Desk, Grant, OAuth, not_carried_out
from connectors.talks.reading import Fields, part, parts_of, word
from provodka.channel import Around
from provodka.errors import AuthFailed, ConnectorError, Rejected

_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
AHEAD: Final = timedelta(minutes=10)
_KEY: Final = (
    "Avito не принял client_id и client_secret (или его токен больше не действует): возьмите их в профиле Avito → "
    "«Для профессионалов» → «Интеграции»."
)
_HINTS: Final = {
    400: "Avito не принял сообщение: текст не длиннее 1000 знаков, картинка — JPEG или PNG до 24 МБ.",
    402: "API мессенджера Avito не оплачен: подключите тариф с доступом к API.",
    403: "У приложения Avito нет доступа к этому: нужны права messenger:read и messenger:write и тариф с API.",
    404: "Такого чата у Avito нет: он удалён, или user_id в настройках не тот.",
}


class AvitoApi:
    """The API of one account; all threads and processes share its token by the journal."""

    def __init__(self, settings: AvitoSettings, around: Around) -> None:
        self._settings = settings
        limit = Limit.of_second(f"avito:{settings.account}", settings.per_second)
        timeouts = Timeouts(settings.connect_timeout, settings.read_timeout)
        self._http = Http(settings.api_url, limit, around.store, timeouts=timeouts, classify=classify)
        self._auth = OAuth(
            f"avito:{settings.client_id}",
            around.store,
            Desk(self._grant, ahead=AHEAD, idle=-AHEAD, cure=_KEY),
            around.now,
            refresh_token=settings.refresh_token,
            own_grant={"grant_type": "client_credentials"},
        )

    def call(self, method: str, path: str, *, write: bool | None = None, **more: Any) -> Any:  # noqa: ANN401  # as Http.call
        """The answer's JSON. A token that is no longer accepted is renewed once."""
        try:
            token = self._auth.token()
        except ConnectorError as error:
            raise not_carried_out(error) from error
        try:
            return self._with(token, method, path, write=write, **more)
        except AuthFailed:
            return self._with(self._auth.renew(token), method, path, write=write, **more)

    def messenger(self, version: int, path: str) -> str:
        """The address of something of the account's messenger."""
        return f"/messenger/v{version}/accounts/{self._settings.account}/{path}"

    def chats(self, limit: int, offset: int) -> list[Fields]:
        """A page of the talks, those with the last word first."""
        asked = {"limit": str(limit), "offset": str(offset)}
        return parts_of(part(self.call("GET", self.messenger(2, "chats"), params=asked)).get("chats"))

    def chat(self, chat: str) -> Fields:
        """One talk: who it is with, and about what."""
        return part(self.call("GET", self.messenger(2, f"chats/{quote(chat, safe='~')}")))

    def history(self, chat: str, limit: int, offset: int) -> list[Fields]:
        """A page of a talk, the newest first."""
        path = self.messenger(3, f"chats/{quote(chat, safe='~')}/messages/")
        answer = self.call("GET", path, params={"limit": str(limit), "offset": str(offset)})
        return parts_of(answer) or parts_of(part(answer).get("messages"))

    def upload(self, file: File) -> str:
        """The number of a picture that has been brought there."""
        name, kind, body = file
        content, declared = encode_multipart_formdata({"uploadfile[]": (name, body, kind)})
        path = self.messenger(1, "uploadImages")
        answer = part(self.call("POST", path, write=False, content=content, headers={"Content-Type": declared}))
        if not answer:
            raise Rejected(f"Avito did not take «{name}»", hint=_HINTS[400])
        return next(iter(answer))

    def post(self, version: int, path: str, body: Mapping[str, Any]) -> Fields:
        """Something that changes the account."""
        return part(self.call("POST", self.messenger(version, path), json=body))

    def subscriptions(self) -> list[str]:
        """The addresses to which Avito sends, secrets and all."""
        answer = self.call("POST", "/messenger/v1/subscriptions", json={}, write=False, private=True)
        return [word(one.get("url")) for one in parts_of(part(answer).get("subscriptions"))]

    def _with(self, token: str, method: str, path: str, *, write: bool | None, **more: Any) -> Any:  # noqa: ANN401
        headers = {"Authorization": f"Bearer {token}", **more.pop("headers", {})}
        return self._http.call(method, path, headers=headers, write=write, **more).data

    def _grant(self, grant: Grant) -> Reply:
        application = {
            "client_id": self._settings.client_id,
            "client_secret": self._settings.client_secret.get_secret_value(),
        }
        content = urlencode({**application, **grant}).encode()
        return self._http.call("POST", "/token", content=content, headers=_FORM, private=True)

    def close(self) -> None:
        self._http.close()


def classify(reply: Reply) -> ConnectorError | None:
    """Avito names its errors in `error` or `result`; an old token may come as 403, wrong keys of `/token` with 200."""
    data = part(reply.data)
    error = part(data, "error") or part(data, "result")
    words = word(error.get("message")) or word(data.get("error_description")) or word(data.get("message"))
    told = f"Avito {reply.status}: {words or word(data.get('error')) or 'no reason given'}"
    if reply.status == 401 or (reply.status == 403 and "token" in words.casefold()):
        return AuthFailed(told, hint=_KEY, status=reply.status)
    if reply.status in (200, 400) and isinstance(data.get("error"), str) and data["error"]:
        return AuthFailed(told, hint=_KEY, status=reply.status)
    if reply.status in _HINTS:
        return Rejected(told, hint=_HINTS[reply.status], status=reply.status)
    return None
