"""A mail server that answers as it is told to, and remembers what it was sent."""

from __future__ import annotations

import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from connectors.smtp.mailer import Mailer
from connectors.smtp.settings import SmtpSettings

CUT = "cut"
USUAL = {"EHLO": "250-here\r\n250 AUTH PLAIN", "AUTH": "235 in", "DATA": "354 go on", ".": "250 2.0.0 taken as 7"}


class ScriptedSmtp:
    """`replies` by command (`MAIL`, `RCPT`, `DATA`, `.` for the end of a letter): each is used up, the usual ones stay.

    The reply `cut` closes the connection without a word.
    """

    def __init__(self, certificate: Path | None = None, *, tls: bool = False) -> None:
        self.replies: dict[str, list[str]] = {}
        self.letters: list[bytes] = []
        self.logins = 0
        self.context: ssl.SSLContext | None = None
        if certificate is not None:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate, certificate.with_name("key.pem"))
        self.tls = tls

    def talk(self, sock: socket.socket) -> None:
        if self.tls and self.context is not None:
            sock = self.context.wrap_socket(sock, server_side=True)
        file = sock.makefile("rwb")
        self._say(file, "220 here")
        while line := file.readline():
            command = line.split()[0].decode().upper() if line.split() else ""
            if command == "STARTTLS" and self.context is not None:
                self._say(file, "220 go on")
                sock = self.context.wrap_socket(sock, server_side=True)
                file = sock.makefile("rwb")
                continue
            reply = self._reply(command)
            if reply == CUT:
                break
            self._say(file, reply)
            if command == "QUIT":
                break
            if command == "DATA" and reply.startswith("3"):
                self.letters.append(self._letter(file))
                if (reply := self._reply(".")) == CUT:
                    break
                self._say(file, reply)
        file.close()
        sock.close()

    def _reply(self, command: str) -> str:
        waiting = self.replies.get(command)
        self.logins += command == "AUTH"
        usual = USUAL.get(command, "250 fine")
        if command == "EHLO" and self.context is not None and not self.tls:
            usual = "250-here\r\n250-STARTTLS\r\n250 AUTH PLAIN"
        return waiting.pop(0) if waiting else usual

    @staticmethod
    def _letter(file: Any) -> bytes:
        lines = []
        while (line := file.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b"..") else line)
        return b"".join(lines)

    @staticmethod
    def _say(file: Any, text: str) -> None:
        file.write(text.encode() + b"\r\n")
        file.flush()

    @contextmanager
    def running(self) -> Iterator[int]:
        script = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                try:
                    script.talk(self.request)
                except (OSError, ValueError):
                    self.request.close()

        with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
            server.daemon_threads = True
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
            thread.start()
            try:
                yield server.server_address[1]
            finally:
                server.shutdown()
                thread.join()


@pytest.fixture
def server() -> Iterator[ScriptedSmtp]:
    script = ScriptedSmtp()
    with script.running() as port:
        script.port = port
        yield script


@pytest.fixture
def mailer(server, store):
    return mailer_to(server.port, store)


def mailer_to(port: int, store: Any, **more: Any) -> Mailer:
    given = {"host": "127.0.0.1", "port": port, "security": "none", "user": "info@krovlya.ru", "password": "secret"}
    given |= {"name": "Кровля Плюс", "per_minute": 6000, "connect_timeout": 2, "read_timeout": 2, **more}
    return Mailer(SmtpSettings.model_validate(given), store, name="post")
