"""Emulator of a provider of OpenID Connect: people to choose from, codes, signed id tokens, userinfo, sign-out.

By OpenID Connect Core 1.0 (3.1), Discovery 1.0, RP-Initiated Logout 1.0 and PKCE (RFC 7636). Who may come back where is
not looked at; everything else is refused as a strict provider refuses it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, Final
from urllib.parse import urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from flask import Response, jsonify, redirect, request

from sandbox.base import Emulator

CLIENT_ID, SECRET = "provodka", "sandbox"  # the sandbox's published secret
_CODE_LIVES: Final = 60.0
_TOKEN_LIVES: Final = 300
_PAGE: Final = """<!doctype html><html lang="ru"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<title>Учебный сервис входа</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:3rem auto;padding:0 1rem}}
a{{display:block;padding:.6rem .9rem;margin:.5rem 0;border:1px solid #868f98;border-radius:6px;color:#0b5cad}}</style>
<main><h1>{title}</h1>{body}</main></html>"""


@dataclass(frozen=True)
class Someone:
    """A person whom the provider knows; `claims` as it tells them."""

    sub: str
    claims: Mapping[str, Any]


PEOPLE: Final = (
    Someone("1001", {"name": "Ольга", "email": "olga@krovlya.ru", "email_verified": True, "groups": ["support"]}),
    Someone("1002", {"name": "Иван", "email": "ivan@krovlya.ru", "email_verified": True, "groups": ["admins"]}),
    Someone("1003", {"name": "Пётр", "email": "petr@krovlya.ru", "email_verified": True, "groups": []}),
    Someone("1004", {"name": "Вера", "email": "vera@krovlya.ru", "email_verified": False, "groups": []}),
)


@dataclass
class Key:
    """A key that signs, and what the world is told of it."""

    kid: str
    private: Any
    algorithm: str

    @classmethod
    def made(cls, kid: str, algorithm: str = "ES256") -> Key:
        """A new one."""
        if algorithm == "RS256":
            return cls(kid, rsa.generate_private_key(public_exponent=65537, key_size=2048), algorithm)
        return cls(kid, ec.generate_private_key(ec.SECP256R1()), algorithm)

    def public(self) -> dict[str, Any]:
        """As it stands among the keys."""
        told: dict[str, Any] = json.loads(jwt.get_algorithm_by_name(self.algorithm).to_jwk(self.private.public_key()))
        return {**told, "kid": self.kid, "use": "sig", "alg": self.algorithm}


@dataclass
class Twist:
    """What the provider does otherwise than it should, or than most do. `claims` replace those of the id token (None
    takes one away), `signer` signs in the place of the published key, `hidden` are told by userinfo alone."""

    claims: dict[str, Any] = field(default_factory=dict)
    hidden: tuple[str, ...] = ()
    userinfo: dict[str, Any] = field(default_factory=dict)
    signer: Key | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Code:
    person: Someone
    asked: Mapping[str, str]
    until: float


class OpenId(Emulator):
    """The provider. Its issuer is its address. Any number of people may sign in at once."""

    threads = 4

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        super().__init__("openid")
        self._now = now
        self._lock = threading.Lock()
        self.reset()
        routes: Iterable[tuple[str, Callable[[], Any], list[str]]] = (
            ("/.well-known/openid-configuration", self._metadata, ["GET"]),
            ("/keys", self._told_keys, ["GET"]),
            ("/authorize", self._authorize, ["GET"]),
            ("/token", self._token, ["POST"]),
            ("/userinfo", self._userinfo, ["GET"]),
            ("/leave", self._leave, ["GET"]),
            ("/", self._front, ["GET"]),
        )
        for rule, view, methods in routes:
            self.app.add_url_rule(rule, view_func=view, methods=methods)

    def reset(self) -> None:
        """The first people, one key, nobody signed in."""
        self.people = {one.sub: one for one in PEOPLE}
        self.keys = [Key.made("first")]
        self.twist = Twist()
        self._codes: dict[str, _Code] = {}
        self._access: dict[str, Someone] = {}

    def objects(self) -> dict[str, int]:
        """How many people there are."""
        return {"people": len(self.people)}

    def rotate(self, kid: str = "second", algorithm: str = "ES256") -> None:
        """Sign by a new key from now on; the old one is told no more."""
        self.keys = [Key.made(kid, algorithm)]

    def _metadata(self) -> Response:
        told = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "jwks_uri": f"{self.url}/keys",
            "end_session_endpoint": f"{self.url}/leave",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": sorted({key.algorithm for key in self.keys}),
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": ["openid", "email", "profile", "groups"],
            "claims_supported": ["sub", "name", "email", "email_verified", "groups"],
        }
        return jsonify({**told, **self.twist.metadata})

    def _told_keys(self) -> Response:
        return jsonify({"keys": [key.public() for key in self.keys]})

    def _authorize(self) -> Any:  # noqa: ANN401 -- a page, or a way back
        asked = request.args.to_dict()
        if asked.get("client_id") != CLIENT_ID or not asked.get("redirect_uri"):
            return _page("Кто это?", "<p>Такого приложения здесь нет.</p>"), 400
        wrong = asked.get("response_type") != "code" or asked.get("code_challenge_method") != "S256"
        if wrong or "openid" not in asked.get("scope", "").split():
            return _back(asked, error="invalid_request")
        if "refuse" in asked:
            return _back(asked, error="access_denied")
        person = self.people.get(asked.get("sub", ""))
        if person is None:
            return self._choice(asked), 200
        code = secrets.token_urlsafe(16)
        with self._lock:
            self._codes[code] = _Code(person, asked, self._now() + _CODE_LIVES)
        return _back(asked, code=code)

    def _choice(self, asked: Mapping[str, str]) -> str:
        links = [
            f'<a href="?{escape(urlencode({**asked, "sub": sub}))}">{escape(one.claims["name"])}, '
            f"{escape(one.claims['email'])}</a>"
            for sub, one in self.people.items()
        ]
        refuse = f'<a href="?{escape(urlencode({**asked, "refuse": "1"}))}">Не входить</a>'
        return _page("Кто входит?", "".join([*links, refuse]))

    def _token(self) -> tuple[Response, int]:
        given = request.authorization
        if given is None or (given.username, given.password) != (CLIENT_ID, SECRET):
            return jsonify(error="invalid_client"), 401
        with self._lock:
            code = self._codes.pop(request.form.get("code", ""), None)
        if code is None or code.until < self._now() or not _is_proved(code.asked, request.form):
            return jsonify(error="invalid_grant"), 400
        access = secrets.token_urlsafe(16)
        with self._lock:
            self._access[access] = code.person
        signer = self.twist.signer or self.keys[0]
        claims = self._claims(code.person, code.asked.get("nonce", ""), access)
        token = jwt.encode(claims, signer.private, signer.algorithm, headers={"kid": signer.kid})
        told = {"access_token": access, "token_type": "Bearer", "expires_in": _TOKEN_LIVES, "id_token": token}
        return jsonify(told), 200

    def _claims(self, person: Someone, nonce: str, access: str) -> dict[str, Any]:
        now = int(self._now())
        about = {name: value for name, value in person.claims.items() if name not in self.twist.hidden}
        whole = {
            "iss": self.url,
            "sub": person.sub,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + _TOKEN_LIVES,
            "nonce": nonce,
            "at_hash": _encoded(hashlib.sha256(access.encode()).digest()[:16]),
            **about,
            **self.twist.claims,
        }
        return {name: value for name, value in whole.items() if value is not None}

    def _userinfo(self) -> Response | tuple[Response, int]:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        person = self._access.get(token)
        if person is None:
            return jsonify(error="invalid_token"), 401
        return jsonify({"sub": person.sub, **person.claims, **self.twist.userinfo})

    def _leave(self) -> Any:  # noqa: ANN401 -- a page, or a way back
        back = request.args.get("post_logout_redirect_uri")
        return redirect(back) if back else _page("Вы вышли", "")

    def _front(self) -> str:
        people = "".join(f"<li>{escape(one.claims['email'])}</li>" for one in self.people.values())
        return _page("Учебный сервис входа", f"<p>Приложение {CLIENT_ID}, секрет {SECRET}.</p><ul>{people}</ul>")


def _is_proved(asked: Mapping[str, str], form: Mapping[str, str]) -> bool:
    """Whether the code is brought by whoever has asked for it, to the same address (RFC 7636, 4.6)."""
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    return _encoded(digest) == asked.get("code_challenge") and form.get("redirect_uri") == asked["redirect_uri"]


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _back(asked: Mapping[str, str], **told: str) -> Any:  # noqa: ANN401 -- Flask's redirect
    state = {"state": asked["state"]} if "state" in asked else {}
    return redirect(f"{asked['redirect_uri']}?{urlencode({**told, **state})}")


def _page(title: str, body: str) -> str:
    return _PAGE.format(title=escape(title), body=body)
