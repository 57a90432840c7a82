"""The played provider of OpenID Connect: as strict as a real one."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests

from sandbox.openid import CLIENT_ID, SECRET, OpenId

BACK = "http://127.0.0.1:9/back"
VERIFIER = "a-verifier-that-is-long-enough-for-rfc-7636-0123"


@pytest.fixture
def provider() -> Iterator[OpenId]:
    with OpenId() as provider:
        yield provider


def answered(provider: OpenId, **changed: str) -> dict[str, str]:
    """What the browser brings back."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
    asked = {"client_id": CLIENT_ID, "redirect_uri": BACK, "response_type": "code", "scope": "openid", "state": "s"}
    asked |= {"nonce": "n", "code_challenge": challenge, "code_challenge_method": "S256", "sub": "1001"}
    answer = requests.get(f"{provider.url}/authorize", params=asked | changed, allow_redirects=False, timeout=30)
    return {name: some[0] for name, some in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def exchanged(provider: OpenId, code: str, secret: str = SECRET, **changed: str) -> tuple[int, dict[str, Any]]:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER}
    answer = requests.post(f"{provider.url}/token", data=form | changed, auth=(CLIENT_ID, secret), timeout=30)
    return answer.status_code, answer.json()


def test_a_code_gives_a_token_that_the_published_key_proves(provider: OpenId) -> None:
    back = answered(provider)
    assert back["state"] == "s"
    _, given = exchanged(provider, back["code"])
    keys = jwt.PyJWKClient(f"{provider.url}/keys")
    key = keys.get_signing_key_from_jwt(given["id_token"])
    claims = jwt.decode(given["id_token"], key, algorithms=["ES256"], audience=CLIENT_ID, issuer=provider.url)
    assert (claims["nonce"], claims["email"]) == ("n", "olga@krovlya.ru")
    bearer = {"Authorization": f"Bearer {given['access_token']}"}
    assert requests.get(f"{provider.url}/userinfo", headers=bearer, timeout=30).json()["groups"] == ["support"]


def test_a_code_serves_once_and_only_whoever_has_asked_for_it(provider: OpenId) -> None:
    code = answered(provider)["code"]
    assert exchanged(provider, code)[0] == 200
    assert exchanged(provider, code) == (400, {"error": "invalid_grant"})
    assert exchanged(provider, answered(provider)["code"], code_verifier="another")[1] == {"error": "invalid_grant"}
    assert exchanged(provider, answered(provider)["code"], redirect_uri=f"{BACK}2")[1] == {"error": "invalid_grant"}
    assert exchanged(provider, answered(provider)["code"], "wrong") == (401, {"error": "invalid_client"})
    assert requests.get(f"{provider.url}/userinfo", timeout=30).status_code == 401


def test_what_is_asked_otherwise_than_it_should_is_refused(provider: OpenId) -> None:
    assert answered(provider, response_type="token") == {"error": "invalid_request", "state": "s"}
    assert answered(provider, code_challenge_method="plain") == {"error": "invalid_request", "state": "s"}
    assert answered(provider, scope="email") == {"error": "invalid_request", "state": "s"}
    assert answered(provider, refuse="1") == {"error": "access_denied", "state": "s"}
    stranger = requests.get(f"{provider.url}/authorize", params={"client_id": "x"}, timeout=30)
    assert stranger.status_code == 400
