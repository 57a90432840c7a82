"""How the house fares, in one look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from provodka.journal import ActionState, EventState, Journal, Trouble, brakes, imports, queries, troubles
from provodka.journal.imports import ImportJob, ImportState
from worker.importing import place_of

_COMMANDS: Final = {
    "rejected": "mend the cause, then provodka resend --all-dead --reason rejected",
    "exhausted": "provodka resend --all-dead --reason exhausted",
    "outcome_unknown": "look into the CRM, then provodka resolve ID",
}
_OPEN: Final = (ImportState.RUNNING, ImportState.STOPPED)


@dataclass(frozen=True, slots=True)
class Backlog:
    """What still has to be done: how many, and since when the oldest of them waits."""

    count: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class ChannelLine:
    """A channel that was heard of."""

    channel: str
    events: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class DeadLine:
    """Dead letters of one reason."""

    reason: str
    count: int
    first_at: datetime
    newest: int
    next: str


@dataclass(frozen=True, slots=True)
class HoldLine:
    """An account that nothing may be sent to for now."""

    account: str
    until: datetime
    why: str


@dataclass(frozen=True, slots=True)
class StoppedLine:
    """A rule that has stopped itself."""

    rule: str
    since: datetime
    why: str
    held: int
    next: str


@dataclass(frozen=True, slots=True)
class ImportLine:
    """An import that has not handed out all of its rows. `row` is the last one that was looked at."""

    id: str
    file: str
    state: str
    row: int
    rows: int
    resumes: datetime | None
    next: str


@dataclass(frozen=True, slots=True)
class Status:
    """What `--json` prints. `well` is false when there are open troubles, dead letters or events that failed.

    `hooks` says why changes in the CRM are found once a minute only; empty where the CRM tells of them.
    """

    well: bool
    at: datetime
    journal: str
    events: dict[str, int]
    actions: dict[str, int]
    to_plan: Backlog
    to_send: Backlog
    channels: tuple[ChannelLine, ...]
    dead: tuple[DeadLine, ...]
    holds: tuple[HoldLine, ...]
    stopped: tuple[StoppedLine, ...]
    imports: tuple[ImportLine, ...]
    troubles: tuple[Trouble, ...]
    hooks: str


def look(connection: Connection, journal: Journal, hooks: str, resume: Callable[[str], str]) -> Status:
    """All of it. `hooks` are the words kept about the CRM's webhooks, `resume` says how to let a rule go on."""
    now = journal.now()
    totals = queries.totals(connection)
    dead = queries.dead_by_reason(connection)
    opened = tuple(troubles.all_troubles(connection, opened=True))
    failed = totals.events.get(EventState.FAILED, 0)
    return Status(
        well=not (opened or dead or failed),
        at=now,
        journal=journal.database.place,
        events=totals.events,
        actions=totals.actions,
        to_plan=Backlog(_sum(totals.events, EventState.RECEIVED, EventState.PLANNING), totals.oldest_unplanned),
        to_send=Backlog(_sum(totals.actions, ActionState.READY, ActionState.RUNNING), totals.oldest_ready),
        channels=tuple(ChannelLine(*row) for row in queries.last_by_channel(connection)),
        dead=tuple(DeadLine(*row, next=_COMMANDS.get(row[0], "")) for row in dead),
        holds=tuple(HoldLine(*row) for row in queries.holds(connection, now)),
        stopped=tuple(
            StoppedLine(one.rule, one.since, one.why, one.held, next=resume(one.rule))
            for one in brakes.stopped(connection)
        ),
        imports=imports_under_way(connection, journal),
        troubles=opened,
        hooks=hooks,
    )


def imports_under_way(connection: Connection, journal: Journal) -> tuple[ImportLine, ...]:
    """Those that have not handed out all of their rows."""
    return tuple(_import(job, journal) for job in imports.all_imports(connection) if job.state in _OPEN)


def _import(job: ImportJob, journal: Journal) -> ImportLine:
    place, goes_on = place_of(job.id, journal.cursor), job.state is ImportState.RUNNING
    line = f"provodka import {'show' if goes_on else 'resume'} {job.id}"
    return ImportLine(job.id, job.file, job.state.value, place.row, job.rows, place.next if goes_on else None, line)


def _sum(counts: dict[str, int], *states: str) -> int:
    return sum(counts.get(one, 0) for one in states)
