"""Finding events by what support has in hand: an id or a piece of it, a phone in any form, an email, a lead."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection

from provodka import identity
from provodka.journal import Journal, StoredEvent, queries
from provodka.journal.queries import EventLine

_PIECE: Final = re.compile(r"[0-9a-f]{4,40}")
_LEAD: Final = re.compile(r"(?:lead:|https?://\S+/leads/detail/)(\d+)\S*")
MANY: Final = 1000


@dataclass(frozen=True, slots=True)
class Found:
    """What was found: one event, or the events of a person (newest first), or ids that are too alike.

    `way` is `id`, `phone`, `email`, `lead`, or empty where the wanted text is none of them.
    """

    way: str
    one: StoredEvent | None = None
    lines: Sequence[EventLine] = ()
    alike: Sequence[str] = ()


def find(journal: Journal, wanted: str) -> Found:
    """Look for one event or a person's. What could be both is first taken for a person that is known."""
    wanted = wanted.strip()
    who = identity_of(wanted)
    if who:
        lines = events_of(journal, who, MANY)
        if lines:
            return Found(who.partition(":")[0], lines=lines)
    if _PIECE.fullmatch(wanted.lower()):
        return _by_id(journal, wanted.lower(), who)
    return Found(who.partition(":")[0])


def find_one(journal: Journal, wanted: str) -> Found:
    """Look for one event by its id or a piece of it."""
    return _by_id(journal, wanted.strip().lower(), "")


def identity_of(wanted: str) -> str:
    """`email:…`, `phone:+7…` or `lead:…` (of `lead:17` or a lead's address); empty where it is none of them."""
    if lead := _LEAD.fullmatch(wanted.strip()):
        return f"lead:{lead[1]}"
    if "@" in wanted:
        address = identity.email(wanted)
        return f"email:{address}" if address else ""
    number = "" if re.search("[a-z]", wanted, re.IGNORECASE) else identity.phone(wanted)
    return f"phone:{number}" if number else ""


def events_of(journal: Journal, who: str, limit: int) -> list[EventLine]:
    """The events of a person, newest first, with those that still lie in the inbox and so belong to no lane yet."""

    def read(connection: Connection) -> list[EventLine]:
        inbox = [EventLine(event, {}) for event in queries.not_planned_yet(connection, who)]
        return [*inbox, *queries.list_events(connection, identity=who, limit=limit)]

    lines = {line.event.seq: line for line in journal.read(read)}
    return [lines[seq] for seq in sorted(lines, reverse=True)][:limit]


def _by_id(journal: Journal, wanted: str, who: str) -> Found:
    def read(connection: Connection) -> Found:
        ids = queries.ids_alike(connection, wanted) if _PIECE.fullmatch(wanted) else []
        if wanted in ids:
            ids = [wanted]
        if len(ids) == 1:
            return Found("id", one=queries.event_by_id(connection, ids[0]))
        return Found("id", alike=ids)

    found = journal.read(read)
    return found if found.one or found.alike or not who else replace(found, way=who.partition(":")[0])
