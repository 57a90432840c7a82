"""One connection to a mail server: opened, logged in, and never left hanging."""

from __future__ import annotations

import logging
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final, Literal

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError
from imapclient.imapclient import _parse_untagged_response

from connectors.mail.refusals import login_refused
from connectors.mail.settings import MailAccount
from connectors.oauth import Auth
from provodka.errors import AuthFailed, ConnectorError, Retryable

GRACE: Final = 1.0
_GLANCE: Final = 0.2

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Server:
    """The IMAP server of a mailbox, with the seconds that a connection and an answer may take.

    `prefix` stands before the names of its settings where cures name them (`sent.`).
    """

    account: MailAccount
    host: str
    port: int
    tls: bool | Literal["starttls"]
    connect: float
    answer: float
    prefix: str = ""

    @property
    def where(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.port}"


class _Client(IMAPClient):  # type: ignore[misc]  # IMAPClient ships no types
    """Its own `idle_check` does not wait for the socket, and takes a line whose end is under way for a broken one."""

    def idle_check(self, timeout: float | None = None) -> list[tuple[object, ...]]:
        """The lines told within `timeout` seconds; a line once begun is waited for as long as any answer."""
        told: list[tuple[object, ...]] = []
        while self._has_bytes(0 if told else timeout):
            told.append(_parse_untagged_response(self._imap._get_line()))
        return told

    def _has_bytes(self, timeout: float | None) -> bool:
        """Looks into the read buffer first: an EXISTS that came in one packet with «+ idling» wakes no socket."""
        sock = self.socket()
        sock.setblocking(False)
        try:
            return self._peek() or (bool(self._poll_socket(sock, timeout)) and self._peek())
        finally:
            self._set_read_timeout()

    def _peek(self) -> bool:
        try:
            return bool(self._imap.file.peek(1))
        except OSError:  # TLS has no whole record yet
            return False


@contextmanager
def logged_in(server: Server, auth: Auth | None = None, stop: threading.Event | None = None) -> Iterator[IMAPClient]:
    """A client after the login, by a token of `auth` where there is one.

    It is closed at the end, and cut off soon after `stop` even where the server keeps silent. Raises AuthFailed,
    RateLimited or Retryable, with the cure in `hint`; later commands raise OSError or IMAPClientError.
    """
    client = _open(server)
    done = threading.Event()
    guard = threading.Thread(target=_cut_off, args=(client, stop, done), name="imap-guard", daemon=True)
    if stop is not None:
        guard.start()
    try:
        _log_in(client, server, auth)
        client.normalise_times = False  # INTERNALDATE with its own zone, not in this machine's
        yield client
        client.logout()
    finally:
        done.set()
        if stop is not None:
            guard.join()
        _close(client)


def words(error: BaseException) -> str:
    """What the other side said, in one line."""
    text = str(error) or type(error).__name__
    return re.sub(r"\s+", " ", text.removeprefix("b'").removesuffix("'"))[:300]


def _open(server: Server) -> IMAPClient:
    timeout = SocketTimeout(connect=server.connect, read=server.answer)
    try:
        context = ssl.create_default_context(cafile=server.account.ca_file)
        client = _Client(server.host, server.port, ssl=server.tls is True, ssl_context=context, timeout=timeout)
    except ssl.SSLError as error:
        raise Retryable(f"no TLS with {server.where}: {words(error)}", hint=_tls_cure(server)) from error
    except (OSError, IMAPClientError) as error:
        names = f"{server.prefix}host и {server.prefix}port"
        cure = f"Проверьте {names} канала и доступ с этой машины к {server.where}."
        raise Retryable(f"cannot connect to {server.where}: {words(error)}", hint=cure) from error
    try:
        _keep_alive(client.socket())
        if server.tls == "starttls":
            client.starttls(context)
    except (OSError, IMAPClientError) as error:
        _close(client)
        raise Retryable(f"no TLS with {server.where}: {words(error)}", hint=_tls_cure(server)) from error
    return client


def _keep_alive(sock: socket.socket) -> None:
    """Have the system notice a peer that is gone: a firewall forgets a silent connection and tells nobody."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 20), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):  # not every system has them
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _log_in(client: IMAPClient, server: Server, auth: Auth | None) -> None:
    if auth is None:
        _by_password(client, server)
        return
    token = auth.token()
    try:
        _by_token(client, server, token)
    except AuthFailed:
        _by_token(client, server, auth.renew(token))


def _by_password(client: IMAPClient, server: Server) -> None:
    account = server.account
    password = account.password.get_secret_value() if account.password else ""
    try:
        client.login(account.user, password)
    except UnicodeError as error:
        cure = "В user или password есть буквы, которых вход по IMAP не передаёт: нужна латиница."
        raise AuthFailed("login and password must be ASCII for the LOGIN command of IMAP", hint=cure) from error
    except IMAPClientError as error:
        raise _not_let_in(server, error) from error


def _by_token(client: IMAPClient, server: Server, token: str) -> None:
    try:
        client.oauth2_login(server.account.user, token)
    except IMAPClientError as error:
        raise _not_let_in(server, error) from error


def _not_let_in(server: Server, error: IMAPClientError) -> ConnectorError:
    """IMAPClient turns every failure here into LoginError, a lost connection too; the reason is its context."""
    if isinstance(error.__context__, IMAPClientAbortError):
        cure = "Почтовый сервер оборвал вход; Provodka повторит сама."
        return Retryable(f"{server.host} did not log in {server.account.user}: {words(error)}", hint=cure)
    return login_refused(server.account, words(error), server.host)


def _tls_cure(server: Server) -> str:
    return (
        f"Сертификат или порт сервера {server.host} не подходит. Для порта 143 укажите {server.prefix}tls: starttls; "
        "для своего сертификата укажите его файл в ca_file."
    )


def _cut_off(client: IMAPClient, stop: threading.Event, done: threading.Event) -> None:
    """A thread that waits for a silent server cannot look at `stop`; closing the socket under it wakes it."""
    while not done.wait(_GLANCE):
        if stop.is_set() and not done.wait(GRACE):
            with suppress(OSError):  # closed meanwhile
                socket.socket.shutdown(client.socket(), socket.SHUT_RDWR)
            return


def _close(client: IMAPClient) -> None:
    try:
        client.shutdown()
    except OSError as error:
        log.debug("closing the connection: %s", error)
