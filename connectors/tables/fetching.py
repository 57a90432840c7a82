"""Fetches a table's file from an address, into a file that is there while it is read."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from connectors.answers import by_status
from connectors.exchange import Exchanges, Sending
from connectors.fetched import named
from connectors.guarded import Connecting
from connectors.tables.files import HTML, TOO_BIG
from connectors.tables.sheet import Sheet
from provodka.errors import Rejected

SECONDS: Final = 60.0
MOST_BYTES: Final = 50 * 1024 * 1024
GONE: Final = "Файла по этому адресу нет или он закрыт: откройте адрес в браузере без входа в аккаунт и проверьте его"


class Fetching:
    """Reads by GET, led on by redirects, from public addresses and from the `allowed` hosts."""

    def __init__(self, allowed: Collection[str]) -> None:
        self._exchanges = Exchanges(Connecting(allowed), _only_host)

    @contextmanager
    def table(self, url: str, read: Callable[[Path], Sheet], *, page: str = HTML) -> Iterator[Sheet]:
        """The table at this address, as `read` opens its file; `page` is the cure where a web page is there instead.
        Raises ConnectorError."""
        answer = self._exchanges.answer(Sending("GET", url, _only_host(url), SECONDS, MOST_BYTES))
        reply = answer.reply
        if not 200 <= reply.status < 300:
            error = by_status(reply)
            if error is None or isinstance(error, Rejected):
                raise Rejected(reply.words, hint=GONE, status=reply.status)
            raise error
        if not answer.whole:
            raise Rejected(f"the file has more than {MOST_BYTES} bytes", hint=TOO_BIG)
        if reply.headers.get("content-type", "").startswith("text/html"):
            raise Rejected("a web page instead of a table", hint=page)
        name, _ = named(reply.headers, answer.url, "")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(reply.body)
            yield read(path)


def _only_host(url: str) -> str:
    """An address without what it may hold of secrets: whoever has a link to a table can read it."""
    return f"{urlsplit(url).hostname}/…"
