"""What the cookie of a session holds, and when it ends."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from flask import session

from webhooks.console.settings import LONGEST, ConsoleSettings, OpenId, Role, User

OPEN_FOR: Final = timedelta(minutes=10)
OPENID: Final = "openid"
_MOST_OPEN: Final = 8
_LONGEST_HINT: Final = 1_800
ABOUT: Final = re.compile(r"(event|person|figures):[\w.-]{1,60}", re.ASCII)
"""What personal data may be opened of: one event by its id, one person by the number of its lane, or those whom the
figures of a period name."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Whoever is signed in: the name they sign in with, what they are called, what they may."""

    login: str
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Admitted:
    """Whoever a provider has sent: `names` are those of the config's roles that they answer to, `hint` is the id token
    that ends their session there, empty for none."""

    login: str
    name: str
    names: tuple[str, ...]
    hint: str = ""


def begin(login: str, user: User, key: bytes, now: datetime) -> None:
    """A new session; nothing of the one before is left in it, its CSRF token neither."""
    _begin({"login": login, "stamp": _stamp(user, key)}, now)


def admit(who: Admitted, openid: OpenId, key: bytes, now: datetime) -> None:
    """A new session of somebody whom a provider knows. Its cookie may hold 4 KB in all, so that a long token is left
    out: the provider then asks whether to sign out."""
    told = {"login": who.login, "name": who.name, "names": list(who.names), "by": OPENID}
    hint = {"hint": who.hint} if len(who.hint) <= _LONGEST_HINT else {}
    _begin({**told, **hint, "stamp": _openid_stamp(openid, openid.role_of(who.names), key)}, now)


def reader_of(settings: ConsoleSettings, key: bytes, now: datetime, *, touch: bool = True) -> Reader | None:
    """Whoever this request belongs to; without `touch` asking does not make the session any younger. It is over when it
    was quiet for too long, when it is a week old, and when the password or the role has become another; a provider's,
    when the config names another provider, and as soon as its `max_age` is over."""
    openid = settings.openid if session.get("by") == OPENID else None
    found = _by_provider(openid, key) if session.get("by") == OPENID else _by_password(settings, key)
    longest = openid.max_age if openid else LONGEST
    at = now.timestamp()
    if found is None:
        return None
    if at - session["seen"] > settings.session.total_seconds() or at - session["since"] > longest.total_seconds():
        return None
    if touch:
        session["seen"] = at
    return found


def hint() -> str | None:
    """The id token with which the provider's session may be ended, maybe empty; None for who came by a password."""
    return str(session.get("hint", "")) if session.get("by") == OPENID else None


def _begin(told: dict[str, object], now: datetime) -> None:
    session.clear()
    session.update(told, since=now.timestamp(), seen=now.timestamp())
    session.permanent = True


def _by_password(settings: ConsoleSettings, key: bytes) -> Reader | None:
    login = session.get("login", "")
    user = settings.users.get(login)
    if user is None or not hmac.compare_digest(session.get("stamp", ""), _stamp(user, key)):
        return None
    return Reader(login, user.name or login, user.role)


def _by_provider(openid: OpenId | None, key: bytes) -> Reader | None:
    role = openid.role_of(session["names"]) if openid else None
    if openid is None or role is None:
        return None
    if not hmac.compare_digest(session.get("stamp", ""), _openid_stamp(openid, role, key)):
        return None
    return Reader(session["login"], session["name"], role)


def open_up(about: str, now: datetime) -> None:
    """Personal data of this one event or person may be shown for a while, in this session."""
    kept = [(name, until) for name, until in _open(now).items() if name != about][-_MOST_OPEN + 1 :]
    session["open"] = dict([*kept, (about, (now + OPEN_FOR).timestamp())])


def close(about: str, now: datetime) -> None:
    """Masked again."""
    session["open"] = {name: until for name, until in _open(now).items() if name != about}


def open_until(about: str, now: datetime) -> float:
    """Until which moment (seconds of the epoch) it is open; 0 where it is not."""
    return _open(now).get(about, 0.0)


def _open(now: datetime) -> dict[str, float]:
    kept: dict[str, float] = session.get("open", {})
    return {name: until for name, until in kept.items() if until > now.timestamp()}


def _stamp(user: User, key: bytes) -> str:
    """Of the present password and role; tells nothing about them."""
    text = f"console {user.role} {user.password.get_secret_value()}"
    return hmac.digest(key, text.encode(), "sha256").hex()[:32]


def _openid_stamp(openid: OpenId, role: Role | None, key: bytes) -> str:
    """Of the present provider, and of the role that it gives."""
    text = "\0".join(("console openid", openid.issuer, openid.client_id, openid.claim, str(role)))
    return hmac.digest(key, text.encode(), "sha256").hex()[:32]
