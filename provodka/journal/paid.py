"""The events of payments of a lead, out of the inbox."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, select

from provodka.event import load_payload
from provodka.journal import lanes
from provodka.journal.schema import events
from provodka.journal.sql import among
from provodka.payloads import EventType, PaymentEvent

_TYPES: Final = tuple(kind.value for kind in EventType if kind.value.startswith("payment."))
_OF_LANES: Final = (
    select(events.c.type, events.c.payload)
    .where(among(events.c.lane, "lanes"), events.c.type.in_(_TYPES))
    .order_by(events.c.seq)
)


def payments(connection: Connection, identities: Sequence[str]) -> list[tuple[EventType, PaymentEvent]]:
    """All of their lanes, oldest first."""
    found = sorted(set(lanes.lanes_of(connection, identities).values()))
    rows = connection.execute(_OF_LANES, {"lanes": found}) if found else ()
    read = [(EventType(row.type), load_payload(EventType(row.type), row.payload)) for row in rows]
    return [(kind, payload) for kind, payload in read if isinstance(payload, PaymentEvent)]
