"""What partners have sent, and which lead each of it ended in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, func, or_, select

from provodka.event import load_payload, load_person
from provodka.journal.outbox import MAKERS
from provodka.journal.records import ActionState
from provodka.journal.schema import actions, events
from provodka.journal.sql import begins
from provodka.mail_thread import mail_of
from provodka.own_pages import is_from
from provodka.payloads import EventType, MailKind, Person

LOOKED_AT: Final = 20_000
"""Among so many of the newest events letters are looked for: no index tells of senders."""


@dataclass(frozen=True, slots=True)
class Request:
    """An event of a partner; `lead` is the lead that a rule took it into, empty where none has yet."""

    at: datetime
    person: Person
    lead: str = ""


def sent_in(connection: Connection, channel: str, prefix: str, most: int, senders: Sequence[str] = ()) -> list[Request]:
    """The events of a channel whose key begins so, and the letters from these addresses (`@domain` for all of it), the
    newest first; a letter that came to several mailboxes is one."""
    mine = (events.c.channel == channel) & begins(connection, events.c.external_id, prefix)
    asked = select(events.c.seq, events.c.received_at, events.c.person).where(mine)
    rows: list[Row[Any]] = list(connection.execute(asked.order_by(events.c.seq.desc()).limit(most)))
    if senders:
        rows = sorted([*rows, *_letters(connection, senders, most)], key=lambda row: -row.seq)[:most]
    leads = _leads(connection, [row.seq for row in rows])
    return [Request(row.received_at, load_person(row.person), leads.get(row.seq, "")) for row in rows]


def _letters(connection: Connection, senders: Sequence[str], most: int) -> list[Row[Any]]:
    newest = connection.execute(select(func.max(events.c.seq))).scalar() or 0
    asked = (
        select(events.c.seq, events.c.received_at, events.c.person, events.c.payload, events.c.external_id)
        .where(
            events.c.seq > newest - LOOKED_AT,
            events.c.type == EventType.EMAIL_RECEIVED,
            or_(*(events.c.payload.contains(_written(one), autoescape=True) for one in senders)),
        )
        .order_by(events.c.seq.desc())
    )
    found: dict[str, Any] = {}
    for row in connection.execute(asked):
        mail = mail_of(load_payload(EventType.EMAIL_RECEIVED, row.payload))
        if mail is not None and mail.kind is MailKind.LETTER and is_from(mail.from_, senders):
            found[row.external_id] = row  # of copies the first that came: its lead is the one
            if len(found) > most:
                break
    return list(found.values())


def _written(sender: str) -> str:
    """How a payload has it."""
    return f'{sender}"' if sender.startswith("@") else f'"{sender}"'


def _leads(connection: Connection, numbers: Sequence[int]) -> dict[int, str]:
    """By event, the lead of the last action that made or took one."""
    done = select(actions.c.event_seq, actions.c.result).where(
        actions.c.event_seq.in_(numbers),
        actions.c.kind.in_(MAKERS),
        actions.c.state == ActionState.DONE,
        actions.c.result.is_not(None),
    )
    found = ((row.event_seq, json.loads(row.result)) for row in connection.execute(done.order_by(actions.c.id)))
    return {seq: str(result["lead_id"]) for seq, result in found if result.get("lead_id")}
