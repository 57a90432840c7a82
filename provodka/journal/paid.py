"""The events of payments of a lead, out of the inbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select

from provodka.event import load_payload
from provodka.journal import lanes
from provodka.journal.schema import events
from provodka.journal.sql import among
from provodka.payloads import EventType, PaymentEvent

_TYPES: Final = tuple(kind.value for kind in EventType if kind.value.startswith("payment."))
_OF_LANES: Final = (
    select(events.c.type, events.c.channel, events.c.payload)
    .where(among(events.c.lane, "lanes"), events.c.type.in_(_TYPES))
    .order_by(events.c.seq)
)


@dataclass(frozen=True, slots=True)
class PaymentTold:
    """An event of a payment. Numbers of orders and ids of payments mean something within their `channel` alone: two
    shops may give out the same."""

    kind: EventType
    channel: str
    said: PaymentEvent

    @property
    def order(self) -> tuple[str, str]:
        return self.channel, self.said.payment.order

    @property
    def payment(self) -> tuple[str, str]:
        return self.channel, self.said.payment.id


def payments(connection: Connection, identities: Sequence[str]) -> list[PaymentTold]:
    """All of their lanes, oldest first."""
    found = sorted(set(lanes.lanes_of(connection, identities).values()))
    rows = connection.execute(_OF_LANES, {"lanes": found}) if found else ()
    read = [(row, EventType(row.type)) for row in rows]
    told = [(kind, row.channel, load_payload(kind, row.payload)) for row, kind in read]
    return [PaymentTold(kind, channel, payload) for kind, channel, payload in told if isinstance(payload, PaymentEvent)]
