"""One connection to a mail server: opened, logged in, and every answer of it read for what it means."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from connectors.smtp.settings import SmtpSettings
from provodka.errors import Ambiguous, AuthFailed, ConnectorError, Rejected, Retryable

# as smtplib sends lines: a dot that begins one is doubled
_DOT: Final = re.compile(rb"(?m)^\.")

NO_LOGIN: Final = (
    "Проверьте user и password почтового канала. Яндекс, Mail.ru и Gmail принимают только пароль приложения."
)
NO_ADDRESS: Final = "Почта {to} не принимает письма: такого адреса нет или ящик закрыт. Проверьте адрес клиента."
NO_SENDER: Final = "Почтовый сервер не даёт писать от имени {sender}: укажите в from адрес самого ящика."
REFUSED: Final = "Почтовый сервер не взял письмо: прочтите его ответ (спам, размер, лимит отправки)."
AWAY: Final = "Проверьте host, port и security почтового канала и доступ с этой машины к {where}."


class Connection:
    """After the login. `broken` tells that no more letters can be sent by it."""

    def __init__(self, smtp: smtplib.SMTP, settings: SmtpSettings) -> None:
        self._smtp = smtp
        self._settings = settings
        self.broken = False

    def send(self, to: str, letter: bytes) -> str:
        """The server's last words. Raises Retryable, Rejected, or Ambiguous once the letter itself was on its way."""
        sender = self._settings.address
        self._ask(f"MAIL FROM:<{sender}>", NO_SENDER.format(sender=sender))
        self._ask(f"RCPT TO:<{to}>", NO_ADDRESS.format(to=to))
        self._ask("DATA", REFUSED, good=3)
        try:
            self._smtp.send(_DOT.sub(b"..", letter) + (b"" if letter.endswith(b"\r\n") else b"\r\n") + b".\r\n")
            code, words = self._smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self.broken = True
            raise Ambiguous(f"the connection broke off while the letter was being sent: {said(error)}") from error
        return self._judge(code, words, REFUSED, 2)

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
        if code // 100 == 5:
            raise Rejected(text, hint=hint, status=code)
        raise Retryable(text, hint=hint, status=code)

    def _begin_anew(self) -> None:
        """The next letter is not to hang on this one."""
        if not self.broken:
            try:
                self._smtp.rset()
            except (OSError, smtplib.SMTPException):
                self.broken = True


@contextmanager
def logged_in(settings: SmtpSettings) -> Iterator[Connection]:
    """A connection after AUTH, closed at the end. Raises AuthFailed or Retryable, with the cure in `hint`."""
    where = f"{settings.host}:{settings.at}"
    try:
        smtp = _open(settings)
    except (OSError, smtplib.SMTPException) as error:
        raise Retryable(f"cannot connect to {where}: {said(error)}", hint=AWAY.format(where=where)) from error
    try:
        _log_in(smtp, settings)
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


def _log_in(smtp: smtplib.SMTP, settings: SmtpSettings) -> None:
    try:
        smtp.login(settings.user, settings.password.get_secret_value())
    except smtplib.SMTPAuthenticationError as error:
        if error.smtp_code // 100 == 4:
            raise Retryable(said(error.smtp_error), hint=NO_LOGIN, status=error.smtp_code) from error
        raise AuthFailed(said(error.smtp_error), hint=NO_LOGIN, status=error.smtp_code) from error
    except smtplib.SMTPNotSupportedError as error:
        raise AuthFailed(f"{settings.host} offers no login: {said(error)}", hint=NO_LOGIN) from error
    except UnicodeError as error:
        raise AuthFailed("login and password must be ASCII", hint=NO_LOGIN) from error
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
