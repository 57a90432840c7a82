"""The two ways into an amoCRM account: a long-lived token, or OAuth with a refresh token that rotates on every use."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from pydantic import SecretStr

from connectors.amocrm.settings import OAuthSettings
from connectors.http import Http, Reply
from provodka.errors import Ambiguous, AuthFailed, ConnectorError, Rejected, Retryable
from provodka.stores import TokenPair, Tokens

AHEAD: Final = timedelta(minutes=10)
TOKEN_PATH: Final = "/oauth2/access_token"  # noqa: S105  # an address
REISSUE: Final = (
    "Долгосрочный токен amoCRM не принят: он истёк или отозван. Создайте новый в настройках интеграции "
    "(вкладка «Ключи и доступы») и поставьте его вместо старого."
)
REAUTHORIZE: Final = (
    "Доступ к amoCRM нужно выдать заново: скопируйте новый код авторизации из настроек интеграции "
    "(живёт 20 минут) в crm.oauth.code и перезапустите. Частая причина: тем же ключом пользуется вторая установка."
)


class Auth(Protocol):
    """Gives the access token of the moment."""

    def token(self) -> str:
        """The token to use now; may refresh it first."""

    def renew(self, used: str) -> str:
        """A token in the place of `used`, which was answered 401; raises AuthFailed where there is none."""


class LongLived:
    """A token that lives for years and cannot be refreshed."""

    def __init__(self, token: SecretStr) -> None:
        self._token = token

    def token(self) -> str:
        return self._token.get_secret_value()

    def renew(self, used: str) -> str:
        del used
        raise AuthFailed("the long-lived token is not accepted", hint=REISSUE, status=401)


class OAuth:
    """Token pairs of one account, shared through the journal by all processes.

    An access token lives 24 hours; a refresh token dies with its first use, so one refresher at a time works under the
    journal's lock, reads the pair anew inside, and saves the new pair before anybody uses it.
    """

    def __init__(
        self, settings: OAuthSettings, account: str, tokens: Tokens, http: Http, now: Callable[[], datetime]
    ) -> None:
        self._settings = settings
        self._account = account
        self._tokens = tokens
        self._http = http
        self._now = now
        self._pair: TokenPair | None = None
        self._mutex = threading.Lock()

    def token(self) -> str:
        pair = self._pair or self._tokens.load_tokens(self._account)
        if pair is not None and pair.expires_at - AHEAD > self._now():
            self._pair = pair
            return pair.access
        try:
            return self._rotate(pair.access if pair else "")
        except Retryable:
            if pair is None or pair.expires_at <= self._now():
                raise
            return pair.access  # refreshing ahead of time may wait; this token still opens the door

    def renew(self, used: str) -> str:
        return self._rotate(used)

    def _rotate(self, stale: str) -> str:
        """A pair in the place of `stale`: rotated by somebody else meanwhile, or by us now."""
        with self._mutex, self._tokens.lock(f"oauth:{self._account}", seconds=120):
            pair = self._tokens.load_tokens(self._account)
            if pair is None or pair.access == stale or pair.expires_at - AHEAD <= self._now():
                pair = self._exchange_any(pair)
                self._tokens.save_tokens(self._account, pair)
            self._pair = pair
            return pair.access

    def _exchange_any(self, pair: TokenPair | None) -> TokenPair:
        """Try the grants that there are: the stored refresh token first, then what the config gives."""
        refusal = AuthFailed("no code and no refresh token was given", hint=REAUTHORIZE)
        for grant in self._grants(pair):
            try:
                return self._exchange(grant)
            except AuthFailed as error:
                refusal = error
        raise refusal

    def _grants(self, pair: TokenPair | None) -> Iterator[dict[str, str]]:
        given = self._settings.refresh_token.get_secret_value() if self._settings.refresh_token else ""
        if pair is not None:
            yield {"grant_type": "refresh_token", "refresh_token": pair.refresh}
        if self._settings.code is not None:
            yield {"grant_type": "authorization_code", "code": self._settings.code.get_secret_value()}
        if given and (pair is None or given != pair.refresh):
            yield {"grant_type": "refresh_token", "refresh_token": given}

    def _exchange(self, grant: dict[str, str]) -> TokenPair:
        try:
            reply = self._ask(grant)
        except Ambiguous:
            # It may have rotated. The same token again tells: "revoked" means that the lost answer held the new pair.
            try:
                reply = self._ask(grant)
            except Ambiguous as again:
                raise Retryable(f"token endpoint: {again.reason}", status=again.status) from again
        return self._read(reply)

    def _ask(self, grant: dict[str, str]) -> Reply:
        settings = self._settings
        body = {
            "client_id": settings.client_id,
            "client_secret": settings.client_secret.get_secret_value(),
            "redirect_uri": settings.redirect_uri,
            **grant,
        }
        try:
            return self._http.call("POST", TOKEN_PATH, json=body, headers={}, private=True)
        except (Rejected, AuthFailed) as error:  # any 4xx here is final
            raise AuthFailed(f"token endpoint: {error.reason}", hint=REAUTHORIZE, status=error.status) from error

    def _read(self, reply: Reply) -> TokenPair:
        data = reply.data if isinstance(reply.data, dict) else {}
        try:
            life = timedelta(seconds=int(data["expires_in"]))
            return TokenPair(str(data["access_token"]), str(data["refresh_token"]), self._now().astimezone(UTC) + life)
        except (KeyError, ValueError) as error:
            raise AuthFailed("token endpoint: an answer without tokens", hint=REAUTHORIZE) from error


def not_carried_out(error: ConnectorError) -> ConnectorError:
    """The same fault, met while preparing a write: whatever became of the preparation, the write was not sent."""
    return Retryable(error.reason, hint=error.hint, status=error.status) if isinstance(error, Ambiguous) else error
