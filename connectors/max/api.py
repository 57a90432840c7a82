"""Calls of the Bot API of MAX, and the uploads that go beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlsplit

from urllib3.filepost import encode_multipart_formdata

from connectors.answers import Reply
from connectors.enclosed import File
from connectors.http import Http, Limit, Timeouts
from connectors.max.settings import MaxSettings
from connectors.talks.files import media_kind
from connectors.talks.reading import Fields, part, parts_of, word
from provodka.errors import AuthFailed, ConnectorError, RateLimited, Rejected
from provodka.stores import Pace
from provodka.talks import MediaKind

NOT_READY: Final = "attachment.not.ready"
BLOCKED: Final = "blocked"
NEVER_WROTE: Final = "never_wrote"
WRONG_TOKEN: Final = "MAX не принял токен бота: возьмите действующий в кабинете MAX (Чат-боты → Интеграция)."  # noqa: S105
_REFUSED: Final = "MAX отказал: прочтите его слова и исправьте текст, файл или права бота."
_CURES: Final = {
    BLOCKED: (
        "Клиент остановил бота или бот ещё не прошёл проверку MAX: напишите клиенту другим каналом, а проверку "
        "посмотрите в кабинете MAX."
    ),
    NEVER_WROTE: "Клиент ещё не писал этому боту: бот не может начать первым, напишите другим каналом.",
}
_NOT_TAKEN: Final = "MAX не принял файл «{name}»: проверьте, что он такого вида и размера, какие MAX берёт."
_TYPES: Final = {MediaKind.PICTURE: "image", MediaKind.VIDEO: "video", MediaKind.AUDIO: "audio"}


class MaxApi:
    """The API with the token of a bot; all threads share it."""

    def __init__(self, settings: MaxSettings, pace: Pace) -> None:
        self._settings = settings
        self._pace = pace
        self._limit = f"max:{settings.account}"
        self._http = self._open(settings.api_url, settings.read_timeout)

    def get(self, path: str, **params: str) -> Fields:
        """A reading."""
        return part(self._http.call("GET", path, params=params).data)

    def send(self, to: Mapping[str, str], body: Mapping[str, object]) -> str:
        """The id of the new message. `to` is `user_id` or `chat_id`."""
        reply = self._http.call("POST", "/messages", params=to, json=body)
        return word(part(reply.data, "message", "body").get("mid"))

    def subscribe(self, url: str, secret: str, kinds: Sequence[str]) -> None:
        """Again with the same is harmless."""
        body = {"url": url, "update_types": list(kinds), "secret": secret}
        self._said_yes(self._http.call("POST", "/subscriptions", json=body, write=False, private=True))

    def unsubscribe(self, url: str) -> None:
        self._said_yes(self._http.call("DELETE", "/subscriptions", params={"url": url}, write=False))

    def updates(self, marker: str, seconds: int, kinds: Sequence[str]) -> Fields:
        """`updates` and the next `marker`; the marker given confirms all that came with it."""
        given = {"limit": "100", "timeout": f"{seconds}", "types": ",".join(kinds)}
        given |= {"marker": marker} if marker else {}
        waiting = self._open(self._settings.api_url, self._settings.read_timeout + seconds)
        try:
            return part(waiting.call("GET", "/updates", params=given).data)
        finally:
            waiting.close()

    def video(self, token: str) -> str:
        """An address of a video, the largest that there is; empty where MAX tells none."""
        urls = part(self.get(f"/videos/{quote(token, safe='')}"), "urls")
        heights = {name.removeprefix("mp4_"): word(url) for name, url in urls.items()}
        known = [(int(height), url) for height, url in heights.items() if height.isdecimal()]
        return max(known, default=(0, ""))[1]

    def upload(self, file: File) -> dict[str, Any]:
        """The attachment that stands for a file that MAX now has."""
        name, kind, body = file
        sort = _TYPES.get(media_kind(kind), "file")
        place = part(self._http.call("POST", "/uploads", params={"type": sort}, write=False, private=True).data)
        answer = self._carry(word(place.get("url")), file)
        if sort == "image" and part(answer, "photos"):
            return {"type": sort, "payload": {"photos": dict(part(answer, "photos"))}}
        token = word(answer.get("token")) or word(place.get("token"))
        if not token:
            raise Rejected(f"MAX did not take «{name}»: {len(body)} bytes", hint=_NOT_TAKEN.format(name=name))
        return {"type": sort, "payload": {"token": token}}

    def subscriptions(self) -> list[Fields]:
        """`url` and `update_types` of each."""
        return parts_of(self.get("/subscriptions").get("subscriptions"))

    def close(self) -> None:
        """Close the connections; the object can be used again."""
        self._http.close()

    def _carry(self, url: str, file: File) -> Fields:
        """To the address that MAX gave, which is on another host; of a video it answers in XML."""
        name, kind, body = file
        parts = urlsplit(url)
        if not parts.netloc:
            raise Rejected("MAX gave no address for the upload", hint=_NOT_TAKEN.format(name=name))
        content, kind = encode_multipart_formdata({"data": (name, body, kind)})
        other = self._open(f"{parts.scheme}://{parts.netloc}", self._settings.read_timeout, known=False)
        try:
            path = f"{parts.path}?{parts.query}" if parts.query else parts.path
            headers = {"Content-Type": kind}
            reply = other.call("POST", path, content=content, headers=headers, write=False, private=True, plain=True)
        finally:
            other.close()
        return part(reply.data)

    def _open(self, url: str, read_timeout: float, *, known: bool = True) -> Http:
        """`known`: our token may be shown there."""
        account = self._limit if known else f"{self._limit}:uploads"
        limit = Limit.of_second(account, self._settings.per_second)
        auth = self._auth if known else dict
        timeouts = Timeouts(self._settings.connect_timeout, read_timeout)
        return Http(url, limit, self._pace, auth=auth, timeouts=timeouts, classify=classify)

    def _auth(self) -> Mapping[str, str]:
        return {"Authorization": self._settings.token.get_secret_value()}

    def _said_yes(self, reply: Reply) -> None:
        """MAX says no with status 200, too."""
        if part(reply.data).get("success") is False:
            said = word(part(reply.data).get("message"))
            raise Rejected(f"MAX: {said}", hint=BAD_ADDRESS)


BAD_ADDRESS: Final = (
    "MAX зовёт только адрес https с портом 80, 443, 8080, 8443 или 16384–32383 и сертификатом, которому доверяет: "
    "поправьте server.public_url или обратный прокси."
)


def classify(reply: Reply) -> ConnectorError | None:
    """By the code of MAX, before the status."""
    if reply.status < 400 or not isinstance(reply.data, dict):
        return None
    code, said = word(reply.data.get("code")), word(reply.data.get("message"))
    words = f"{code}: {said}" if said else code or reply.words
    if reply.status == 401 or code == "verify.token":
        return AuthFailed(words, hint=WRONG_TOKEN, status=reply.status, code=code)
    if reply.status == 429 or code == "too.many.requests":
        return RateLimited(words, status=reply.status, code=code, wait=_asked(reply))
    if code == NOT_READY:
        return Rejected(words, hint=_REFUSED, status=reply.status, code=NOT_READY)
    if reply.status >= 500:
        return None
    for sign, name in (("dialog.suspended", BLOCKED), ("chat.denied", BLOCKED), ("notfound", NEVER_WROTE)):
        if sign in f"{code} {said}".replace("not.found", "notfound"):
            return Rejected(words, hint=_CURES[name], status=reply.status, code=name)
    hint = BAD_ADDRESS if "subscription" in f"{code} {said}".lower() else _REFUSED
    return Rejected(words, hint=hint, status=reply.status, code=code)


def _asked(reply: Reply) -> float:
    after = reply.headers.get("retry-after", "")
    return float(after) if after.isdecimal() and float(after) > 0 else 1.0
