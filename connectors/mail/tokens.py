"""Access tokens of mailboxes: asked for once, kept in the journal, refreshed by one process at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Protocol
from urllib.parse import urlencode, urlsplit

from connectors.answers import Reply
from connectors.http import Http, Limit
from connectors.mail.settings import MailAccount, MailOAuth
from connectors.oauth import Auth, Desk, Grant, OAuth
from provodka.stores import Pace, Tokens

AHEAD: Final = timedelta(minutes=5)
IDLE: Final = timedelta(days=7)  # refresh tokens die of disuse in months
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


class Store(Tokens, Pace, Protocol):
    """What the tokens of a mailbox need of the journal."""


def open_auth(account: MailAccount, store: Store, now: Callable[[], datetime]) -> Auth | None:
    """Where the tokens of this mailbox come from; None where it is entered by password.

    Reading and sending of one mailbox share them: they are kept under application and mailbox.
    """
    oauth = account.oauth
    if oauth is None:
        return None
    return OAuth(
        f"mail:{oauth.client_id}:{account.user.casefold()}",
        store,
        _desk(account, oauth, store),
        now,
        refresh_token=oauth.refresh_token,
        own_grant=_service_grant(account) if oauth.service else None,
    )


def xoauth2(user: str, token: str) -> str:
    """The first answer of SASL XOAUTH2, before its base64."""
    return f"user={user}\1auth=Bearer {token}\1\1"


def _desk(account: MailAccount, oauth: MailOAuth, store: Store) -> Desk:
    provider = account.at_provider
    url = urlsplit((oauth.token_url or provider.token_url).format(tenant=oauth.tenant))
    http = Http(f"{url.scheme}://{url.netloc}", Limit(f"mail-tokens:{url.hostname}", per_second=2, burst=10), store)

    def ask(grant: Grant) -> Reply:
        secret = oauth.client_secret.get_secret_value()
        fields = {"client_id": oauth.client_id, **({"client_secret": secret} if secret else {}), **grant}
        if provider.scope and grant["grant_type"] == "refresh_token":
            fields["scope"] = provider.scope
        return http.call("POST", url.path, content=urlencode(fields).encode(), headers=_FORM, private=True)

    return Desk(ask, ahead=AHEAD, idle=IDLE, cure=provider.oauth_cure)


def _service_grant(account: MailAccount) -> Grant:
    return {name: value.format(user=account.user) for name, value in account.at_provider.service.items()}
