"""An id token and the keys that prove it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import (
    BadSignatureError,
    ClaimError,
    ExpiredTokenError,
    InvalidKeyCurveError,
    JoseError,
    UnsupportedKeyAlgorithmError,
    UnsupportedKeyOperationError,
)
from joserfc.jwk import JWKRegistry, Key, KeySet
from joserfc.jws import JWSRegistry, extract_compact

from connectors.openid.why import Why
from provodka.errors import Rejected

LEEWAY: Final = 60  # seconds by which two clocks may differ
_PAUSE: Final = timedelta(seconds=15)  # between two questions for keys: a forged token must not make us ask each time
_KEPT: Final = timedelta(hours=1)  # a key that the provider has withdrawn is not trusted for longer
_ANOTHER_KEY: Final = (
    BadSignatureError,
    InvalidKeyCurveError,
    UnsupportedKeyAlgorithmError,
    UnsupportedKeyOperationError,
)  # the right one may stand behind it: a token need not name its key

_BY_CLAIM: Final = {
    "iss": Why.ISSUER,
    "aud": Why.AUDIENCE,
    "azp": Why.AUDIENCE,
    "exp": Why.EXPIRED,
    "iat": Why.EXPIRED,
    "nbf": Why.EXPIRED,
    "nonce": Why.NONCE,
}


@dataclass(frozen=True, slots=True)
class Expected:
    """What an id token has to say."""

    issuer: str
    client_id: str
    nonce: str
    access_token: str
    signatures: Sequence[str]


class Keys:
    """The provider's public keys. They change now and then: a token of an unknown key, or of a known name that proves
    nothing, makes them be asked for anew, once."""

    def __init__(self, ask: Callable[[], object], now: Callable[[], datetime]) -> None:
        self._ask = ask
        self._now = now
        self._known: tuple[Key, ...] = ()
        self._asked_at: datetime | None = None

    def proven(self, token: str, signatures: Sequence[str]) -> jwt.Token:
        """The token, if one of the keys has signed it in one of these ways; Rejected else."""
        header = _header(token)
        if header.get("alg") not in signatures:
            raise Rejected("the id token is signed in a way that proves nothing", code=Why.SIGNATURE)
        if self._is_older_than(_KEPT):
            self._refresh()
        found = _decoded(token, self._fitting(header), signatures)
        if found is None and self._is_older_than(_PAUSE):
            self._refresh()
            found = _decoded(token, self._fitting(header), signatures)
        if found is None:
            raise Rejected("no key of the provider has signed the id token", code=Why.SIGNATURE)
        return found

    def count(self) -> int:
        """How many there are now, asked for anew."""
        self._refresh()
        return len(self._known)

    def _fitting(self, header: Mapping[str, Any]) -> list[Key]:
        kid, types = header.get("kid"), KeySet.algorithm_keys[header["alg"]]
        return [
            key
            for key in self._known
            if key.key_type in types and key.get("use") in (None, "sig") and kid in (None, key.get("kid"))
        ]

    def _is_older_than(self, age: timedelta) -> bool:
        return self._asked_at is None or self._now() - self._asked_at >= age

    def _refresh(self) -> None:
        data = self._ask()
        self._asked_at = self._now()
        told = data.get("keys") if isinstance(data, dict) else None
        keys = told if isinstance(told, list) else ()
        self._known = tuple(key for one in keys if (key := _key(one)) is not None)
        if not self._known:
            raise Rejected("the provider tells of no key that could be read", code=Why.SIGNATURE)


def _key(data: Any) -> Key | None:  # noqa: ANN401 -- any JSON
    """None for one that we have no use for: others of the same set may be good."""
    try:
        return JWKRegistry.import_key(data)
    except (JoseError, AttributeError, KeyError, TypeError, ValueError):
        return None


def verified(token: str, keys: Keys, expected: Expected, now: datetime) -> Mapping[str, Any]:
    """The claims of an id token that is genuine, meant for us, of this very sign-in, and not too old. Rejected, with a
    `Why`, for any other."""
    found = keys.proven(token, expected.signatures)
    options = {
        "iss": {"essential": True, "value": expected.issuer},
        "aud": {"essential": True, "value": expected.client_id},
    }
    params = {"nonce": expected.nonce, "client_id": expected.client_id, "access_token": expected.access_token}
    claims = CodeIDToken(found.claims, found.header, options, params)
    try:
        claims.validate(now=int(now.timestamp()), leeway=LEEWAY)
    except ExpiredTokenError as error:
        raise Rejected("the id token has expired", code=Why.EXPIRED) from error
    except ClaimError as error:
        name = error.claim
        raise Rejected(f"the id token is not ours: {name}", code=_BY_CLAIM.get(name, Why.TOKEN)) from error
    return dict(claims)


def _header(token: str) -> Mapping[str, Any]:
    try:
        return extract_compact(token.encode()).headers()
    except (JoseError, ValueError) as error:
        raise Rejected("the id token cannot be read", code=Why.TOKEN) from error


def _decoded(token: str, keys: Sequence[Key], signatures: Sequence[str]) -> jwt.Token | None:
    """None where none of these keys has signed it."""
    registry = JWSRegistry(algorithms=list(signatures), strict_check_header=False)
    for key in keys:
        try:
            return jwt.decode(token, key, registry=registry)
        except _ANOTHER_KEY:
            continue
        except (JoseError, ValueError) as error:
            raise Rejected("the id token cannot be read", code=Why.TOKEN) from error
    return None
