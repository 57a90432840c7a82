"""One request and its answer: limited in time and size."""

from __future__ import annotations

import json as json_codec
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from connectors.answers import Reply, parse

READS: Final = frozenset({"GET", "HEAD"})
CONNECTING: Final = 5.0  # seconds
PIECE: Final = 64 * 1024


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
