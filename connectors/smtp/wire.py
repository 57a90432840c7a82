"""One connection to a mail server: opened, logged in, and every answer of it read for what it means."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from connectors.mail.tokens import xoauth2
from connectors.oauth import Auth
from connectors.smtp.refusals import NO_ADDRESS, NO_SENDER, REFUSED, TOO_LARGE, login_refusal, refusal
from connectors.smtp.settings import SmtpSettings
from provodka.errors import Ambiguous, AuthFailed, ConnectorError, Rejected, Retryable

# as smtplib sends lines: a dot that begins one is doubled
_DOT: Final = re.compile(rb"(?m)^\.")

AWAY: Final = "Проверьте host, port и security почтового канала и доступ с этой машины к {where}."


class Connection:
    """After the login. `broken` tells that no more letters can be sent by it."""

    def __init__(self, smtp: smtplib.SMTP, settings: SmtpSettings) -> None:
        self._smtp = smtp
        self._settings = settings
        self._to = ""
        self.broken = False

    def send(self, to: str, letter: bytes) -> str:
        """The server's last words. Raises Retryable, Rejected, RateLimited, or Ambiguous once the letter itself was on
        its way."""
        self._to = to
        size = self._room_for(letter)
        self._ask(f"MAIL FROM:<{self._settings.address}>{size}", NO_SENDER)
        self._ask(f"RCPT TO:<{to}>", NO_ADDRESS)
        self._ask("DATA", REFUSED, good=3)
        try:
            self._smtp.send(_DOT.sub(b"..", letter) + (b"" if letter.endswith(b"\r\n") else b"\r\n") + b".\r\n")
            code, words = self._smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self.broken = True
            raise Ambiguous(f"the connection broke off while the letter was being sent: {said(error)}") from error
        return self._judge(code, words, REFUSED, 2)

    def _room_for(self, letter: bytes) -> str:
        """The size as MAIL FROM tells it to servers that ask (RFC 1870); one that is too large is not even begun."""
        if not self._smtp.has_extn("size"):
            return ""
        most = self._smtp.esmtp_features.get("size", "").strip()
        if most.isdigit() and 0 < int(most) < len(letter):
            raise Rejected(f"the letter has {len(letter)} bytes, the server takes {most}", hint=TOO_LARGE, status=552)
        return f" SIZE={len(letter)}"

    def _ask(self, command: str, hint: str, good: int = 2) -> None:
        try:
            code, words = self._smtp.docmd(command)
        except (OSError, smtplib.SMTPException) as error:
            self.broken = True
            raise Retryable(f"the connection broke off before the letter: {said(error)}") from error
        self._judge(code, words, hint, good)

    def _judge(self, code: int, words: bytes, hint: str, good: int) -> str:
        text = said(words)
        if code // 100 == good:
            return text
        if code == 421:
            self.broken = True
        self._begin_anew()
        raise refusal(code, text, hint, self._settings, self._to)

    def _begin_anew(self) -> None:
        """The next letter is not to hang on this one."""
        if not self.broken:
            try:
                self._smtp.rset()
            except (OSError, smtplib.SMTPException):
                self.broken = True


@contextmanager
def logged_in(settings: SmtpSettings, auth: Auth | None = None) -> Iterator[Connection]:
    """A connection after AUTH (by a token of `auth` where there is one), closed at the end. Raises AuthFailed or
    Retryable, with the cure in `hint`."""
    where = f"{settings.host}:{settings.at}"
    try:
        smtp = _open(settings)
    except (OSError, smtplib.SMTPException) as error:
        raise Retryable(f"cannot connect to {where}: {said(error)}", hint=AWAY.format(where=where)) from error
    try:
        _log_in(smtp, settings, auth)
        yield Connection(smtp, settings)
    finally:
        with suppress(OSError, smtplib.SMTPException):  # it has said what it had to say
            smtp.quit()
        smtp.close()


def _open(settings: SmtpSettings) -> smtplib.SMTP:
    context = ssl.create_default_context(cafile=settings.ca_file)
    if settings.security == "tls":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(
            settings.host, settings.at, timeout=settings.connect_timeout, context=context
        )
    else:
        smtp = smtplib.SMTP(settings.host, settings.at, timeout=settings.connect_timeout)
    try:
        if settings.security == "starttls":
            smtp.starttls(context=context)
        smtp.ehlo()
    except BaseException:
        smtp.close()
        raise
    if smtp.sock is not None:
        smtp.sock.settimeout(settings.read_timeout)
    return smtp


def _log_in(smtp: smtplib.SMTP, settings: SmtpSettings, auth: Auth | None) -> None:
    if auth is None:
        password = settings.password.get_secret_value() if settings.password else ""
        _enter(settings, lambda: smtp.login(settings.user, password))
        return
    token = auth.token()
    try:
        _enter(settings, lambda: _by_token(smtp, settings.user, token))
    except AuthFailed:
        renewed = auth.renew(token)
        _enter(settings, lambda: _by_token(smtp, settings.user, renewed))


def _by_token(smtp: smtplib.SMTP, user: str, token: str) -> object:
    """A server that refuses tells why in a challenge, and waits for an empty answer."""
    return smtp.auth("XOAUTH2", lambda challenge=None: xoauth2(user, token) if challenge is None else "")


def _enter(settings: SmtpSettings, log_in: Callable[[], object]) -> None:
    try:
        log_in()
    except smtplib.SMTPAuthenticationError as error:
        raise login_refusal(error.smtp_code, said(error.smtp_error), settings) from error
    except smtplib.SMTPNotSupportedError as error:
        cure = settings.at_provider.login_cure
        raise AuthFailed(f"{settings.host} offers no login: {said(error)}", hint=cure) from error
    except UnicodeError as error:
        raise AuthFailed("login and password must be ASCII", hint=settings.at_provider.login_cure) from error
    except (OSError, smtplib.SMTPException) as error:
        raise Retryable(f"the connection broke off at the login: {said(error)}") from error


def said(words: bytes | str | BaseException) -> str:
    """What the other side said, in one line."""
    if isinstance(words, smtplib.SMTPResponseException):
        words = words.smtp_error
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words) or type(words).__name__
    return " ".join(text.split())[:300]


def cause(error: ConnectorError) -> str:
    """An error in one sentence with its cure."""
    return f"{error.reason}. {error.hint}".strip()
