"""What partners have sent, and which lead each of it ended in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from provodka.event import load_person
from provodka.journal.outbox import MAKERS
from provodka.journal.records import ActionState
from provodka.journal.schema import actions, events
from provodka.journal.sql import begins
from provodka.payloads import Person


@dataclass(frozen=True, slots=True)
class Request:
    """An event of a partner; `lead` is the lead that a rule took it into, empty where none has yet."""

    at: datetime
    person: Person
    lead: str = ""


def sent_in(connection: Connection, channel: str, prefix: str, most: int) -> list[Request]:
    """The events of a channel whose key begins so, the newest first."""
    mine = (events.c.channel == channel) & begins(connection, events.c.external_id, prefix)
    asked = select(events.c.seq, events.c.received_at, events.c.person).where(mine)
    rows = connection.execute(asked.order_by(events.c.seq.desc()).limit(most)).all()
    leads = _leads(connection, [row.seq for row in rows])
    return [Request(row.received_at, load_person(row.person), leads.get(row.seq, "")) for row in rows]


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
