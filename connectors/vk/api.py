"""Calls of VK's API, and the uploads that go beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from pydantic import SecretStr
from urllib3.filepost import encode_multipart_formdata

from connectors.enclosed import File
from connectors.http import Http, Limit, Reply, Timeouts
from connectors.talks.reading import Fields, part, parts_of, word
from connectors.vk.problems import classify
from connectors.vk.settings import VkSettings
from provodka.errors import AuthFailed, Rejected
from provodka.stores import Pace

_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_NO_KEY: Final = "Добавьте в настройки канала token: ключ доступа сообщества (Управление → Работа с API)."
_NOT_TAKEN: Final = "VK не принял файл «{name}»: проверьте, что он такого вида и размера, какие VK берёт."


class VkApi:
    """The API with the keys of a community; all threads share it."""

    def __init__(self, settings: VkSettings, pace: Pace) -> None:
        self._settings = settings
        self._pace = pace
        self._timeouts = Timeouts(settings.connect_timeout, settings.read_timeout)
        limit = Limit.of_second(f"vk:{settings.account}", settings.per_second)
        self._http = Http(settings.api_url, limit, pace, timeouts=self._timeouts, classify=classify)

    def call(
        self,
        method: str,
        params: Mapping[str, object],
        *,
        write: bool = False,
        token: SecretStr | None = None,
    ) -> Any:  # noqa: ANN401  # any JSON
        """What stands in `response`. Parameters that are None or empty are left out."""
        key = token or self._settings.token
        if key is None:
            raise AuthFailed("no key of the community is set", hint=_NO_KEY)
        given = {name: word(value) for name, value in params.items() if word(value)}
        form = {**given, "v": self._settings.api_version, "access_token": key.get_secret_value()}
        content = urlencode(form).encode()
        reply = self._http.call("POST", f"/method/{method}", content=content, headers=_FORM, write=write)
        return reply.data.get("response") if isinstance(reply.data, Mapping) else None

    def ask(self, method: str, **params: object) -> Fields:
        """A reading whose response is an object."""
        return part(self.call(method, params))

    def rows(self, method: str, **params: object) -> list[Fields]:
        """A reading whose response is a list."""
        return parts_of(self.call(method, params))

    def lead_forms(self, method: str, **params: object) -> Fields:
        """A method of lead forms, for which there may be a key of its own."""
        return part(self.call(f"leadForms.{method}", params, token=self._settings.lead_token))

    def long_poll(self, server: str, params: Mapping[str, str], wait: int) -> Fields:
        """One look at the server of a long poll, which has an address and a key of its own."""
        with_wait = Timeouts(self._timeouts.connect, wait + self._timeouts.read)
        reply = self._elsewhere(server, "GET", with_wait, params={**params, "act": "a_check", "wait": str(wait)})
        return part(reply.data)

    def upload(self, server: str, field: str, file: File) -> Fields:
        """Bring a file to the address that VK gave for it; what it says of the file."""
        name, kind, body = file
        content, kind = encode_multipart_formdata({field: (name, body, kind)})
        reply = self._elsewhere(server, "POST", self._timeouts, content=content, headers={"Content-Type": kind})
        answer = part(reply.data)
        if not answer or answer.get("error"):
            said = word(answer.get("error")) or "no answer to the upload"
            raise Rejected(f"VK did not take «{name}»: {said}", hint=_NOT_TAKEN.format(name=name))
        return answer

    def _elsewhere(self, url: str, method: str, timeouts: Timeouts, **more: Any) -> Reply:  # noqa: ANN401  # as Http.call
        """A call to another host; nothing is changed by it that anybody could see."""
        parts = urlsplit(url)
        params = more.pop("params", ())
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        limit = Limit(f"vk:{self._settings.account}:{parts.netloc}", self._settings.per_second, 20)
        http = Http(f"{parts.scheme}://{parts.netloc}", limit, self._pace, timeouts=timeouts)
        try:
            return http.call(method, path, params=params, write=False, private=True, **more)
        finally:
            http.close()

    def close(self) -> None:
        self._http.close()
