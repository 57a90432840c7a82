"""Sign-in by somebody else's word: to the provider with the person, back with a code, and what it says of them.

Authlib speaks OAuth (the address to go to, the exchange of the code, PKCE), joserfc knows signatures. Authlib's own
client for Flask is not used: it keeps time by the machine's clock, keeps what it has read of the provider for good, and
asks with sessions that take proxies and passwords of the environment.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Self

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from requests.adapters import HTTPAdapter

from connectors.answers import Reply, by_status, explain, parse
from connectors.http import new_session, settled, surroundings
from connectors.openid.client import Client
from connectors.openid.identity import Identity, groups_in, told_by
from connectors.openid.metadata import WELL_KNOWN, Metadata, read
from connectors.openid.tokens import Expected, Keys, verified
from connectors.openid.why import Why
from provodka.errors import ConnectorError, Rejected, Retryable
from provodka.readiness import Remark, Weight

_TIMEOUTS: Final = (3.0, 5.0)  # seconds: somebody waits before the page
_AT_ONCE: Final = 2  # threads that may wait for the provider; the others belong to webhooks
_PATIENCE: Final = 2.0
_KEPT: Final = timedelta(hours=1)
_AWAY: Final = timedelta(seconds=15)  # for so long a provider that did not answer is not asked again
_AWAY_CURE: Final = "Проверьте console.openid.issuer и то, открывается ли этот адрес с этой машины."


@dataclass(frozen=True, slots=True)
class Asked:
    """What one sign-in is known by: `state` comes back with the browser, `nonce` in the id token; `verifier` proves
    that whoever brings the code is whoever has asked for it."""

    state: str
    nonce: str
    verifier: str = field(repr=False)

    @classmethod
    def anew(cls) -> Self:
        """One that nobody can guess."""
        return cls(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48))


class Provider:
    """One provider, for all threads. What it tells of itself is kept for an hour. Everything may raise ConnectorError:
    `Retryable` where it is away, `Rejected` with a `Why` for its code where somebody is not to be let in."""

    def __init__(self, client: Client, now: Callable[[], datetime]) -> None:
        self._client = client
        self._now = now
        self._keys = Keys(lambda: self._get(self._metadata().jwks_uri), now)
        self._line = threading.BoundedSemaphore(_AT_ONCE)
        self._known: tuple[Metadata, datetime] | None = None
        self._away: tuple[ConnectorError, datetime] | None = None

    def authorization_url(self, asked: Asked, back: str, *, again: bool = False) -> str:
        """Where to send the browser; it comes back to `back`. `again`: somebody else may sign in there now."""
        known = self._at_once()
        session = self._session(known, back)
        url: str = session.create_authorization_url(
            known.authorization_endpoint,
            state=asked.state,
            nonce=asked.nonce,
            code_verifier=asked.verifier,
            **({"prompt": "login"} if again else {}),
        )[0]
        return url

    def identity(self, code: str, asked: Asked, back: str) -> Identity:
        """Who has come back with this code."""
        with self._turn():
            known = self._metadata()
            token = self._exchange(known, code, asked.verifier, back)
            signed, access = token.get("id_token"), str(token.get("access_token") or "")
            if not isinstance(signed, str) or not signed:
                raise Rejected("the provider gave no id token", code=Why.TOKEN)
            expected = Expected(known.issuer, self._client.client_id, asked.nonce, access, known.signatures)
            claims = verified(signed, self._keys, expected, self._now())
            more = self._userinfo(known, access, claims) if self._lacks(claims) else {}
        return told_by(claims, more, self._client.claim, signed)

    def leaving_url(self, id_token: str, back: str) -> str:
        """Where to send the browser to end the session there too; empty where the provider tells no such address."""
        end = self._at_once().end_session_endpoint
        if not end:
            return ""
        hint = {"id_token_hint": id_token} if id_token else {}
        params = {"client_id": self._client.client_id, "post_logout_redirect_uri": back, **hint}
        return str(requests.Request("GET", end, params=params).prepare().url)

    def check(self, back: str) -> Iterator[Remark]:
        """What would keep people out, for `provodka check --online`; paths lead on from the section `openid`."""
        known = self._metadata()
        if not known.signatures:
            yield Remark(("issuer",), "the provider signs in no way that we trust", "Включите у поставщика RS256.")
        challenges = known.code_challenge_methods_supported
        if challenges and "S256" not in challenges:
            yield Remark(("issuer",), "the provider knows no PKCE (S256)", "Включите у поставщика PKCE S256.")
        self._keys.count()
        claim, claims = self._client.claim, known.claims_supported
        if claim and claims and claim.partition(".")[0] not in claims:
            cure = f"Если группы не видны, включите у поставщика отдачу «{claim}» этому приложению."
            yield Remark(("claim",), f"the provider does not list the claim «{claim}»", cure, Weight.WARNING)
        yield from self._try_secret(known, back)

    def _try_secret(self, known: Metadata, back: str) -> Iterator[Remark]:
        """A code that nobody has given out: whoever refuses the code alone has accepted the secret."""
        try:
            self._exchange(known, "provodka-check", secrets.token_urlsafe(48), back)
        except Rejected as error:
            if error.code == Why.CLIENT:
                cure = "Сверьте client_id и client_secret с приложением у поставщика."
                yield Remark(("client_secret",), f"the provider does not know us: {error.reason}", cure)

    def _at_once(self) -> Metadata:
        """What it tells of itself. Whoever finds it known waits for nobody who waits for the provider."""
        if (kept := self._kept()) is not None:
            return kept
        with self._turn():
            return self._metadata()

    def _metadata(self) -> Metadata:
        if (kept := self._kept()) is None:
            try:
                kept = read(self._get(self._client.issuer.rstrip("/") + WELL_KNOWN), self._client.issuer)
            except ConnectorError as error:
                self._away = (error, self._now())
                kept = self._before(error)
            else:
                self._known, self._away = (kept, self._now()), None
        return kept

    def _kept(self) -> Metadata | None:
        """What need not be asked for now; None where it has to be. Raises while the provider is away."""
        now = self._now()
        if self._known is not None and now - self._known[1] < _KEPT:
            return self._known[0]
        away = self._away  # read once: whoever has a turn may have an answer at this moment
        if away is not None and now - away[1] < _AWAY:
            return self._before(away[0])
        return None

    def _before(self, failed: ConnectorError) -> Metadata:
        """What it told more than an hour ago, which is most likely still so."""
        if self._known is not None:
            return self._known[0]
        cure = failed.hint if isinstance(failed, Rejected) and failed.hint else _AWAY_CURE
        raise type(failed)(failed.reason, hint=cure, code=failed.code)

    def _exchange(self, known: Metadata, code: str, verifier: str, back: str) -> Mapping[str, Any]:
        session = self._session(known, back)
        try:
            with session:
                token: Mapping[str, Any] = session.fetch_token(
                    known.token_endpoint,
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=verifier,
                    allow_redirects=False,
                )
        except OAuthError as error:
            is_ours = error.error in ("invalid_client", "unauthorized_client")
            raise Rejected(f"the provider answers {error.error}", code=Why.CLIENT if is_ours else Why.CODE) from error
        except requests.HTTPError as error:
            raise Retryable(f"the provider answers HTTP {error.response.status_code}") from error
        except (ValueError, RecursionError) as error:
            raise Retryable("the provider's answer is no JSON") from error
        except requests.RequestException as error:
            raise explain(error, write=False) from error
        return token

    def _lacks(self, claims: Mapping[str, Any]) -> bool:
        return not claims.get("email") or bool(self._client.claim and not groups_in(claims, self._client.claim))

    def _userinfo(self, known: Metadata, access: str, claims: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the id token leaves out. It has to be about the same person (OpenID Connect Core 1.0, 5.3.2)."""
        if not known.userinfo_endpoint or not access:
            return {}
        found = self._get(known.userinfo_endpoint, {"Authorization": f"Bearer {access}"})
        if not isinstance(found, dict) or found.get("sub") != claims["sub"]:
            raise Rejected("the provider's userinfo is about somebody else", code=Why.SUBJECT)
        return found

    def _get(self, url: str, headers: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 -- any JSON
        try:
            with new_session(HTTPAdapter(max_retries=0), surroundings(url)) as session:
                answer = session.get(url, headers=headers, timeout=_TIMEOUTS, allow_redirects=False)
        except requests.RequestException as error:
            raise explain(error, write=False) from error
        reply = Reply(answer.status_code, {}, answer.content, parse(answer.content), write=False)
        if judged := by_status(reply):
            raise judged
        return reply.data

    def _session(self, known: Metadata, back: str) -> Any:  # noqa: ANN401 -- Authlib has no types
        session = OAuth2Session(
            self._client.client_id,
            self._client.secret,
            token_endpoint_auth_method=known.method,
            scope=known.scope(self._client.claim),
            redirect_uri=back,
            code_challenge_method="S256",
            default_timeout=_TIMEOUTS,
        )
        return settled(session, HTTPAdapter(max_retries=0), surroundings(known.token_endpoint))

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """A slow provider must not hold all threads of the process that takes webhooks."""
        if not self._line.acquire(timeout=_PATIENCE):
            raise Retryable("others are waiting for the provider already")
        try:
            yield
        finally:
            self._line.release()
