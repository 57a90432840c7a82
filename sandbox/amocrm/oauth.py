"""OAuth 2 of the account: single-use codes, tokens shaped as JWTs, a refresh token that rotates on every exchange."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable

from sandbox.amocrm.model import Grant, Json, User
from sandbox.amocrm.problems import Raw
from sandbox.amocrm.store import Store

LONG_LIVED = "sandbox"
CODE_LIFE = 20 * 60
ACCESS_LIFE = 86400
REFRESH_LIFE = 90 * 86400


class OAuth:
    """Issues and checks tokens. `clock` gives unix seconds. Callers hold the store's lock."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self.store = store
        self.clock = clock
        self.long_lived = True

    def user(self, authorization: str) -> User | None:
        """Whose token an Authorization header carries; None where it opens nothing."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return None
        if token == LONG_LIVED:
            return self.store.token_user() if self.long_lived else None
        grant = self.store.grants.get(token)
        if grant is None or grant.kind != "access" or grant.state != "live" or grant.expires_at <= self.clock():
            return None
        return self._user_of(grant.user_id)

    def exchange(self, body: object, host: str) -> Json:
        """`POST /oauth2/access_token`; raises the OAuth problem with the vendor's hint."""
        if not isinstance(body, dict):
            raise problem("Check the `client_id` parameter", 401)
        seed = self.store.seed
        if body.get("client_id") != seed.client_id:
            raise problem("Check the `client_id` parameter")
        if body.get("client_secret") != seed.client_secret:
            raise problem("Check the `client_secret` parameter")
        if body.get("redirect_uri") != seed.redirect_uri:
            raise problem("Redirect URI is not associated with client")
        if body.get("grant_type") == "authorization_code":
            spent = self._spend_code(str(body.get("code")))
        elif body.get("grant_type") == "refresh_token":
            spent = self._spend_refresh(str(body.get("refresh_token")))
        else:
            raise problem("Check the `grant_type` parameter")
        return self.issue(host, spent.user_id)

    def issue(self, host: str, user_id: int | None = None) -> Json:
        """A new pair, as the token endpoint answers it; with the rights of a user, the administrator's without one."""
        now = int(self.clock())
        access = self._grant("access", self._jwt(now, host, user_id), now + ACCESS_LIFE, user_id)
        refresh = self._grant("refresh", f"def50200{secrets.token_hex(120)}", now + REFRESH_LIFE, user_id)
        return {
            "token_type": "Bearer",
            "expires_in": ACCESS_LIFE,
            "access_token": access.id,
            "refresh_token": refresh.id,
            "server_time": now,
        }

    def code(self, user_id: int | None = None) -> Grant:
        """A new authorization code, as consent gives it: good once, for 20 minutes."""
        return self._grant("code", f"def502{secrets.token_hex(60)}", int(self.clock()) + CODE_LIFE, user_id)

    def offer(self, host: str, user_id: int | None = None) -> Json:
        """`GET /_sandbox/oauth`: everything a client or a test needs to enter, as a user or as the administrator."""
        seed, now = self.store.seed, self.clock()
        live = [grant for grant in self.store.grants.values() if grant.state == "live" and grant.expires_at > now]
        newest = {grant.kind: grant for grant in live if grant.user_id == user_id}
        code = newest.get("code") or self.code(user_id)
        if "access" not in newest or "refresh" not in newest:
            pair = self.issue(host, user_id)
        else:
            pair = {"access_token": newest["access"].id, "refresh_token": newest["refresh"].id}
        return {
            "client_id": seed.client_id,
            "client_secret": seed.client_secret,
            "redirect_uri": seed.redirect_uri,
            "code": code.id,
            "access_token": pair["access_token"],
            "refresh_token": pair["refresh_token"],
            "long_lived_token": LONG_LIVED if self.long_lived else None,
        }

    def expire(self) -> None:
        """End every access token; refresh tokens live on."""
        for grant in self.store.grants.values():
            if grant.kind == "access":
                grant.expires_at = 0
                self.store.touch("grants", grant.id)

    def revoke(self) -> None:
        """What happens when the account switches the integration off: nothing issued so far works."""
        for grant in self.store.grants.values():
            grant.state = "revoked"
            self.store.touch("grants", grant.id)

    def account_of(self, refresh_token: str, domain: str) -> Json | None:
        """`GET /oauth2/account/current/subdomain`, by refresh token."""
        grant = self.store.grants.get(refresh_token)
        return self.account(domain) if grant and grant.kind == "refresh" and grant.state == "live" else None

    def account(self, domain: str) -> Json:
        seed = self.store.seed
        return {"id": seed.account_id, "subdomain": seed.subdomain, "domain": domain, "top_level_domain": "ru"}

    def _spend_code(self, code: str) -> Grant:
        grant = self.store.grants.get(code)
        if grant is None or grant.kind != "code":
            raise problem("Cannot decrypt the authorization code")
        if grant.state != "live":
            raise problem("Authorization code has been revoked")
        if grant.expires_at <= self.clock():
            raise problem("Authorization code has expired")
        return self._use(grant)

    def _spend_refresh(self, token: str) -> Grant:
        grant = self.store.grants.get(token)
        if grant is None or grant.kind != "refresh":
            raise problem("Invalid refresh token")
        if grant.state != "live":
            raise problem("Token has been revoked", 401)
        if grant.expires_at <= self.clock():
            raise problem("Token has expired", 401)
        return self._use(grant)

    def _use(self, grant: Grant) -> Grant:
        grant.state = "used"
        self.store.touch("grants", grant.id)
        return grant

    def _user_of(self, user_id: int | None) -> User | None:
        return self.store.token_user() if user_id is None else self.store.users.get(user_id)

    def _grant(self, kind: str, text: str, expires_at: int, user_id: int | None = None) -> Grant:
        grant = Grant(text, kind, expires_at, user_id=user_id)
        self.store.add("grants", grant)
        return grant

    def _jwt(self, now: int, host: str, user_id: int | None) -> str:
        seed = self.store.seed
        claims = {
            "aud": seed.client_id,
            "jti": secrets.token_hex(40),
            "iat": now,
            "nbf": now,
            "exp": now + ACCESS_LIFE,
            "sub": str(user_id or self.store.token_user().id),
            "grant_type": "",
            "account_id": seed.account_id,
            "base_domain": "amocrm.ru",
            "version": 2,
            "scopes": ["crm", "notifications"],
            "api_domain": host,
        }
        head = f"{_part({'typ': 'JWT', 'alg': 'HS256'})}.{_part(claims)}"
        mark = hmac.new(seed.client_secret.encode(), head.encode(), hashlib.sha256).digest()
        return f"{head}.{base64.urlsafe_b64encode(mark).rstrip(b'=').decode()}"


def disconnect_query(store: Store) -> Json:
    """The signed query of the disconnect hook: HMAC-SHA256 of `client_uuid|account_id` by the client secret."""
    seed = store.seed
    message = f"{seed.client_id}|{seed.account_id}"
    mark = hmac.new(seed.client_secret.encode(), message.encode(), hashlib.sha256).hexdigest()
    return {"account_id": seed.account_id, "client_uuid": seed.client_id, "signature": mark}


def problem(hint: str, status: int = 400) -> Raw:
    """An error of the token endpoint."""
    body = {
        "hint": hint,
        "title": "Некорректный запрос",
        "type": "https://developers.amocrm.ru/v3/errors/OAuthProblemJson",
        "status": status,
        "detail": "В запросе отсутствует ряд параметров или параметры невалидны",
    }
    return Raw(status, body)


def _part(claims: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
