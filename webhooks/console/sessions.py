"""What the cookie of a session holds, and when it ends."""

from __future__ import annotations

import hmac
import re
from datetime import datetime, timedelta
from typing import Final

from flask import session

from webhooks.console.settings import ConsoleSettings, User

LONGEST: Final = timedelta(days=7)
OPEN_FOR: Final = timedelta(minutes=10)
_MOST_OPEN: Final = 8
ABOUT: Final = re.compile(r"(event|person|figures):[\w.-]{1,60}", re.ASCII)
"""What personal data may be opened of: one event by its id, one person by the number of its lane, or those
whom the figures of a period name."""


def begin(login: str, user: User, key: bytes, now: datetime) -> None:
    """A new session; nothing of the one before is left in it, its CSRF token neither."""
    session.clear()
    session.update(login=login, stamp=_stamp(user, key), since=now.timestamp(), seen=now.timestamp())
    session.permanent = True


def user_of(settings: ConsoleSettings, key: bytes, now: datetime) -> User | None:
    """Whoever this request's session belongs to. It is over when it was quiet for too long, when it is a week old, and
    when the password or the role has become another."""
    if not holds(settings, key, now):
        return None
    session["seen"] = now.timestamp()
    return settings.users[session["login"]]


def holds(settings: ConsoleSettings, key: bytes, now: datetime) -> bool:
    """Whether it is not over yet; to ask that does not make it any younger."""
    user = settings.users.get(session.get("login", ""))
    if user is None or not hmac.compare_digest(session.get("stamp", ""), _stamp(user, key)):
        return False
    at = now.timestamp()
    is_quiet = at - session["seen"] > settings.session.total_seconds()
    return not is_quiet and at - session["since"] <= LONGEST.total_seconds()


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
