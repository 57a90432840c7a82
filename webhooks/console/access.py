"""Who is reading, and what they may."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Final, ParamSpec, TypeVar

from flask import abort, current_app, g, request

from provodka.journal import audit
from provodka.journal.audit import Deed
from provodka.redact import Redactor
from support.masking import Masks
from webhooks.console import sessions
from webhooks.console.parts import Parts
from webhooks.console.sessions import Reader
from webhooks.console.settings import Role

_GREATEST: Final = 2**62
P = ParamSpec("P")
R = TypeVar("R")


def reader() -> Reader:
    """Of this request; every page but the sign-in has one."""
    found: Reader = g.reader
    return found


def parts() -> Parts:
    """What the console was given."""
    found: Parts = current_app.config["PARTS"]
    return found


def masks(about: str = "") -> Masks:
    """What this request may show of people: masked, unless `about` (`event:<id>` or `person:<lane>`) was opened by a
    click that is on record. Beside what it shows, a page calls `open_data(about)` of `open.html`."""
    return Masks(parts().journal.key, bool(about) and opened_until(about) is not None)


def opened_until(about: str) -> datetime | None:
    """Until when the personal data of this event or person is open to the reader; None where it is masked."""
    until = sessions.open_until(about, parts().now())
    return datetime.fromtimestamp(until, parts().zone) if until else None


def may_open() -> bool:
    """Whether the reader may open personal data."""
    return reader().role.may(parts().settings.open)


def row_number(text: str) -> int:
    """For `type=` of what an address names: of a row, and no greater than any database takes."""
    return max(-_GREATEST, min(int(text), _GREATEST))


def needs(role: Role) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A view for those who may that much; others get a page that says so (403)."""

    def wrap(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            if not reader().role.may(role):
                abort(403)
            return view(*args, **kwargs)

        return guarded

    return wrap


def record(what: str, about: str = "", **told: object) -> None:
    """Write down what the reader does, for the page of who did what (`webhooks/console/deeds.py` has its words). Raises
    JournalUnavailableError: what cannot be recorded is not to be done, so record first."""
    who = reader()
    if who.login not in parts().settings.users:  # somebody of a provider: no config will tell what they are called
        told = {"name": who.name, **told}
    deed = Deed(parts().now(), who.login, what, about, told, address())
    parts().journal.write(lambda c: audit.put(c, deed))


def address() -> str:
    """Where the request came from: its beginning, and a tag that tells one address from another. Behind a proxy of ours
    it is what the proxy has added; what stood there before it, the sender may have invented."""
    given = request.remote_addr or ""
    if parts().proxied and (forwarded := request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()):
        given = forwarded[:60]
    sign = ":" if ":" in given else "."
    begin = sign.join(given.split(sign)[:2])
    return f"{begin}{sign}•{Redactor(parts().journal.key).tag(f'address:{given}')}"
