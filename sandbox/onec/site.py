"""The conversation of «Обмен с сайтом»: 1C asks, the site answers in plain lines, the first of which decides."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import requests

PATIENCE = 30.0
MOST_REPEATS = 200
TOLD = 400


class SiteError(Exception):
    """The exchange broke off; the text is what the user of 1C reads."""


@dataclass(frozen=True, slots=True)
class Step:
    """One request: what was asked, the status, and the beginning of the reply."""

    asked: str
    status: int
    reply: str


@dataclass(frozen=True, slots=True)
class Upload:
    """How a file goes: what of it is lost or repeated on the way. `lost` and `twice` concern one chunk."""

    lost: bool = False
    twice: bool = False
    zipped: bool = True
    imported: bool = True


@dataclass(slots=True)
class Site:
    """One session with a site: log-in, what it allows, and every step taken. `kind` is the `type` of each request."""

    url: str
    user: str
    password: str
    version: str
    steps: list[Step] = field(default_factory=list)
    kind: str = "sale"
    cookie: str = ""
    sessid: str = ""
    zip: bool = False
    file_limit: int = 0

    def log_in(self) -> None:
        """checkauth: Basic, and the cookie (and `sessid`) to bring to each later request."""
        self.cookie = self.sessid = ""
        lines = self._lines(self._ask("checkauth"))
        if len(lines) >= 3 and "=" not in lines[1]:
            self.cookie = f"{lines[1]}={lines[2]}"
        self.sessid = _named(lines).get("sessid", "")

    def begin(self) -> None:
        """init: whether archives are taken and how large a piece may be."""
        more: dict[str, Any] = {"version": self.version} if self.version not in {"2.05", "2.08"} or self.sessid else {}
        reply = self._ask("init", **more).splitlines()
        told = _named(reply)
        if "zip" not in told and "file_limit" not in told:
            raise SiteError(_reason("init", reply))
        self.zip = told.get("zip") == "yes"
        self.file_limit = int(told["file_limit"]) if told.get("file_limit", "").isdecimal() else 0
        self.sessid = told.get("sessid", self.sessid)

    def orders(self) -> bytes:
        """query: the file with what the site has changed, as bytes."""
        return self._xml("query")

    def dictionaries(self) -> bytes:
        """info: the site's statuses and ways to pay."""
        return self._xml("info")

    def confirm(self) -> None:
        """success: the orders were taken."""
        self._lines(self._ask("success"))

    def send(self, name: str, content: bytes, how: Upload) -> None:
        """file in pieces, zipped where both sides want it, then import until the site is through."""
        packed = self.zip and how.zipped
        carried = f"{name.removesuffix('.xml')}.zip" if packed else name
        for piece in _pieces(_zipped(name, content) if packed else content, self.file_limit, how):
            self._lines(self._ask("file", piece, filename=carried))
        if how.imported:
            self._import(name)

    def _import(self, name: str) -> None:
        for _ in range(MOST_REPEATS):
            reply = self._ask("import", filename=name).splitlines()
            if reply[:1] != ["progress"]:
                self._lines("\n".join(reply), "import")
                return
        raise SiteError(f"Сайт {MOST_REPEATS} раз подряд ответил progress")

    def _xml(self, mode: str) -> bytes:
        answer = self._request("GET", mode)
        if not answer.content.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
            raise SiteError(_reason(mode, _plain(answer).splitlines()))
        return answer.content

    def _ask(self, mode: str, body: bytes | None = None, **query: str) -> str:
        return _plain(self._request("GET" if body is None else "POST", mode, body, **query))

    def _lines(self, reply: str, mode: str = "") -> list[str]:
        """The lines of a reply that begins with success; anything else ends the exchange with the site's words."""
        lines = [line.strip() for line in reply.splitlines()]
        if lines[:1] != ["success"]:
            raise SiteError(_reason(mode or self.steps[-1].asked, lines))
        return lines

    def _request(self, method: str, mode: str, body: bytes | None = None, **query: str) -> requests.Response:
        asked = {"type": self.kind, "mode": mode, **({"sessid": self.sessid} if self.sessid else {}), **query}
        login = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        headers = {"Authorization": f"Basic {login}", "User-Agent": "1C+Enterprise/8.3"}
        if self.cookie:
            headers["Cookie"] = self.cookie
        if self.sessid:
            headers["X-Bitrix-Csrf-Token"] = self.sessid
        try:
            with requests.Session() as session:
                session.trust_env = False  # the site is on loopback, whatever proxy the shell names
                answer = session.request(
                    method, self.url, params=asked, data=body, headers=headers, timeout=PATIENCE, allow_redirects=False
                )
        except requests.RequestException as error:
            self.steps.append(Step(mode, 0, str(error)[:TOLD]))
            raise SiteError(f"Нет связи с сайтом: {type(error).__name__}") from error
        self.steps.append(Step(mode, answer.status_code, _plain(answer)[:TOLD]))
        if answer.status_code != 200:
            raise SiteError(f"{mode}: сервер вернул код {answer.status_code}")
        return answer


def file_name(now: datetime, number: int) -> str:
    return f"orders-{now:%Y%m%d%H%M%S}-{number}.xml"


def _pieces(content: bytes, limit: int, how: Upload) -> Iterator[bytes]:
    size = limit or len(content)
    pieces = [content[start : start + size] for start in range(0, len(content), size)]
    middle = len(pieces) // 2
    for number, piece in enumerate(pieces):
        if number != middle or not how.lost:
            yield piece
        if number == middle and how.twice:
            yield piece


def _zipped(name: str, content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return packed.getvalue()


def _named(lines: list[str]) -> dict[str, str]:
    return {name.strip(): value.strip() for name, mark, value in (line.partition("=") for line in lines) if mark}


def _plain(answer: requests.Response) -> str:
    """A plain reply in UTF-8 or windows-1251, whichever it is."""
    try:
        return answer.content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return answer.content.decode("cp1251", "replace")


def _reason(mode: str, lines: list[str]) -> str:
    text = " ".join(lines[1:] if lines[:1] == ["failure"] else lines).strip()
    return f"{mode}: {text[:TOLD] or 'сайт не объяснил отказа'}"
