"""What an answer of an outside system means: the error that it stands for, or why there is none to read."""

from __future__ import annotations

import codecs
import math
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

import pydantic_core
import requests
from urllib3.exceptions import MaxRetryError, NewConnectionError

from connectors.base import mask
from provodka.errors import Ambiguous, AuthFailed, ConnectorError, RateLimited, Rejected, Retryable

REASON_LENGTH: Final = 300
UNAUTHORIZED, TOO_MANY_REQUESTS = 401, 429


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. `data` is its JSON, None where the body is empty or is no JSON; header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    data: Any
    write: bool

    @property
    def readable(self) -> bool:
        """Whether the body is empty or JSON."""
        return not self.body or self.data is not None

    @property
    def words(self) -> str:
        """What the other side says of it, in one line, masked."""
        data = self.data if isinstance(self.data, dict) else {}
        said = [str(data[key]) for key in ("error_description", "description", "hint", "detail") if data.get(key)]
        if not said:
            said = [str(data[key]) for key in ("title", "error", "message") if data.get(key)][:1]
        return mask(f"HTTP {self.status}: {'; '.join(said)}" if said else f"HTTP {self.status}")[:REASON_LENGTH]


def parse(body: bytes) -> Any:  # noqa: ANN401  # any JSON
    """The JSON of a body, be it with a byte order mark; None for an empty body and for anything else."""
    try:
        return pydantic_core.from_json(body.removeprefix(codecs.BOM_UTF8)) if body else None
    except ValueError:
        return None


def by_status(reply: Reply) -> ConnectorError | None:
    """The error that the HTTP status alone names; None for a success that can be read."""
    status = reply.status
    if 200 <= status < 300:
        return None if reply.readable else _unclear("the answer is no JSON", reply)
    words = reply.words
    if status == UNAUTHORIZED:
        return AuthFailed(words, status=status)
    if status == TOO_MANY_REQUESTS:
        return RateLimited(words, status=status, wait=_asked_wait(reply))
    if status >= 500:
        return _unclear(words, reply)
    return Rejected(words, status=status)


def _unclear(reason: str, reply: Reply) -> ConnectorError:
    kind = Ambiguous if reply.write else Retryable
    return kind(reason, status=reply.status)


def _asked_wait(reply: Reply) -> float:
    """Seconds to hold still: the body's `retry_after`, else the header (seconds or a date), else one."""
    asked = reply.data.get("retry_after") if isinstance(reply.data, dict) else None
    for text in (asked, reply.headers.get("retry-after")):
        try:
            seconds = float(str(text))
        except ValueError:
            continue
        if math.isfinite(seconds) and seconds > 0:
            return seconds
    try:
        until = parsedate_to_datetime(reply.headers.get("retry-after", ""))
    except ValueError:
        return 1.0
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(1.0, (until - datetime.now(UTC)).total_seconds())


UNREACHABLE: Final = (
    "Эта машина не достучалась до сервиса: проверьте адрес в настройке, интернет, DNS, прокси и время на часах. Ничего "
    "не потеряно, Provodka повторяет сама."
)


def never_sent(fault: BaseException) -> bool:
    """Whether the request surely did not leave: no connection, no name, no proxy, a wrong certificate."""
    if isinstance(fault, requests.ConnectTimeout | requests.exceptions.ProxyError):
        return True
    cause = fault.args[0] if isinstance(fault, requests.ConnectionError) and fault.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    if isinstance(reason, NewConnectionError):
        return True
    return any(isinstance(inner, ssl.SSLCertVerificationError) for inner in getattr(reason, "args", ()))


def explain(fault: requests.RequestException, *, write: bool) -> ConnectorError:
    """What it means that no answer came."""
    name = type(fault).__name__
    if never_sent(fault):
        host = urlsplit(str(fault.request.url)).hostname if fault.request is not None else ""
        return Retryable(f"no connection {f'to {host} ' if host else ''}({name})", hint=UNREACHABLE)
    if isinstance(fault, ValueError):  # InvalidURL, MissingSchema…: it was never a request
        return Rejected(f"the request cannot be made ({name})")
    what = "no answer in time" if isinstance(fault, requests.Timeout) else "the connection broke off"
    return Ambiguous(f"sent, but {what} ({name})") if write else Retryable(f"{what} ({name})")
