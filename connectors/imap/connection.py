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
from typing import Final

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError
from imapclient.imapclient import _parse_untagged_response

from connectors.imap.settings import ImapSettings
from connectors.mail.refusals import login_refused
from connectors.oauth import Auth
from provodka.errors import AuthFailed, ConnectorError, Retryable

GRACE: Final = 1.0
_GLANCE: Final = 0.2

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient a mailbox is, in seconds.

    `idle`: IDLE is renewed after this at the latest; NAT tables forget sooner than the 29 minutes of RFC 2177.
    `answer`: a server silent for so long after a command is taken for dead. `refused`: between two logins after a
    refused one, because providers lock mailboxes that are knocked at. `crowded`: the longest pause where there are too
    many connections. `others`: between two questions to the folders that IDLE does not watch.
    """

    connect: float = 10
    answer: float = 60
    idle: float = 540
    glance: float = 0.5
    refused: float = 900
    crowded: float = 300
    others: float = 10
    first_retry: float = 1
    last_retry: float = 300


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
def logged_in(
    settings: ImapSettings, pace: Pace, stop: threading.Event, auth: Auth | None = None
) -> Iterator[IMAPClient]:
    """A client after the login, by a token of `auth` where there is one.

    It is closed at the end, and cut off soon after `stop` even where the server keeps silent. Raises AuthFailed,
    RateLimited or Retryable, with the cure in `hint`; later commands raise OSError or IMAPClientError.
    """
    client = _open(settings, pace)
    done = threading.Event()
    guard = threading.Thread(target=_cut_off, args=(client, stop, done), name="imap-guard", daemon=True)
    guard.start()
    try:
        _log_in(client, settings, auth)
        client.normalise_times = False  # INTERNALDATE with its own zone, not in this machine's
        yield client
        client.logout()
    finally:
        done.set()
        guard.join()
        _close(client)


def words(error: BaseException) -> str:
    """What the other side said, in one line."""
    text = str(error) or type(error).__name__
    return re.sub(r"\s+", " ", text.removeprefix("b'").removesuffix("'"))[:300]


def _open(settings: ImapSettings, pace: Pace) -> IMAPClient:
    timeout = SocketTimeout(connect=pace.connect, read=pace.answer)
    where = f"{settings.host}:{settings.port}"
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
        client = _Client(settings.host, settings.port, ssl=settings.tls is True, ssl_context=context, timeout=timeout)
    except ssl.SSLError as error:
        raise Retryable(f"no TLS with {where}: {words(error)}", hint=_tls_cure(settings)) from error
    except (OSError, IMAPClientError) as error:
        cure = f"Проверьте host и port канала и доступ с этой машины к {where}."
        raise Retryable(f"cannot connect to {where}: {words(error)}", hint=cure) from error
    try:
        _keep_alive(client.socket())
        if settings.tls == "starttls":
            client.starttls(context)
    except (OSError, IMAPClientError) as error:
        _close(client)
        raise Retryable(f"no TLS with {where}: {words(error)}", hint=_tls_cure(settings)) from error
    return client


def _keep_alive(sock: socket.socket) -> None:
    """Have the system notice a peer that is gone: a firewall forgets a silent connection and tells nobody."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 20), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):  # not every system has them
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _log_in(client: IMAPClient, settings: ImapSettings, auth: Auth | None) -> None:
    if auth is None:
        _by_password(client, settings)
        return
    token = auth.token()
    try:
        _by_token(client, settings, token)
    except AuthFailed:
        _by_token(client, settings, auth.renew(token))


def _by_password(client: IMAPClient, settings: ImapSettings) -> None:
    password = settings.password.get_secret_value() if settings.password else ""
    try:
        client.login(settings.user, password)
    except UnicodeError as error:
        cure = "В user или password есть буквы, которых вход по IMAP не передаёт: нужна латиница."
        raise AuthFailed("login and password must be ASCII for the LOGIN command of IMAP", hint=cure) from error
    except IMAPClientError as error:
        raise _not_let_in(settings, error) from error


def _by_token(client: IMAPClient, settings: ImapSettings, token: str) -> None:
    try:
        client.oauth2_login(settings.user, token)
    except IMAPClientError as error:
        raise _not_let_in(settings, error) from error


def _not_let_in(settings: ImapSettings, error: IMAPClientError) -> ConnectorError:
    """IMAPClient turns every failure here into LoginError, a lost connection too; the reason is its context."""
    if isinstance(error.__context__, IMAPClientAbortError):
        cure = "Почтовый сервер оборвал вход; Provodka повторит сама."
        return Retryable(f"{settings.host} did not log in {settings.user}: {words(error)}", hint=cure)
    return login_refused(settings, words(error))


def _tls_cure(settings: ImapSettings) -> str:
    return (
        f"Сертификат или порт сервера {settings.host} не подходит. Для порта 143 укажите tls: starttls; для своего "
        "сертификата укажите его файл в ca_file."
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
