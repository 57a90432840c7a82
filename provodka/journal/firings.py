"""How often rules fired: for `once_within` and `throttle`, which are asked in the transaction that writes the plans.

So two events of one burst, planned by whatever processes, never both pass where only one may.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, delete, func, or_, select

from provodka.journal.records import Held, Limit, PlanRecord
from provodka.journal.schema import Moment, firings
from provodka.journal.sql import insert_new

_COUNTING: Final = 20260103  # the name of the lock
# built once: SQLAlchemy takes longer to build such a statement than to execute it
_OTHERS = (firings.c.rule == bindparam("of_rule"), firings.c.event_seq != bindparam("own"))
_OF_LEAD: Final = select(firings.c.event_seq).where(
    *_OTHERS, firings.c.lead == bindparam("of_lead"), firings.c.once_until > bindparam("now", type_=Moment)
)
_OF_LANE: Final = select(firings.c.event_seq).where(
    *_OTHERS,
    firings.c.lead == "",
    firings.c.lane == bindparam("of_lane"),
    firings.c.once_until > bindparam("now", type_=Moment),
)
_COUNTED: Final = select(func.count()).where(*_OTHERS, firings.c.counts_until > bindparam("now", type_=Moment))


def let_act(
    connection: Connection, records: Sequence[PlanRecord], lanes: Mapping[int, int], now: datetime
) -> list[PlanRecord]:
    """The records without what their rules may not do now; what they may do is written down, in their order.

    An event never holds itself back, so that a replay comes to the same.
    """
    if not any(record.limits for record in records):
        return list(records)
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_COUNTING)))
    return [_one(connection, r, lanes.get(r.seq, r.lane), now) if r.limits else r for r in records]


def clean(connection: Connection, now: datetime) -> int:
    """Forget what limits nothing any more; returns how many."""
    over = [or_(column.is_(None), column <= now) for column in (firings.c.once_until, firings.c.counts_until)]
    return connection.execute(delete(firings).where(*over)).rowcount


def _one(connection: Connection, record: PlanRecord, lane: int, now: datetime) -> PlanRecord:
    held: dict[str, Held] = {}
    gone: set[str] = set()
    for limit in record.limits:
        why = _why(connection, limit, record.seq, lane, now)
        if why is not None:
            held[limit.name] = why
            gone |= limit.keys
            continue
        row = {
            "rule": limit.rule,
            "event_seq": record.seq,
            "lead": limit.lead,
            "lane": lane,
            "once_until": limit.once_until,
            "counts_until": limit.counts_until,
        }
        connection.execute(insert_new(connection, firings, ("rule", "event_seq")), [row])
    if not held or record.retrace is None:
        return record
    kept = tuple(action for action in record.actions if action.key not in gone)
    counted = tuple(violation for violation in record.violations if violation.rule not in held)
    return replace(record, actions=kept, violations=counted, trace=record.retrace(held))


def _why(connection: Connection, limit: Limit, own: int, lane: int, now: datetime) -> Held | None:
    asked = {"of_rule": limit.rule, "own": own, "now": now}
    if limit.once_until is not None:
        query, about = (_OF_LEAD, {"of_lead": limit.lead}) if limit.lead else (_OF_LANE, {"of_lane": lane})
        if connection.execute(query.limit(1), {**asked, **about}).first() is not None:
            return Held.ONCE
    if limit.most and connection.execute(_COUNTED, asked).scalar_one() >= limit.most:
        return Held.THROTTLE
    return None
