"""Calls of a SOAP service of 1C.

zeep makes and reads the XML, and is loaded with the first call only; our own `Http` carries it, so that pace, traces
and errors are those of every other call.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from connectors.http import Http
from connectors.onec.refusals import METHOD, refused
from connectors.onec.service.shapes import SHAPE
from connectors.onec.voices import Said, decoded
from provodka.errors import Ambiguous, ConnectorError, Rejected, Retryable
from provodka.stores import ConnectorStore, Snapshot

if TYPE_CHECKING:
    from connectors.onec.soap.wire import Envelopes

COPY: Final = "wsdl"  # the kind of snapshot in the mirror
_SYSTEM: Final = "1c"
_FRESH: Final = timedelta(days=1)
_WORDS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_FINE: Final = frozenset({"", "ok", "0", "success"})
_MISSING: Final = "Сервис 1С не умеет этого. Администратору 1С: добавьте операцию {name} и опубликуйте сервис заново."
_BROKEN: Final = "Ответ 1С оборвался или испорчен по дороге, выясним и повторим."


@dataclass(slots=True)
class Client:
    """One service: `wsdl` leads to its description, `endpoint` to itself. `names` are those of service and port."""

    wsdl: Http
    endpoint: Http
    entry: Mapping[str, str]
    store: ConnectorStore
    now: Callable[[], datetime]
    names: tuple[str, str] = ("", "")
    _envelopes: Envelopes | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def call(self, operation: str, values: Mapping[str, Any], *, write: bool) -> dict[str, Any]:
        """The answer by the names of the contract (`external_id` for ExternalId).

        Rejected (METHOD) for an operation that the WSDL has not got, and for a result that says so by code and text.
        """
        envelopes = self._loaded()
        if operation not in envelopes.operations:
            hint = _MISSING.format(name=operation)
            raise Rejected(f"the service has no operation {operation}", hint=hint, code=METHOD)
        content, headers = envelopes.write(operation, values)
        opening = {**headers, **self.entry}
        path = f"#{operation}"  # a fragment is never sent: it names the call in traces
        reply = self.endpoint.call("POST", path, content=content, headers=opening, plain=True, write=write)
        answer = _read(envelopes, operation, reply.body, write=write)
        if "text" in answer and str(answer.get("code") or "").lower() not in _FINE:
            raise refused(Said(*(str(answer.get(name) or "") for name in ("text", "code", "field"))))
        return answer

    def offers(self, operation: str) -> bool:
        return operation in self._loaded().operations

    def renew(self) -> frozenset[str]:
        """Fetch the WSDL, however fresh our copy is; its operations."""
        with self._lock:
            self._envelopes = self._made(self._fetched())
            return self._envelopes.operations

    def close(self) -> None:
        self.wsdl.close()
        self.endpoint.close()

    def _loaded(self) -> Envelopes:
        with self._lock:
            if self._envelopes is None:
                self._envelopes = self._made(self._kept())
            return self._envelopes

    def _made(self, wsdl: str) -> Envelopes:
        from connectors.onec.soap.wire import Envelopes  # whoever never calls needs neither zeep nor its memory

        return Envelopes(wsdl.encode(), *self.names)

    def _kept(self) -> str:
        """Our copy if it is of today, else 1C's own; with 1C down, whatever copy there is."""
        address = self.wsdl.base_url
        copy = self.store.snapshots(_SYSTEM, COPY, [address]).get(address)
        if copy is not None and self.now() - copy.updated_at < _FRESH:
            return copy.body
        try:
            return self._fetched()
        except ConnectorError:
            if copy is None:
                raise
            return copy.body

    def _fetched(self) -> str:
        text = decoded(self.wsdl.call("GET", "?wsdl", plain=True, private=True).body)
        if "definitions" not in text[:2000]:
            raise Retryable("the answer is no WSDL", hint=SHAPE)
        _, mark, rest = text.partition("?>")  # without the declaration: from here on it is UTF-8, whatever it was
        text = rest if mark else text
        self.store.put_snapshots(_SYSTEM, COPY, [Snapshot(self.wsdl.base_url, text, self.now())])
        return text


def plain(value: object) -> Any:  # noqa: ANN401 -- whatever XDTO has: dicts, lists, Decimal, datetime, bytes
    """An answer by the names of the contract."""
    if isinstance(value, Mapping):
        return {_WORDS.sub("_", str(name)).lower(): plain(one) for name, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value


def _read(envelopes: Envelopes, operation: str, body: bytes, *, write: bool) -> dict[str, Any]:
    from connectors.onec.soap.wire import UnreadableError

    unclear = Ambiguous if write else Retryable
    try:
        answer = plain(envelopes.read(operation, body))
    except UnreadableError as error:
        raise unclear(f"the answer of {operation} cannot be read: {error}", hint=_BROKEN) from error
    if not isinstance(answer, dict):
        raise unclear(f"the answer of {operation} is no object", hint=SHAPE)
    return answer
