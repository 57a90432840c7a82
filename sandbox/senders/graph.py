"""What all senders of Meta have in common: the signature, the check of an address, errors, and a picture to send."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any, Final

import requests
from flask import Response, jsonify, request

from sandbox.senders.http import PATIENCE, Signing, post

JSON: Final = "application/json"
TOKEN: Final = "sandbox"  # noqa: S105  # the sandbox's published key
PICTURE: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def hub_sign(secret: str, body: bytes) -> str:
    """`sha256=` and the hex HMAC-SHA256 of the raw body."""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def post_signed(url: str, body: dict[str, Any], secret: str, signing: Signing = Signing.GOOD) -> requests.Response:
    """One delivery. Cyrillic travels as \\uXXXX, as Meta is said to send it."""
    raw = json.dumps(body).encode()
    headers = {"X-Hub-Signature-256": hub_sign(f"not {secret}" if signing is Signing.WRONG else secret, raw)}
    if signing is Signing.MISSING:
        headers = {}
    if signing is Signing.TAMPERED:
        raw += b" "
    return post(url, raw, JSON, headers)


def check_address(url: str, verify_token: str) -> requests.Response:
    """The check when an address is saved: the reply must be the bare challenge."""
    asked = {"hub.mode": "subscribe", "hub.verify_token": verify_token, "hub.challenge": "1158201444"}
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, params=asked, timeout=PATIENCE)


def envelope(kind: str, account: str, field: str, value: dict[str, Any]) -> dict[str, Any]:
    """A delivery of one change."""
    return {"object": kind, "entry": [{"id": account, "changes": [{"field": field, "value": value}]}]}


def refuse(status: int, code: int, message: str, subcode: int = 0) -> Response:
    """An error as the Graph API words it."""
    error: dict[str, Any] = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "sandbox"}
    if subcode:
        error["error_subcode"] = subcode
    answer = jsonify({"error": error})
    answer.status_code = status
    return answer


def has_token(*tokens: str) -> bool:
    """Whether the request carries one of these keys."""
    return request.headers.get("Authorization", "") in {f"Bearer {one}" for one in tokens}


def expired() -> Response:
    """The answer to a key that is none."""
    return refuse(401, 190, "Invalid OAuth access token - Cannot parse access token")
