"""Signatures of Zadarma: the Base64 of the hexadecimal text (not of the bytes) of an HMAC-SHA1, both ways."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Mapping
from hashlib import md5
from typing import Final
from urllib.parse import urlencode

_INCOMING: Final = ("caller_id", "called_did", "call_start")
_OUTGOING: Final = ("internal", "destination", "call_start")
SIGNED: Final[dict[str, tuple[str, ...]]] = {
    "NOTIFY_START": _INCOMING,
    "NOTIFY_INTERNAL": _INCOMING,
    "NOTIFY_END": _INCOMING,
    "NOTIFY_IVR": _INCOMING,
    "NOTIFY_ANSWER": ("caller_id", "destination", "call_start"),
    "NOTIFY_OUT_START": _OUTGOING,
    "NOTIFY_OUT_END": _OUTGOING,
    "NOTIFY_RECORD": ("pbx_call_id", "call_id_with_rec"),
}
"""The fields of each notice that its signature covers, in this order and without anything between them."""


def signature(text: bytes, secret: str) -> str:
    """As the header `Signature` of a notice and the second half of `Authorization` hold it."""
    return b64encode(hmac.new(secret.encode(), text, "sha1").hexdigest().encode()).decode()


def query(params: Mapping[str, str]) -> str:
    """The parameters as the API signs them, by name."""
    return urlencode(sorted(params.items()))


def authorization(path: str, params: Mapping[str, str], key: str, secret: str) -> str:
    """The header of a call of the API; `path` begins with its version and ends with a slash."""
    text = query(params)
    digest = md5(text.encode(), usedforsecurity=False).hexdigest()
    return f"{key}:{signature(f'{path}{text}{digest}'.encode(), secret)}"
