"""Turns: whose lead the next one is. Exact under concurrency and after a crash."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, select

from provodka.journal.schema import counters, turns
from provodka.journal.sql import among, insert_new, upsert

# built once: SQLAlchemy takes longer to build such a statement than to execute it
_COUNTER: Final = select(counters).where(counters.c.name == bindparam("named")).with_for_update()
_TAKEN: Final = select(turns).where(among(turns.c.action_key, "keys"), turns.c.counter == bindparam("of_counter"))


def take(
    connection: Connection, counter: str, people: Sequence[str], keys: Sequence[str], now: datetime
) -> dict[str, tuple[str, str]]:
    """A turn for each action key, in their order: (person, reason). A key that had its turn keeps it.

    The row of the counter is locked by the transaction that takes the turn, so two takers never get the same one.
    """
    if not people:
        raise ValueError(f"nobody to choose from for «{counter}»")
    row = connection.execute(_COUNTER, {"named": counter}).first()
    if row is None:  # the first turn ever; whoever else takes it at this moment waits for our row
        connection.execute(insert_new(connection, counters, ("name",)), [{"name": counter, "value": 0, "last": ""}])
        row = connection.execute(_COUNTER, {"named": counter}).one()
    taken = {
        t.action_key: (t.person, t.reason)
        for t in connection.execute(_TAKEN, {"keys": list(keys), "of_counter": counter})
    }
    value, last = row.value, row.last
    fresh = []
    for key in keys:
        if key in taken:
            continue
        person = _after(people, last, value)
        value += 1
        before = f", before it {last}" if last else ""
        reason = f"round robin: turn {value} of [{', '.join(people)}]{before}"
        taken[key] = (person, reason)
        fresh.append({"action_key": key, "counter": counter, "person": person, "reason": reason, "at": now})
        last = person
    if fresh:
        connection.execute(insert_new(connection, turns, ("action_key",)), fresh)
        state = [{"name": counter, "value": value, "last": last}]
        connection.execute(upsert(connection, counters, ("name",), ("value", "last")), state)
    return taken


def _after(people: Sequence[str], last: str, value: int) -> str:
    """The one who follows `last`; when the list has changed and `last` is gone, the place is kept by counting."""
    if last in people:
        return people[(people.index(last) + 1) % len(people)]
    return people[value % len(people)]
