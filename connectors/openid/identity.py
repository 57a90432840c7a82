"""Who somebody is by the word of a provider."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from connectors.openid.why import Why
from provodka.errors import Rejected

_EMAIL: Final = re.compile(r"[^\s@]+@[^\s@]+")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who has signed in there. `email` is empty, or as the provider says; whether it has made sure that it is theirs is
    `verified`. `groups` are the values of the claim. `id_token` says it all, signed."""

    subject: str
    email: str
    verified: bool
    name: str
    groups: tuple[str, ...]
    id_token: str = field(repr=False)


def told_by(claims: Mapping[str, Any], more: Mapping[str, Any], claim: str, id_token: str) -> Identity:
    """Whom the claims of an id token are about; `more` are those of userinfo, `claim` tells groups. Raises Rejected."""
    subject = str(claims["sub"])
    if not subject or subject != _text(subject):
        raise Rejected("the provider does not say who it is", code=Why.TOKEN)
    mail = claims if claims.get("email") else more
    return Identity(
        subject=subject,
        email=_email(mail.get("email")),
        verified=mail.get("email_verified") is True or str(mail.get("email_verified")).lower() == "true",
        name=_text(claims.get("name")) or _text(more.get("name")),
        groups=groups_in(claims, claim) or groups_in(more, claim),
        id_token=id_token,
    )


def _text(value: object) -> str:
    """In one line, without signs that no journal keeps and no page shows."""
    told = value if isinstance(value, str) else ""
    return " ".join("".join(one if one.isprintable() else " " for one in told).split())


def _email(value: object) -> str:
    """Empty where it is none: as a name to sign in with it could be that of one of the config's people."""
    return text if _EMAIL.fullmatch(text := _text(value)) else ""


def groups_in(claims: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """The values of a claim: a list of strings, one string, or the names in an object, as Zitadel tells roles. A name
    with points leads inside, as in `realm_access.roles`, where no claim is called so."""
    found: Any = claims.get(name) if name else None
    if found is None and "." in name:
        found = claims
        for step in name.split("."):
            found = found.get(step) if isinstance(found, dict) else None
    if isinstance(found, str):
        return (found,) if found else ()
    return tuple(one for one in found if isinstance(one, str)) if isinstance(found, list | dict) else ()
