"""Requests to services that the house does not know: guarded, limited in time and size, reported without secrets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from connectors.answers import Reply, by_status
from connectors.exchange import Exchanges, Sending, body_of
from connectors.fetched import is_one_of, named
from connectors.guarded import Connecting
from connectors.web.settings import WebSettings
from provodka.errors import Ambiguous, ConnectorError, Rejected, Retryable
from provodka.operation import Done, Outcome, Repeat, Request, operation
from provodka.payloads import Attachment
from provodka.stores import Blobs
from provodka.veil import Veil
from provodka.web import Download, WebCall

BATCH: Final = 50
MOVED: Final = "Сервис переадресует на другой адрес: укажите в url его. Ответ сервиса: {status}"
UNEXPECTED: Final = "Сервис ответил не так, как ждёт правило (expect): {status}"
TOO_LARGE: Final = "Файл больше {most} МБ: увеличьте most или приложите его вручную"
WRONG_TYPE: Final = "Файл «{name}» не того вида, который разрешён в types"


class WebSender:
    """`provodka.web.Web`. Of what the config took from outside only the names are ever reported."""

    def __init__(self, settings: WebSettings, veil: Veil, blobs: Blobs, *, name: str = "http") -> None:
        self.name = name
        self._exchanges = Exchanges(Connecting(settings.allow), veil.mask)
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
        try:
            return self._downloaded(wanted)
        except ConnectorError as error:
            raise _said_by(wanted.url, error) from error

    def _downloaded(self, wanted: Download) -> Attachment:
        url = self._veil.show(wanted.url)
        answer = self._exchanges.answer(Sending("GET", url, wanted.url, wanted.timeout, wanted.most))
        if (error := self._judged(answer.reply, ())) is not None:
            raise error
        if not answer.whole:
            hint = TOO_LARGE.format(most=max(1, wanted.most // 1024**2))
            raise Rejected(f"the file is larger than {wanted.most} bytes", hint=hint)
        name, kind = named(answer.reply.headers, answer.url, wanted.name)
        if wanted.types and not is_one_of(name, kind, wanted.types):
            raise Rejected(f"the file «{name}» ({kind}) is of no wanted type", hint=WRONG_TYPE.format(name=name))
        if not answer.reply.body:
            raise Rejected("the file is empty", hint="По адресу файла ничего нет")
        return Attachment(name, kind, len(answer.reply.body), self._blobs.keep_blob(answer.reply.body))

    def _all(self, requests: Sequence[Request[WebCall]], *, with_key: bool = False) -> list[Outcome]:
        """One by one. A service that has just not answered is not asked again for the others of the batch."""
        silent: dict[str, str] = {}
        outcomes: list[Outcome] = []
        for request in requests:
            host = _host(request.params.url)
            if host in silent:
                outcomes.append(Retryable(f"not tried: {silent[host]}"))
                continue
            try:
                outcomes.append(self._call(request, with_key=with_key))
            except ConnectorError as fault:
                error = _said_by(request.params.url, fault)
                outcomes.append(error)
                if isinstance(error, Retryable | Ambiguous) and error.status is None:
                    silent[host] = error.reason
        return outcomes

    def _call(self, request: Request[WebCall], *, with_key: bool) -> Outcome:
        call, show = request.params, self._veil.show
        hidden, kind = body_of(call.json, call.form, call.body)
        body, _ = body_of(show(call.json), show(call.form), show(call.body))
        headers = {"Content-Type": kind.encode()} if kind else {}
        headers |= {_written(name): show(text).encode() for name, text in call.headers.items()}
        if with_key:
            headers[call.key_header] = request.key.encode()
        sending = Sending(
            call.method, show(call.url), call.url, call.timeout, call.most, headers, body, hidden, call.expect
        )
        answer = self._exchanges.answer(sending)
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


def _host(hidden_url: str) -> str:
    """The host of an address, as far as it is one."""
    try:
        return urlsplit(hidden_url).hostname or ""
    except ValueError:
        return ""


def _said_by(hidden_url: str, error: ConnectorError) -> ConnectorError:
    """The error with the service that it is about: the house knows all of them by one name."""
    host = _host(hidden_url)
    if not host or host in error.reason:
        return error
    told = f"{host}: {error.reason}"
    return type(error)(told, hint=error.hint, status=error.status, code=error.code, wait=error.wait)


def _written(name: str) -> str:
    """One spelling of a header that we may set ourselves."""
    return "Content-Type" if name.casefold() == "content-type" else name
