"""Imports: files whose rows become events, a portion at a time.

An import is agreed to once and then lives here. The id of each of its events is its own id and the number of the row,
so that its events are found by the index of their ids, and a row that is handed out again after a crash is the same
event. How far it has come is the cursor `cursor_of(id)`, committed beside the events.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, func, literal_column, select, update

from provodka.event import Event
from provodka.journal import inbox, outbox
from provodka.journal.records import ActionState, StoredAction
from provodka.journal.schema import UNPLANNED, actions, events, imports
from provodka.journal.sql import among, chunks
from provodka.journal.undoing import UNDO

_ENDED: Final = "g"  # an id is hexadecimal: this is behind all that begin with it


class ImportState(StrEnum):
    """Where an import stands. `done`: all rows are handed out; what became of them is told by its figures."""

    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class ImportJob:
    """An import. `rows` counts those of the file; `options` (JSON) says how it is read and handed out."""

    id: str
    channel: str
    file: str
    sha256: str
    options: str
    rows: int
    state: ImportState
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ImportFigures:
    """What has become of an import so far: its events by state, and their actions by kind and state."""

    events: Mapping[str, int]
    actions: Mapping[tuple[str, str], int]

    @property
    def handed_out(self) -> int:
        return sum(self.events.values())

    @property
    def planned(self) -> int:
        return self.events.get("planned", 0)

    def of_state(self, *states: str) -> int:
        """How many of its actions are in one of these states; what undoes others is not counted."""
        return sum(n for (kind, state), n in self.actions.items() if state in states and kind != "undo")


def new_import_id(now: datetime) -> str:
    """A fresh id, sixteen hexadecimal digits; ids sort by time."""
    return f"{int(now.timestamp() * 1000):012x}{secrets.token_hex(2)}"


def event_id(job: str, number: int) -> str:
    """The id of the event of a row."""
    return f"{job}{number:08x}"


def row_number(event: str) -> int:
    """The row whose event has this id."""
    return int(event[16:], 16)


def cursor_of(job: str) -> str:
    """Under what name the journal keeps how far an import has come."""
    return f"import:{job}"


def add(connection: Connection, job: ImportJob) -> None:
    """From now on its rows are handed out."""
    values = {name: getattr(job, name) for name in ImportJob.__slots__}
    connection.execute(imports.insert().values(**values))


def all_imports(connection: Connection, state: ImportState | None = None) -> list[ImportJob]:
    """Oldest first."""
    query = select(imports).order_by(imports.c.id)
    rows = connection.execute(query if state is None else query.where(imports.c.state == state))
    return [_stored(row) for row in rows]


def alike(connection: Connection, wanted: str) -> list[ImportJob]:
    """Those whose id begins or ends so; the newest one where nothing is named."""
    jobs = all_imports(connection)
    if not wanted:
        return jobs[-1:]
    return [job for job in jobs if job.id.startswith(wanted.lower()) or job.id.endswith(wanted.lower())]


def move(connection: Connection, job: str, state: ImportState, before: Sequence[ImportState]) -> bool:
    """To another state, from one of these; whether it was in one."""
    moved = update(imports).where(imports.c.id == job, imports.c.state.in_(before)).values(state=state)
    return bool(connection.execute(moved).rowcount)


def hand_out(connection: Connection, job: str, handed: Sequence[Event], place: str) -> bool:
    """Events of its rows into the inbox, with how far it has come; false where somebody has stopped it meanwhile, who
    must find all that it has done once they know it as stopped."""
    if not move(connection, job, ImportState.RUNNING, (ImportState.RUNNING,)):  # held until the commit
        return False
    inbox.add_all(connection, [inbox.event_row(one) for one in handed], (), {cursor_of(job): place}, ())
    return True


def _stored(row: Row[Any]) -> ImportJob:
    values = {name: getattr(row, name) for name in ImportJob.__slots__}
    return ImportJob(**{**values, "state": ImportState(row.state)})


def _mine(job: str) -> ColumnElement[bool]:
    return events.c.id.between(job, f"{job}{_ENDED}")


_OF_ACTIONS: Final = select(actions.c.kind, actions.c.state, func.count()).join(
    events, events.c.seq == actions.c.event_seq
)


def figures(connection: Connection, job: str) -> ImportFigures:
    """What has become of it so far."""
    by_state = connection.execute(select(events.c.state, func.count()).where(_mine(job)).group_by(events.c.state))
    by_action = connection.execute(_OF_ACTIONS.where(_mine(job)).group_by(actions.c.kind, actions.c.state))
    return ImportFigures({row[0]: row[1] for row in by_state}, {(row[0], row[1]): row[2] for row in by_action})


_FREED: Final = "#undone:"
_IS_FREE: Final = events.c.external_id.contains(_FREED)
_NOBODYS: Final = (
    "crm.hint", "lead.created", "contact.created", "company.created", "task.created", "task.overdue", "lead.checked",
    "contact.checked", "company.checked", "task.checked", "clock.tick",
)  # fmt: skip
"""What comes of our own making of a card, or of time: it says nothing about people."""

# written out, not bound: SQLite uses a partial index only when the statement shows the constant
_BULK_READY: Final = (
    select(actions.c.id)
    .where(actions.c.state == literal_column("'ready'"), actions.c.priority <= bindparam("bulk"))
    .limit(bindparam("most"))
)
_NOT_PLANNED: Final = select(events.c.seq).where(UNPLANNED).limit(bindparam("most"))


def under_way(connection: Connection, bulk: int, most: int) -> int:
    """How much there is still to do: events to be planned, be they whose they may, and bulk actions that wait for
    nothing. Counts up to `most` of both: more makes no difference to whoever asks.
    """
    waiting = connection.execute(_NOT_PLANNED, {"most": most}).all()
    ready = connection.execute(_BULK_READY, {"bulk": bulk, "most": most}).all()
    return len(waiting) + len(ready)


def row_states(connection: Connection, job: str) -> dict[int, str]:
    """The rows that have become events by it, with the states of these."""
    rows = connection.execute(select(events.c.id, events.c.state).where(_mine(job)))
    return {row_number(row.id): row.state for row in rows}


def actions_of(connection: Connection, job: str, *states: str) -> list[tuple[int, StoredAction]]:
    """The actions of its events in one of these states, each with the number of its row, newest first."""
    query = (
        select(events.c.id.label("event_id"), actions)
        .join(actions, actions.c.event_seq == events.c.seq)
        .where(_mine(job), actions.c.state.in_(states))
        .order_by(actions.c.id.desc())
    )
    return [(row_number(row.event_id), outbox.stored(row)) for row in connection.execute(query)]


_KNOWN: Final = select(events.c.external_id, events.c.id).where(
    events.c.channel == bindparam("named"), among(events.c.external_id, "keys")
)


def taken_before(connection: Connection, channel: str, keys: Sequence[str]) -> dict[str, str]:
    """Of these keys of rows those that the channel knows, with the id of the event of each."""
    found: dict[str, str] = {}
    for part in chunks(keys):
        rows = connection.execute(_KNOWN, {"named": channel, "keys": part})
        found.update((row.external_id, row.id) for row in rows)
    return found


def cancel(connection: Connection, job: str, now: datetime) -> int:
    """Cancel the actions of its events of which nothing can have gone out yet; how many."""
    mine = select(events.c.seq).where(_mine(job))
    unsent = and_(actions.c.state.in_(("ready", "waiting", "held")), actions.c.unsure_since.is_(None))
    gone = update(actions).where(unsent, actions.c.kind != UNDO, actions.c.event_seq.in_(mine))
    return connection.execute(gone.values(state=ActionState.CANCELLED, finished_at=now)).rowcount


def touched_since(connection: Connection, job: str) -> dict[int, str]:
    """The lanes of its events in which something else has happened since it began: by lane, what came first."""
    first = select(func.min(events.c.seq)).where(_mine(job)).scalar_subquery()
    lanes = select(events.c.lane).where(_mine(job))
    others = and_(events.c.lane.in_(lanes), events.c.seq > first, ~_mine(job), events.c.type.not_in(_NOBODYS))
    query = select(events.c.lane, events.c.type, events.c.id).where(others).order_by(events.c.seq.desc())
    return {row.lane: f"{row.type} {row.id}" for row in connection.execute(query)}


def let_in_again(connection: Connection, job: str, besides: Collection[int]) -> int:
    """Its rows are known no longer, since nothing is left of them in the CRM; not those of the events `besides`."""
    rows = connection.execute(select(events.c.seq).where(_mine(job), events.c.planned_at.is_not(None), ~_IS_FREE))
    freed = [row.seq for row in rows if row.seq not in besides]
    key = events.c.external_id + f"{_FREED}{job}"
    for part in chunks(freed):
        connection.execute(update(events).where(events.c.seq.in_(part)).values(external_id=key))
    return len(freed)
