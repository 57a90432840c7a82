"""Why somebody was not let in."""

from __future__ import annotations

from enum import StrEnum


class Why(StrEnum):
    """The `code` of the error."""

    DENIED = "denied"
    CLIENT = "client"
    CODE = "code"
    SIGNATURE = "signature"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    EXPIRED = "expired"
    NONCE = "nonce"
    TOKEN = "token"  # noqa: S105  # a word for a broken one
    SUBJECT = "subject"
    STATE = "state"
    NO_ROLE = "no_role"
