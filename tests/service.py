"""Somebody else's service on the loopback: answers as it is told, and remembers what it was asked."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass
class Said:
    """One answer: its status, headers and body; `cut` breaks the connection off instead, `drip` seconds lie between
    its bytes."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    cut: bool = False
    drip: float = 0.0


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: str


class Service:
    """`answers` by path; what has none is answered with 200 and `{}`."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answers: dict[str, Said] = {}
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                service.asked.append(Asked(self.command, self.path, headers, body.decode()))
                said = service.answers.get(self.path.partition("?")[0], Said())
                if said.cut:
                    self.close_connection = True
                    self.connection.shutdown(2)
                    return
                self.send_response(said.status)
                for name, value in {
                    "Content-Length": str(len(said.body)),
                    "Connection": "close",
                    **said.headers,
                }.items():
                    self.send_header(name, value)
                self.end_headers()
                pieces = [said.body[i : i + 1] for i in range(len(said.body))] if said.drip else [said.body]
                try:
                    for piece in pieces:
                        self.wfile.write(piece)
                        time.sleep(said.drip)
                except OSError:
                    return

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 -- the library's names

            def log_message(self, format: str, *args: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
