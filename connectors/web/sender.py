"""Requests to services that the house does not know: guarded, limited in time and size, reported without secrets."""

from __future__ import annotations

import json as json_codec
import mimetypes
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.message import Message
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import unquote, urlencode, urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from connectors.answers import Reply, by_status, parse
from connectors.base import CallTrace, collecting, mask, report, summarize
from connectors.web.session import Connecting, located
from connectors.web.settings import WebSettings
from provodka.errors import Ambiguous, ConnectorError, Rejected, Retryable
from provodka.file_names import safe_name
from provodka.operation import Done, Outcome, Repeat, Request, operation
from provodka.payloads import Attachment
from provodka.stores import Blobs
from provodka.veil import Veil
from provodka.web import Download, WebCall

READS: Final = frozenset({"GET", "HEAD"})
MOVES: Final = frozenset({301, 302, 303, 307, 308})
MOST_HOPS: Final = 5
CONNECTING: Final = 5.0  # seconds
PIECE: Final = 64 * 1024
BATCH: Final = 50
MOVED: Final = "Сервис переадресует на другой адрес: укажите в url его. Ответ сервиса: {status}"
UNEXPECTED: Final = "Сервис ответил не так, как ждёт правило (expect): {status}"
TOO_LARGE: Final = "Файл больше {most} МБ: увеличьте most или приложите его вручную"
WRONG_TYPE: Final = "Файл «{name}» не того вида, который разрешён в types"


@dataclass(frozen=True, slots=True)
class _Sending:
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
class _Answer:
    """What came: the reply, as much of it as may be read, and the address where the redirects ended."""

    reply: Reply
    url: str
    whole: bool


