"""Who did what in the console, and who tried to sign in. Rows are added and never taken away."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, or_, select, update

from provodka.journal.schema import audit

SIGNED_IN: Final = "sign_in"
REFUSED: Final = "sign_in_refused"
_LOGIN: Final = 80
_ATTEMPTS: Final = 200


@dataclass(frozen=True, slots=True)
class Deed:
    """`what` was done about `about` (an event, an action, …), with what else is told of it; `address` is masked."""

    at: datetime
    login: str
    what: str
    about: str
    told: Mapping[str, Any]
    address: str
    id: int = 0


def put(connection: Connection, deed: Deed) -> int:
    """Write it down; its number. A login as somebody typed it may be long: the first 80 signs are kept."""
    row = {
        "at": deed.at,
        "login": deed.login[:_LOGIN],
        "what": deed.what,
        "about": deed.about,
        "told": json.dumps(dict(deed.told), ensure_ascii=False, default=str),
        "address": deed.address,
    }
    done = connection.execute(insert(audit), row)
    number: int = done.inserted_primary_key[0]  # type: ignore[index]
    return number


def listed(
    connection: Connection,
    *,
    login: str = "",
    what: str = "",
    before: tuple[datetime, int] | None = None,
    limit: int = 100,
) -> list[Deed]:
    """Newest first; `before` is the moment and number of the last of the page before."""
    query = select(audit)
    if login:
        query = query.where(audit.c.login == login)
    if what:
        query = query.where(audit.c.what == what)
    if before:
        moment, number = before
        query = query.where(audit.c.at <= moment, or_(audit.c.at < moment, audit.c.id < number))
    rows = connection.execute(query.order_by(audit.c.at.desc(), audit.c.id.desc()).limit(limit))
    return [_deed(row) for row in rows]


def refusals_of(connection: Connection, login: str, since: datetime) -> list[datetime]:
    """When sign-in with this login was refused, oldest first, since its last success."""
    tries = (SIGNED_IN, REFUSED)
    query = select(audit.c.at, audit.c.what).where(
        audit.c.login == login[:_LOGIN], audit.c.at >= since, audit.c.what.in_(tries)
    )
    found: list[datetime] = []
    for row in connection.execute(query.order_by(audit.c.at.desc(), audit.c.id.desc()).limit(_ATTEMPTS)):
        if row.what == SIGNED_IN:
            break
        found.append(row.at)
    return found[::-1]


def refusals_from(connection: Connection, address: str, since: datetime) -> list[datetime]:
    """When sign-in from this address was refused, oldest first; a success in between changes nothing."""
    query = select(audit.c.at).where(audit.c.address == address, audit.c.at >= since, audit.c.what == REFUSED)
    rows: Sequence[Any] = connection.execute(query.order_by(audit.c.at.desc()).limit(_ATTEMPTS)).all()
    return [row.at for row in reversed(rows)]


def succeed(connection: Connection, number: int) -> None:
    """An attempt, written as refused before the password was looked at, turned out right."""
    connection.execute(update(audit).where(audit.c.id == number).values(what=SIGNED_IN))


def _deed(row: Row[Any]) -> Deed:
    return Deed(row.at, row.login, row.what, row.about, json.loads(row.told), row.address, row.id)
