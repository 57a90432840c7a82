"""Token pairs that rotate on every refresh, shared through the journal by all processes of one account."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from pydantic import SecretStr

from connectors.answers import Reply
from provodka.errors import Ambiguous, AuthFailed, ConnectorError, Rejected, Retryable
from provodka.stores import TokenPair, Tokens

Grant = dict[str, str]
Ask = Callable[[Grant], Reply]


class Auth(Protocol):
    """Gives the access token of the moment."""

    def token(self) -> str:
        """The token to use now; may refresh it first."""

    def renew(self, used: str) -> str:
        """A token in the place of `used`, which was not accepted; raises AuthFailed where there is none."""

    def keep_alive(self) -> None:
        """Refresh what would die of disuse; called every hour."""


@dataclass(frozen=True, slots=True)
class Desk:
    """How a vendor hands out tokens.

    `ask` sends a grant to its token endpoint. A token is refreshed `ahead` of its end; one that nobody has used since
    `idle` after its end is refreshed by `keep_alive`, since refresh tokens die too. `cure` is for support.
    """

    ask: Ask
    ahead: timedelta
    idle: timedelta
    cure: str


class OAuth:
    """Token pairs of one account.

    A refresh token dies with its first use, so one refresher at a time works under the journal's lock, reads the pair
    anew inside, and saves the new pair before anybody uses it; where the vendor gives no new one, the old one lives on
    (RFC 6749, 6). `code` and `refresh_token` are what the config gives; by `own_grant` the vendor gives a token to the
    application alone, with no refresh token.
    """

    def __init__(
        self,
        account: str,
        tokens: Tokens,
        desk: Desk,
        now: Callable[[], datetime],
        *,
        code: SecretStr | None = None,
        refresh_token: SecretStr | None = None,
        own_grant: Grant | None = None,
    ) -> None:
        self._account = account
        self._tokens = tokens
        self._desk = desk
        self._now = now
        self._code = code
        self._given = refresh_token
        self._own_grant = own_grant
        self._pair: TokenPair | None = None
        self._mutex = threading.Lock()

    def token(self) -> str:
        pair = self._pair or self._tokens.load_tokens(self._account)
        if pair is not None and pair.expires_at - self._desk.ahead > self._now():
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

    def keep_alive(self) -> None:
        pair = self._tokens.load_tokens(self._account)
        if pair is None or pair.expires_at + self._desk.idle <= self._now():
            self._rotate(pair.access if pair else "")

    def _rotate(self, stale: str) -> str:
        """A pair in the place of `stale`: rotated by somebody else meanwhile, or by us now."""
        with self._mutex, self._tokens.lock(f"oauth:{self._account}", seconds=120):
            pair = self._tokens.load_tokens(self._account)
            if pair is None or pair.access == stale or pair.expires_at - self._desk.ahead <= self._now():
                pair = self._exchange_any(pair)
                self._tokens.save_tokens(self._account, pair)
            self._pair = pair
            return pair.access

    def _exchange_any(self, pair: TokenPair | None) -> TokenPair:
        """Try the grants that there are: the stored refresh token first, then what the config gives."""
        refusal = AuthFailed("no code and no refresh token was given", hint=self._desk.cure)
        for grant in self._grants(pair):
            try:
                return self._exchange(grant)
            except AuthFailed as error:
                refusal = error
        raise refusal

    def _grants(self, pair: TokenPair | None) -> Iterator[Grant]:
        given = self._given.get_secret_value() if self._given else ""
        if pair is not None and pair.refresh:
            yield {"grant_type": "refresh_token", "refresh_token": pair.refresh}
        if self._code is not None:
            yield {"grant_type": "authorization_code", "code": self._code.get_secret_value()}
        if given and (pair is None or given != pair.refresh):
            yield {"grant_type": "refresh_token", "refresh_token": given}
        if self._own_grant:
            yield self._own_grant

    def _exchange(self, grant: Grant) -> TokenPair:
        try:
            reply = self._ask(grant)
        except Ambiguous:
            # It may have rotated. The same token again tells: "revoked" means that the lost answer held the new pair.
            try:
                reply = self._ask(grant)
            except Ambiguous as again:
                raise Retryable(f"token endpoint: {again.reason}", status=again.status) from again
        return self._read(reply, grant.get("refresh_token", ""))

    def _ask(self, grant: Grant) -> Reply:
        try:
            return self._desk.ask(grant)
        except (Rejected, AuthFailed) as error:  # any 4xx here is final
            raise AuthFailed(f"token endpoint: {error.reason}", hint=self._desk.cure, status=error.status) from error

    def _read(self, reply: Reply, kept: str) -> TokenPair:
        data = reply.data if isinstance(reply.data, dict) else {}
        try:
            life = timedelta(seconds=int(data["expires_in"]))
            refresh = data.get("refresh_token") or kept
            if not (refresh or self._own_grant):
                raise KeyError("refresh_token")
            return TokenPair(str(data["access_token"]), str(refresh), self._now().astimezone(UTC) + life)
        except (KeyError, ValueError) as error:
            raise AuthFailed("token endpoint: an answer without tokens", hint=self._desk.cure) from error


def not_carried_out(error: ConnectorError) -> ConnectorError:
    """The same fault, met while preparing a write: whatever became of the preparation, the write was not sent."""
    return Retryable(error.reason, hint=error.hint, status=error.status) if isinstance(error, Ambiguous) else error