class WebSender:
    """`provodka.web.Web`. Of what the config took from outside only the names are ever reported."""

    def __init__(self, settings: WebSettings, veil: Veil, blobs: Blobs, *, name: str = "http") -> None:
        self.name = name
        self._connecting = Connecting(settings.allow)
        self._veil = veil
        self._blobs = blobs

    @operation(repeat=Repeat.KEY, batch=BATCH)
    def call_with_key(self, requests: Sequence[Request[WebCall]]) -> list[Outcome]:
        """The action's key goes along, so that the service recognises what it has done already."""
        return self._all(requests, with_key=True)

    @operation(repeat=Repeat.SAFE, batch=BATCH)
    def call_again(self, requests: Sequence[Request[WebCall]]) -> list[Outcome]:
        """The rule says that twice is harmless."""
        return self._all(requests)

    @operation(repeat=Repeat.PERSON, batch=BATCH)
    def call_once(self, requests: Sequence[Request[WebCall]]) -> list[Outcome]:
        """Nobody but a person can tell whether a request whose answer was lost was carried out."""
        return self._all(requests)

    def download(self, wanted: Download) -> Attachment:
        """By a GET whose redirects are followed; each address on the way is looked at."""
        url = self._veil.show(wanted.url)
        answer = self._sent(_Sending("GET", url, wanted.url, wanted.timeout, wanted.most))
        if (error := self._judged(answer.reply, ())) is not None:
            raise error
        if not answer.whole:
            hint = TOO_LARGE.format(most=max(1, wanted.most // 1024**2))
            raise Rejected(f"the file is larger than {wanted.most} bytes", hint=hint)
        name, kind = _named(answer, wanted.name)
        if wanted.types and not _is_one_of(name, kind, wanted.types):
            raise Rejected(f"the file «{name}» ({kind}) is of no wanted type", hint=WRONG_TYPE.format(name=name))
        if not answer.reply.body:
            raise Rejected("the file is empty", hint="По адресу файла ничего нет")
        return Attachment(name, kind, len(answer.reply.body), self._blobs.keep_blob(answer.reply.body))

    def _all(self, requests: Sequence[Request[WebCall]], *, with_key: bool = False) -> list[Outcome]:
        """One by one. A service that has just not answered is not asked again for the others of the batch."""
        silent: dict[str, str] = {}
        outcomes: list[Outcome] = []
        for request in requests:
            host = urlsplit(request.params.url).netloc
            if host in silent:
                outcomes.append(Retryable(f"not tried: {silent[host]}"))
                continue
            try:
                outcomes.append(self._call(request, with_key=with_key))
            except ConnectorError as error:
                outcomes.append(error)
                if isinstance(error, Retryable | Ambiguous) and error.status is None:
                    silent[host] = error.reason
        return outcomes

    def _call(self, request: Request[WebCall], *, with_key: bool) -> Outcome:
        call, show = request.params, self._veil.show
        hidden, kind = _body(call.json, call.form, call.body)
        body, _ = _body(show(call.json), show(call.form), show(call.body))
        headers = {"Content-Type": kind.encode()} if kind else {}
        headers |= {_written(name): show(text).encode() for name, text in call.headers.items()}
        if with_key:
            headers[call.key_header] = request.key.encode()
        sending = _Sending(
            call.method, show(call.url), call.url, call.timeout, call.most, headers, body, hidden, call.expect
        )
        answer = self._sent(sending)
        if (error := self._judged(answer.reply, call.expect)) is not None:
            raise error
        return Done(values={"status": str(answer.reply.status)})

    def _judged(self, reply: Reply, expect: Sequence[int]) -> ConnectorError | None:
        """Whether it is what was expected; else what it means."""
        status = reply.status
        if status in expect or (not expect and 200 <= status < 300):
            return None
        words = self._veil.mask(reply.words)
        if 200 <= status < 300:
            return Rejected(words, hint=UNEXPECTED.format(status=status), status=status)
        if 300 <= status < 400:
            return Rejected(words, hint=MOVED.format(status=status), status=status)
        error = by_status(reply)
        assert error is not None  # noqa: S101 -- every status that is no success has an error
        return type(error)(words, hint=error.hint, status=status, wait=error.wait)

    def _sent(self, sending: _Sending) -> _Answer:
        """The answer; reads are led on by redirects, and to another place they take no headers along."""
        end = time.monotonic() + sending.timeout
        for _ in range(MOST_HOPS):
            answer = self._exchanged(sending, end)
            target = answer.reply.headers.get("location", "")
            status = answer.reply.status
            if sending.method not in READS or status not in MOVES or status in sending.expect or not target:
                return answer
            sending = _led_on(sending, urljoin(sending.url, target), self._veil)
        raise Rejected(f"more than {MOST_HOPS} redirects", hint="Сервис переадресует по кругу: проверьте url")

    def _exchanged(self, sending: _Sending, end: float) -> _Answer:
        write, started = sending.method not in READS, time.perf_counter()
        answer: _Answer | None = None
        error: ConnectorError | None = None
        try:
            with self._connecting.session(sending.url) as session:
                answer = _exchange(session, sending, end)
        except (requests.RequestException, HTTPError) as fault:
            known = fault if isinstance(fault, requests.RequestException) else _as_requests(fault)
            error = self._connecting.explain(known, sending.url, write=write)
            raise error from fault
        finally:
            if collecting():
                took = (time.perf_counter() - started) * 1000
                report(self._trace(sending, took, answer, error))
        return answer

    def _trace(self, sending: _Sending, took: float, answer: _Answer | None, error: ConnectorError | None) -> CallTrace:
        """Headers, which hold most secrets, are not told of at all."""
        hide = self._veil.mask
        return CallTrace(
            method=sending.method,
            path=mask(sending.hidden_url),
            status=answer.reply.status if answer else None,
            milliseconds=round(took, 1),
            request_summary=summarize(sending.hidden_body),
            answer_summary=summarize(hide(_readable(answer.reply)).encode()) if answer else "",
            error_kind=error.kind if error else "",
        )


def _exchange(session: requests.Session, sending: _Sending, end: float) -> _Answer:
    seconds = max(0.1, end - time.monotonic())
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
        names = {name.lower(): value for name, value in answer.headers.items()}
        write = sending.method not in READS
        return _Answer(Reply(answer.status_code, names, body, parse(body), write), sending.url, whole)


def _as_requests(fault: HTTPError) -> requests.RequestException:
    """A fault of the reading, in the words of the other faults."""
    return requests.ReadTimeout(fault) if isinstance(fault, ReadTimeoutError) else requests.ConnectionError(fault)


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


def _led_on(sending: _Sending, target: str, veil: Veil) -> _Sending:
    here, there = located(sending.url), located(target)
    same = (here.scheme, here.host, here.port) == (there.scheme, there.host, there.port)
    return replace(sending, url=target, hidden_url=veil.mask(target), headers=sending.headers if same else {})


def _body(json: Any, form: Mapping[str, str], body: str) -> tuple[bytes, str]:  # noqa: ANN401 -- any JSON
    """The body of a request and its type, empty where there is none."""
    if json is not None:
        return json_codec.dumps(json, ensure_ascii=False, separators=(",", ":")).encode(), "application/json"
    if form:
        return urlencode(form).encode(), "application/x-www-form-urlencoded"
    return body.encode(), "text/plain; charset=utf-8" if body else ""


def _written(name: str) -> str:
    """One spelling of a header that we may set ourselves."""
    return "Content-Type" if name.casefold() == "content-type" else name


def _readable(reply: Reply) -> str:
    """A body of bytes is told by its size."""
    text = reply.body.decode("utf-8", "replace")
    return f"{len(reply.body)} bytes" if "\ufffd" in text[:200] or "\0" in text[:200] else text


def _named(answer: _Answer, wanted: str) -> tuple[str, str]:
    """What a fetched file is called, and its type."""
    headers = answer.reply.headers
    kind = headers.get("content-type", "").partition(";")[0].strip().casefold() or "application/octet-stream"
    name = safe_name(wanted) or safe_name(_disposition(headers.get("content-disposition", "")))
    name = name or safe_name(unquote(urlsplit(answer.url).path)) or "file"
    if not PurePosixPath(name).suffix:
        name += mimetypes.guess_extension(kind) or ""
    return name, kind


def _disposition(header: str) -> str:
    message = Message()
    message["Content-Disposition"] = header
    return message.get_filename("")


def _is_one_of(name: str, kind: str, types: Sequence[str]) -> bool:
    """By its ending; a page in the place of a file is told by its type, whatever it is called."""
    wanted = {one.casefold().lstrip(".") for one in types}
    if kind == "text/html" and not wanted & {"html", "htm"}:
        return False
    return PurePosixPath(name).suffix.casefold().lstrip(".") in wanted
