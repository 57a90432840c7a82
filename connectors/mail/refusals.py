"""What a mail server means when it does not let us in, by the words of the providers."""

from __future__ import annotations

import re
from typing import Final

from connectors.mail.settings import MailAccount
from provodka.errors import AuthFailed, ConnectorError, RateLimited, Retryable

CROWDED_WAIT: Final = 300.0  # seconds; providers count connections and traffic for minutes

_CROWDED: Final = re.compile(
    r"\[LIMIT\]|too many|simultaneous|bandwidth|exceeded command|rate.?limit|throttl|\[INUSE\]", re.IGNORECASE
)
# RFC 5530 response codes, and words of servers that do not send them: the login is right, the moment is not
_NOT_NOW: Final = re.compile(
    r"\[(?:UNAVAILABLE|SERVERBUG)\]|try again|temporar|later|authenticated but not connected", re.IGNORECASE
)
_ADMIN: Final = re.compile(
    r"basic ?auth|legacy auth|administrator|disabled by (?:your )?admin|policy|администратор", re.IGNORECASE
)
_NO_IMAP: Final = re.compile(
    r"not enabled for imap|imap is disabled|imap4? (?:access )?(?:is )?(?:disabled|not enabled|off)|imap access", re.I
)
_FULL: Final = re.compile(r"\[OVERQUOTA\]|quota|mailbox (?:is )?full", re.IGNORECASE)
_BROWSER: Final = re.compile(r"\[WEBALERT|web browser|captcha", re.IGNORECASE)


_PASSING: Final = re.compile(r"\[(?:UNAVAILABLE|OVERQUOTA)\]|try again|temporar", re.IGNORECASE)


def held_back(account: MailAccount, said: str) -> RateLimited | None:
    """Where a command of an open mailbox was refused for the moment, and not for what it asked: how long to wait."""
    if not (_CROWDED.search(said) or _PASSING.search(said)):
        return None
    cure = f"Провайдер придержал ящик {account.user}: слишком много скачано или подключено. Provodka продолжит сама."
    return RateLimited(f"{account.host} holds back {account.user}: {said}", hint=cure, wait=CROWDED_WAIT)


def login_refused(account: MailAccount, said: str, host: str = "") -> ConnectorError:
    """The error for a refused login, with the cure in the provider's cabinet. `said` are the server's words, `host` is
    the server where that is not the account's own.

    AuthFailed is not to be tried again soon: providers lock a mailbox that is knocked at. RateLimited brings the
    seconds to wait.
    """
    provider, host = account.at_provider, host or account.host
    refusal = f"{host} refused the login of {account.user}: {said}"
    if _CROWDED.search(said):
        cure = (
            f"Слишком много подключений к ящику {account.user} или слишком много скачано: закройте лишние почтовые "
            "программы. Provodka повторит сама."
        )
        return RateLimited(f"{host} did not log in {account.user}: {said}", hint=cure, wait=CROWDED_WAIT)
    if _NOT_NOW.search(said):
        cure = "Почтовый сервер временно не пускает в ящик; Provodka повторит сама."
        return Retryable(f"{host} did not log in {account.user}: {said}", hint=cure)
    if _FULL.search(said):
        return AuthFailed(refusal, hint=f"Ящик {account.user} переполнен: освободите место или увеличьте квоту.")
    if _ADMIN.search(said):
        return AuthFailed(refusal, hint=provider.admin_cure)
    if account.oauth is not None:
        return AuthFailed(refusal, hint=f"{provider.oauth_cure} {provider.imap_cure}")
    if _BROWSER.search(said):
        cure = f"Провайдер просит подтвердить вход: войдите в ящик {account.user} в браузере. {provider.login_cure}"
        return AuthFailed(refusal, hint=cure)
    if _NO_IMAP.search(said) and "invalid credentials" not in said.lower():
        return AuthFailed(refusal, hint=provider.imap_cure)
    return AuthFailed(refusal, hint=f"{provider.login_cure} {provider.imap_cure}")
