"""OAuth 2 of a local application: codes of 30 seconds, access tokens of an hour, pairs that rotate on each refresh."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from sandbox.bitrix24.errors import Json, RestError
from sandbox.bitrix24.seed import Seed
from sandbox.bitrix24.store import Store

CODE_LIFE = 30
ACCESS_LIFE = 3600
REFRESH_LIFE = 180 * 86400
KEPT = 2000
LIVE, USED, DEAD = "live", "used", "dead"


class OAuth:
    """Issues and checks tokens. `clock` gives unix seconds. Callers hold the store's lock."""

    def __init__(self, store: Store, seed: Seed, clock: Callable[[], float]) -> None:
        self.store = store
        self.seed = seed
        self.clock = clock

    def access(self, token: str) -> Json:
        """The grant of an access token."""
        grant = self.store.get("grants", token)
        if grant is None or grant["kind"] != "access" or grant["state"] != LIVE:
            raise RestError("invalid_token", "Unable to get application by token", 401)
        if grant["expires_at"] <= self.clock():
            raise RestError("expired_token", "The access token provided has expired.", 401)
        return grant

    def exchange(self, params: Json, base: str) -> Json:
        """`/oauth/token/`: a pair for a code or for a refresh token; a wrong client is told with HTTP 200."""
        if params.get("client_id") != self.seed.client_id:
            raise RestError("wrong_client", "Wrong client", 200)
        if params.get("client_secret") != self.seed.client_secret:
            raise RestError("invalid_client", "Invalid client credentials")
        if params.get("grant_type") == "authorization_code":
            grant = self._spend("code", params.get("code"), "Invalid authorization code")
        elif params.get("grant_type") == "refresh_token":
            grant = self._spend("refresh", params.get("refresh_token"), "Invalid refresh token")
        else:
            raise RestError("invalid_request", "The grant_type parameter is missing or unknown")
        return {**self.issue(grant["user_id"]), **self.place(base)}

    def place(self, base: str) -> Json:
        """Where the portal and its authorization server are."""
        return {
            "client_endpoint": f"{base}/rest/",
            "server_endpoint": f"{base}/rest/",
            "domain": base.partition("//")[2],
            "member_id": self.seed.member_id,
        }

    def issue(self, user_id: int, *, hops: int | None = None, lasting: bool = True) -> Json:
        """A new pair; without `lasting` the access token only. `hops` marks tokens that travel in events."""
        now = int(self.clock())
        access = self._grant("access", user_id, now + ACCESS_LIFE, hops=hops)
        pair: Json = {
            "access_token": access["id"],
            "expires": now + ACCESS_LIFE,
            "expires_in": ACCESS_LIFE,
            "scope": ",".join(self.seed.app_scopes),
            "status": "L",
            "user_id": user_id,
        }
        if lasting:
            pair["refresh_token"] = self._grant("refresh", user_id, now + REFRESH_LIFE, twin=access["id"])["id"]
        return pair

    def code(self, user_id: int) -> str:
        """A code for one exchange within 30 seconds."""
        return str(self._grant("code", user_id, int(self.clock()) + CODE_LIFE)["id"])

    def offer(self, base: str, user_id: int) -> Json:
        """`GET /_sandbox/oauth`: everything a client or a test needs to enter as that user."""
        pair = self.issue(user_id)
        return {
            "client_id": self.seed.client_id,
            "client_secret": self.seed.client_secret,
            "redirect_uri": self.seed.redirect_uri,
            "application_token": self.seed.application_token,
            "code": self.code(user_id),
            **pair,
            **self.place(base),
        }

    def expire(self) -> None:
        """End every access token; refresh tokens live on."""
        for grant in list(self.store.table("grants").values()):
            if grant["kind"] == "access":
                grant["expires_at"] = 0
                self.store.put("grants", grant["id"], grant)

    def revoke(self) -> None:
        """What an uninstalled application is left with: nothing issued so far works."""
        for grant in list(self.store.table("grants").values()):
            self._end(grant, DEAD)

    def _spend(self, kind: str, raw: object, wrong: str) -> Json:
        grant = self.store.get("grants", str(raw))
        if grant is None or grant["kind"] != kind or grant["state"] != LIVE or grant["expires_at"] <= self.clock():
            raise RestError("invalid_grant", wrong)
        self._end(grant, USED)
        twin = self.store.get("grants", grant["twin"] or "")
        if twin is not None:
            self._end(twin, DEAD)
        return grant

    def _end(self, grant: Json, state: str) -> None:
        grant["state"] = state
        self.store.put("grants", grant["id"], grant)

    def _grant(self, kind: str, user_id: int, expires_at: int, *, hops: int | None = None, twin: str = "") -> Json:
        grant: Json = {
            "id": secrets.token_hex(35),
            "kind": kind,
            "user_id": user_id,
            "expires_at": expires_at,
            "state": LIVE,
            "hops": hops,
            "twin": twin,
        }
        self._forget_old()
        self.store.put("grants", grant["id"], grant)
        return grant

    def _forget_old(self) -> None:
        """Every event issues a token; those that are over would pile up."""
        grants = self.store.table("grants")
        if len(grants) % KEPT == KEPT - 1:
            now = self.clock()
            for key in [key for key, row in grants.items() if row["state"] == DEAD or row["expires_at"] <= now]:
                self.store.drop("grants", key)
