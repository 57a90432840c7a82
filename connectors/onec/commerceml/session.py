"""Who calls: the login of 1C, and a session that proves itself, so that any process may answer the next request."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from connectors.onec.commerceml.settings import CommerceMLSettings
from connectors.secrecy import same_secret
from provodka.channel import Delivery

COOKIE: Final = "provodka"
LIFE: Final = timedelta(hours=12)  # one exchange takes minutes, a very large one an hour
_TOKEN: Final = re.compile(r"([0-9a-f]{8})([0-9a-f]{16})([0-9a-f]{32})")


class Sessions:
    """Begins and recognises the sessions of one account. Another password ends them all."""

    def __init__(self, name: str, settings: CommerceMLSettings) -> None:
        login = f"{settings.user}:{settings.password.get_secret_value()}"
        self._logins = [coded for code in ("utf-8", "cp1251") if (coded := _encoded(login, code))]
        self._key = sha256(f"session:{name}:{login}".encode()).digest()

    def admits(self, delivery: Delivery) -> bool:
        """Whether the request carries our login: Basic, Cyrillic in UTF-8 or windows-1251."""
        scheme, _, coded = delivery.headers.get("authorization", "").partition(" ")
        try:
            given = base64.b64decode(coded.strip(), validate=True) if scheme.lower() == "basic" else b""
        except (binascii.Error, ValueError):
            return False
        matches = [same_secret(given, one) for one in self._logins]  # all of them: the first must not save time
        return True in matches

    def begin(self, now: datetime) -> str:
        """The token of a new session: 56 hex digits, the first 24 are its id."""
        id_ = f"{int(now.timestamp()):08x}{secrets.token_hex(8)}"
        return id_ + self._mac(id_)

    def of(self, delivery: Delivery) -> str:
        """The token that a request carries, as its cookie or as `sessid`; empty where none of ours lives."""
        cookies = (one.partition("=") for one in delivery.headers.get("cookie", "").split(";"))
        given = [value.strip().strip('"') for name, _, value in cookies if name.strip() == COOKIE]
        for token in (*given, delivery.query.get("sessid", "")):
            if (found := _TOKEN.fullmatch(token)) and same_secret(found[3], self._mac(found[1] + found[2])):
                age = delivery.received_at.timestamp() - int(found[1], 16)
                return token if abs(age) < LIFE.total_seconds() else ""
        return ""

    def _mac(self, id_: str) -> str:
        return hmac.new(self._key, id_.encode(), sha256).hexdigest()[:32]


def id_of(token: str) -> str:
    """What a session is called in the journal: nobody can enter with that."""
    return token[:24]


def _encoded(text: str, code: str) -> bytes:
    try:
        return text.encode(code)
    except UnicodeEncodeError:
        return b""
