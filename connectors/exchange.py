"""Requests to addresses that are nobody's account: limited in time and size, led on by redirects, reported."""

from __future__ import annotations

import json as json_codec
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import urlencode, urljoin

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from connectors.answers import Reply, parse
from connectors.base import CallTrace, collecting, mask, report, summarize
from connectors.guarded import Connecting, located
from provodka.errors import ConnectorError, Rejected

READS: Final = frozenset({"GET", "HEAD"})
CONNECTING: Final = 5.0  # seconds
PIECE: Final = 64 * 1024
MOVES: Final = frozenset({301, 302, 303, 307, 308})
MOST_HOPS: Final = 5


@dataclass(frozen=True, slots=True)
class Sending:
    """One request on its way, in the open. `hidden_url` and `hidden_body` are what may be shown of it."""

    method: str
    url: str
    hidden_url: str
    timeout: float
    most: int
    headers: Mapping[str, bytes] = field(default_factory=dict)
    body: bytes = b""
    hidden_body: bytes = b""
    expect: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came: the reply, as much of it as may be read, and the address where the redirects ended."""

    reply: Reply
    url: str
    whole: bool


class Exchanges:
    """Sends each request through `connecting`. `hide` takes what is secret out of an address or an answer that is to be
    reported; headers, which hold most secrets, are not told of at all."""

    def __init__(self, connecting: Connecting, hide: Callable[[str], str] = str) -> None:
        self._connecting = connecting
        self._hide = hide

    def answer(self, sending: Sending) -> Answer:
        """The answer, whatever its status; reads are led on by redirects, and to another place they take no headers
        along. Raises ConnectorError where none came."""
        end = time.monotonic() + sending.timeout
        for _ in range(MOST_HOPS):
            answer = self._exchanged(sending, end)
            target = answer.reply.headers.get("location", "")
            status = answer.reply.status
            if sending.method not in READS or status not in MOVES or status in sending.expect or not target:
                return answer
            sending = self._led_on(sending, urljoin(sending.url, target))
        raise Rejected(f"more than {MOST_HOPS} redirects", hint="Сервис переадресует по кругу: проверьте url")

    def _led_on(self, sending: Sending, target: str) -> Sending:
        here, there = located(sending.url), located(target)
        same = (here.scheme, here.host, here.port) == (there.scheme, there.host, there.port)
        return replace(sending, url=target, hidden_url=self._hide(target), headers=sending.headers if same else {})

    def _exchanged(self, sending: Sending, end: float) -> Answer:
        write, started = sending.method not in READS, time.perf_counter()
        answer: Answer | None = None
        error: ConnectorError | None = None
        try:
            with self._connecting.session(sending.url) as session:
                answer = exchange(session, sending, end)
        except requests.RequestException as fault:
            error = self._connecting.explain(fault, sending.url, write=write)
            raise error from fault
        finally:
            if collecting():
                took = (time.perf_counter() - started) * 1000
                report(self._trace(sending, took, answer, error))
        return answer

    def _trace(self, sending: Sending, took: float, answer: Answer | None, error: ConnectorError | None) -> CallTrace:
        return CallTrace(
            method=sending.method,
            path=mask(sending.hidden_url),
            status=answer.reply.status if answer else None,
            milliseconds=round(took, 1),
            request_summary=summarize(sending.hidden_body),
            answer_summary=summarize(self._hide(readable(answer.reply)).encode()) if answer else "",
            error_kind=error.kind if error else "",
            system="http",
        )


def exchange(session: requests.Session, sending: Sending, end: float) -> Answer:
    """Send it and read the answer until that moment (monotonic); raises RequestException where there is none."""
    seconds = max(0.1, end - time.monotonic())
    try:
        with session.request(
            sending.method,
            sending.url,
            data=sending.body or None,
            headers=sending.headers,
            timeout=(min(CONNECTING, seconds), seconds),
            allow_redirects=False,
            stream=True,
        ) as answer:
            body, whole = _read(answer, sending.most, end)
    except ReadTimeoutError as fault:
        raise requests.ReadTimeout(fault) from fault
    except HTTPError as fault:
        raise requests.ConnectionError(fault) from fault
    names = {name.lower(): value for name, value in answer.headers.items()}
    reply = Reply(answer.status_code, names, body, parse(body), sending.method not in READS)
    return Answer(reply, sending.url, whole)


def _read(answer: requests.Response, most: int, end: float) -> tuple[bytes, bool]:
    """At most so many bytes, until that moment; whether that is all of it."""
    body = bytearray()
    while piece := answer.raw.read1(PIECE, decode_content=True):  # as it comes: a whole piece may take for ever
        body += piece
        if len(body) > most:
            return bytes(body[:most]), False
        if time.monotonic() > end:
            raise requests.ReadTimeout("the answer takes too long")
    return bytes(body), True


def body_of(json: Any, form: Mapping[str, str], body: str) -> tuple[bytes, str]:  # noqa: ANN401 -- any JSON
    """The body of a request and its type, empty where there is none."""
    if json is not None:
        return json_codec.dumps(json, ensure_ascii=False, separators=(",", ":")).encode(), "application/json"
    if form:
        return urlencode(form).encode(), "application/x-www-form-urlencoded"
    return body.encode(), "text/plain; charset=utf-8" if body else ""


def readable(reply: Reply) -> str:
    """A body of bytes is told by its size."""
    text = reply.body.decode("utf-8", "replace")
    return f"{len(reply.body)} bytes" if "\ufffd" in text[:200] or "\0" in text[:200] else text
