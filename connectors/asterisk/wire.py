"""AMI on a socket: blocks of `Key: Value` lines, each ended by an empty line.

A blocking reader, since the channel has a thread of its own anyway (docs/decisions/libraries.md).
"""

from __future__ import annotations

import contextlib
import itertools
import socket
import ssl
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final, Self

from connectors.asterisk.settings import AsteriskSettings
from provodka.errors import Ambiguous, AuthFailed, ConnectorError, Rejected, Retryable

Block = Mapping[str, str]
"""A message by its keys, as written; of a key that repeats, the first."""

CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 10.0
_LONGEST: Final = 1024 * 1024
_GREETING: Final = b"Asterisk Call Manager"
_NO_LOGIN: Final = "Проверьте user и secret канала и раздел этого пользователя в manager.conf (permit, enabled)"
_NO_RIGHT: Final = "Добавьте пользователю AMI в manager.conf права: write = originate,system"
_NO_ASTERISK: Final = "По этому адресу отвечает не AMI: проверьте host и port (manager.conf: enabled, bindaddr, port)"


class Ami:
    """One connection, logged in. Raises ConnectorError; Retryable where it is gone."""

    def __init__(self, settings: AsteriskSettings, events: str = "on") -> None:
        self._rest = b""
        self._ahead: deque[Block] = deque()
        self._numbers = itertools.count(1)
        self._socket = _connected(settings)
        self.last_heard = time.monotonic()
        try:
            self._greeting()
            self._login(settings, events)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Say good-bye where somebody still listens."""
        with contextlib.suppress(OSError):
            self._socket.settimeout(0.2)
            self._socket.sendall(b"Action: Logoff\r\n\r\n")
        with contextlib.suppress(OSError):
            self._socket.close()

    def next(self, seconds: float) -> Block | None:
        """The next event; None where none comes in that time. Answers to pings only show that somebody is there."""
        until = time.monotonic() + seconds
        while True:
            block = self._ahead.popleft() if self._ahead else self._block(until - time.monotonic())
            if block is None or "Event" in block:
                return block

    def ping(self) -> None:
        """Ask for a sign of life; it is heard with the events."""
        self._send([("Action", "Ping"), ("ActionID", self._number())])

    def ask(self, action: str, fields: Sequence[tuple[str, str]] = (), id_: str = "") -> Block:
        """The Response to an action; events that come before it wait for `next`. Ambiguous where none comes."""
        id_ = id_ or self._number()
        try:
            self._send([("Action", action), ("ActionID", id_), *fields])
        except Retryable as error:
            raise Ambiguous(f"{action} may have been sent: {error.reason}") from error
        until = time.monotonic() + ANSWER_SECONDS
        while True:
            try:
                block = self._block(until - time.monotonic())
            except Retryable as error:
                raise Ambiguous(f"{action} was sent, but {error.reason}") from error
            if block is None:
                raise Ambiguous(f"{action} was sent, but no answer came")
            if "Response" in block and block.get("ActionID") == id_:
                return block
            if "Event" in block:
                self._ahead.append(block)

    def listed(self, action: str, event: str) -> list[Block]:
        """What an action lists: its events up to the one that says that the list is complete."""
        id_ = self._number()
        answer = self.ask(action, id_=id_)
        if refusal := refused(answer):
            raise refusal
        found: list[Block] = []
        others: list[Block] = []
        while (block := self.next(ANSWER_SECONDS)) is not None:
            if block.get("ActionID") != id_:
                others.append(block)
            elif block["Event"] == event:
                found.append(block)
            else:
                self._ahead.extendleft(reversed(others))
                return found
        raise Retryable(f"the list of {action} was not ended")

    def _greeting(self) -> None:
        until = time.monotonic() + CONNECT_SECONDS
        while b"\n" not in self._rest:
            if not self._rest.startswith(_GREETING[: len(self._rest)]) or not self._read(until - time.monotonic()):
                break
        line, _, self._rest = self._rest.partition(b"\n")
        if not line.startswith(_GREETING):
            raise Rejected("no Asterisk Call Manager answers there", hint=_NO_ASTERISK)

    def _login(self, settings: AsteriskSettings, events: str) -> None:
        secret = settings.secret.get_secret_value()
        try:
            answer = self.ask("Login", [("Username", settings.user), ("Secret", secret), ("Events", events)])
        except Ambiguous as error:
            raise Retryable(f"no login: {error.reason}") from error
        if answer.get("Response") != "Success":
            raise AuthFailed(f"AMI: {answer.get('Message', 'the login was refused')}", hint=_NO_LOGIN)

    def _number(self) -> str:
        return f"provodka-{next(self._numbers)}"

    def _send(self, fields: Sequence[tuple[str, str]]) -> None:
        for name, value in fields:
            if "\r" in value or "\n" in value:
                raise Rejected(f"{name} holds a line break", hint="Уберите перевод строки из номера или настроек")
        text = "".join(f"{name}: {value}\r\n" for name, value in fields) + "\r\n"
        try:
            self._socket.settimeout(ANSWER_SECONDS)
            self._socket.sendall(text.encode())
        except OSError as error:
            raise Retryable(f"the connection to AMI broke off ({type(error).__name__})") from error

    def _block(self, seconds: float) -> Block | None:
        until = time.monotonic() + max(seconds, 0)
        while (end := _end_of_block(self._rest)) is None:
            if len(self._rest) > _LONGEST:
                raise Retryable("AMI sent a message without an end")
            if not self._read(until - time.monotonic()):
                return None
        raw, self._rest = self._rest[: end[0]], self._rest[end[1] :]
        return _parsed(raw) if raw.strip() else self._block(until - time.monotonic())

    def _read(self, seconds: float) -> bool:
        """Whether something came in that time. Raises Retryable at the end of the stream."""
        try:
            self._socket.settimeout(max(seconds, 0.001))
            piece = self._socket.recv(65536)
        except TimeoutError:
            return False
        except OSError as error:
            raise Retryable(f"the connection to AMI broke off ({type(error).__name__})") from error
        if not piece:
            raise Retryable("AMI has closed the connection")
        self.last_heard = time.monotonic()
        self._rest += piece
        return True


def refused(answer: Block) -> ConnectorError | None:
    """What the Response of an action says against it."""
    if answer.get("Response") != "Error":
        return None
    words = answer.get("Message", "refused")
    if "permission" in words.lower():
        return Rejected(f"AMI: {words}", hint=_NO_RIGHT)
    return Rejected(f"AMI: {words}", hint="Проверьте originate в настройках канала: channel, context и номер")


def _connected(settings: AsteriskSettings) -> socket.socket:
    try:
        plain = socket.create_connection((settings.host, settings.port), CONNECT_SECONDS)
    except OSError as error:
        raise Retryable(f"no connection to AMI at {settings.host}:{settings.port} ({type(error).__name__})") from error
    if not settings.tls:
        return plain
    try:
        return ssl.create_default_context().wrap_socket(plain, server_hostname=settings.host)
    except OSError as error:
        plain.close()
        raise Retryable(f"no TLS with AMI at {settings.host}:{settings.port} ({type(error).__name__})") from error


def _end_of_block(data: bytes) -> tuple[int, int] | None:
    """Where a block ends and where the next one begins."""
    found = [(at, at + len(mark)) for mark in (b"\r\n\r\n", b"\n\n") if (at := data.find(mark)) >= 0]
    return min(found, default=None)


def _parsed(raw: bytes) -> Block:
    block: dict[str, str] = {}
    for line in raw.decode("utf-8", "replace").splitlines():
        name, colon, value = line.partition(":")
        if colon:
            block.setdefault(name.strip(), value.strip().replace("\x00", ""))
    return block
