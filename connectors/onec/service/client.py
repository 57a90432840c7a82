"""Calls to the templates of an HTTP service of 1C."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from connectors.http import Http
from connectors.onec.refusals import METHOD, NOT_FOUND, NOT_PUBLISHED
from connectors.onec.service.shapes import Json
from provodka.errors import Ambiguous, Rejected, Retryable

UNOFFERED: Final = (METHOD, NOT_PUBLISHED)
"""Codes of errors which say that the service has not got such a template."""

_NO_PDF: Final = "Вместо печатной формы 1С прислала другое. Администратору 1С: ответ должен быть PDF."


class Client:
    """`Http` raises all that 1C refuses; what is here knows how the contract says "no such thing" and "PUT is blocked"."""

    def __init__(self, http: Http) -> None:
        self._http = http
        self._posting = False  # a proxy on the way has blocked PUT: ask for it by POST at once

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Json:
        return _object(self._http.call("GET", path, params=params or {}).data, write=False)

    def found(self, path: str) -> Json | None:
        """None where 1C itself says that there is no such thing."""
        try:
            return self.get(path)
        except Rejected as error:
            if error.code == NOT_FOUND:
                return None
            raise

    def put(self, path: str, body: dict[str, Any]) -> Json:
        """Idempotent by the external id in the path. Where PUT does not come through, POST with the action in the path."""
        if self._posting:
            return self._write("POST", f"{path}/put", body)
        try:
            return self._write("PUT", path, body)
        except Rejected as error:
            if error.code != METHOD:
                raise
            refusal = error
        try:
            answer = self._write("POST", f"{path}/put", body)
        except Rejected as error:
            raise refusal if error.code in UNOFFERED else error from error
        self._posting = True
        return answer

    def act(self, path: str) -> Json:
        """An action that is harmless twice."""
        return self._write("POST", path, {})

    def file(self, path: str) -> bytes | None:
        """A PDF; None where there is none, or where the service does not print."""
        try:
            body = self._http.call("GET", path, raw=True).body
        except Rejected as error:
            if error.code in (NOT_FOUND, *UNOFFERED):
                return None
            raise
        if not body.startswith(b"%PDF"):
            raise Retryable("the printed form is no PDF", hint=_NO_PDF)
        return body

    def close(self) -> None:
        self._http.close()

    def _write(self, method: str, path: str, body: dict[str, Any]) -> Json:
        return _object(self._http.call(method, path, json=body).data, write=True)


def segment(part: str) -> str:
    """An id as a part of a path: it may hold anything."""
    return quote(part, safe="")


def _object(data: object, *, write: bool) -> Json:
    if isinstance(data, dict):
        return data
    error = Ambiguous if write else Retryable
    raise error("the answer is no object", hint="Сервис 1С ответил не по договору обмена: нужен объект JSON.")
