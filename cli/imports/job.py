"""The imports that were agreed to: started, watched, stopped, resumed, listed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from click import Abort

from cli.progress import bar
from cli.show import Exit, View, table
from connectors.tables.importing import ImportOptions
from provodka.journal import Journal, imports
from provodka.journal.imports import ImportFigures, ImportJob, ImportState
from worker.importing import place_of

_LOOK: Final = 0.5  # seconds
_SHARE: Final = 10  # of a long list looking takes a while, which is the worker's
_SILENCE: Final = 15.0  # seconds in which nothing moved and nothing is waited for
_DONE: Final = ("done", "cancelled")
_LIVE: Final = ("ready", "running")
_INSTEAD: Final = {
    ImportState.RUNNING: "to stop it: provodka import stop {job}",
    ImportState.STOPPED: "to go on with it: provodka import resume {job}",
    ImportState.DONE: "all its rows are handed out; to take them back: provodka import undo {job}",
    ImportState.UNDONE: "to take the rows in again: provodka import FILE",
}

Ask = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class ShownJob:
    """How an import stands. `handed_out`, `planned` and `failed` count rows, the others their actions."""

    id: str
    file: str
    channel: str
    state: str
    created_at: datetime
    rows: int
    row: int
    next: datetime | None
    handed_out: int
    planned: int
    failed: int
    done: int
    under_way: int
    waiting: int
    held: int
    dead: int


def start(journal: Journal, body: bytes, name: str, channel: str, rows: int, options: ImportOptions) -> ImportJob:
    """From now on its rows are handed out by `provodka run`."""
    now = journal.now()
    digest = journal.store.keep_blob(body)
    written = options.model_dump_json(exclude_defaults=True)
    id_ = imports.new_import_id(now)
    job = ImportJob(id_, channel, name, digest, written, rows, ImportState.RUNNING, now)
    journal.write(lambda c: imports.add(c, job))
    return job


def found(journal: Journal, wanted: str, view: View) -> ImportJob | None:
    """The import of this id, or of a piece of it; the newest one where none is named."""
    alike = journal.read(lambda c: imports.alike(c, wanted))
    if len(alike) == 1:
        return alike[0]
    if not alike:
        if wanted:
            view.problem(f"there is no import «{wanted}»", "provodka import ls lists them all")
        else:
            view.problem("nothing has been imported yet", "begin with provodka import FILE")
    else:
        view.problem(f"several imports are like «{wanted}»", f"write one of {', '.join(job.id for job in alike)}")
    return None


def shown(journal: Journal, job: ImportJob) -> ShownJob:
    """How it stands now."""
    now: ImportFigures = journal.read(lambda c: imports.figures(c, job.id))
    place = place_of(job.id, journal.cursor)
    return ShownJob(
        id=job.id,
        file=job.file,
        channel=job.channel,
        state=job.state.value,
        created_at=job.created_at,
        rows=job.rows,
        row=place.row,
        next=place.next if job.state is ImportState.RUNNING else None,
        handed_out=now.handed_out,
        planned=now.planned,
        failed=now.events.get("failed", 0),
        done=now.of_state(*_DONE),
        under_way=now.of_state(*_LIVE),
        waiting=now.of_state("waiting"),
        held=now.of_state("held"),
        dead=now.of_state("dead"),
    )


def settled(job: ShownJob) -> bool:
    """Whether nothing of it moves by itself any more: timers and what is postponed take as long as they take."""
    return job.state != ImportState.RUNNING and job.planned + job.failed == job.handed_out and not job.under_way


def follow(journal: Journal, job: ImportJob, view: View, stop: Ask | None) -> ShownJob:
    """A bar until all is done; Ctrl-C asks `stop` whether to stop the import, or lets it go on."""
    try:
        with bar(view, job.file, job.rows, "rows") as move_to:
            return _watch(journal, job, view, lambda now: move_to(now.planned, _told(now)))
    except KeyboardInterrupt:
        if stop is not None and _agreed(stop, "Stop the import? If not, it goes on without this command"):
            journal.write(lambda c: imports.move(c, job.id, ImportState.STOPPED, (ImportState.RUNNING,)))
        return shown(journal, anew(journal, job))


def _agreed(stop: Ask, question: str) -> bool:
    """A second Ctrl-C is no answer: what was agreed to before holds."""
    try:
        return stop(question)
    except (KeyboardInterrupt, Abort):
        return False


def _watch(journal: Journal, job: ImportJob, view: View, tell: Callable[[ShownJob], object]) -> ShownJob:
    last, since, warned = (0, 0, 0), time.monotonic(), False
    while True:
        began = time.monotonic()
        now = shown(journal, anew(journal, job))
        took = time.monotonic() - began
        tell(now)
        if settled(now):
            return now
        moved = (now.handed_out, now.planned, now.done + now.dead)
        if moved != last:
            last, since = moved, time.monotonic()
        elif now.next is None and not warned and time.monotonic() - since > _SILENCE:
            view.problem("nothing of it moves: is provodka run running?", "it goes on as soon as that is started")
            warned = True
        time.sleep(max(_LOOK, took * _SHARE))


def _told(now: ShownJob) -> str:
    dead = f", {now.dead} dead" if now.dead else ""
    return f"handed out {now.handed_out}, planned {now.planned}, actions done {now.done}{dead}"


def anew(journal: Journal, job: ImportJob) -> ImportJob:
    """As it is now."""
    return journal.read(lambda c: imports.alike(c, job.id))[0]


def ls(journal: Journal, view: View) -> int:
    """All imports, the newest first."""
    jobs = [shown(journal, job) for job in reversed(journal.read(imports.all_imports))]
    if view.as_json:
        view.json(jobs)
        return Exit.FINE
    titles = (f"started ({view.zone})", "import", "file", "channel", "state", "rows", "handed out", "done", "dead")
    rows = [
        (view.at(j.created_at), j.id, j.file, j.channel, j.state, *map(str, (j.rows, j.handed_out, j.done, j.dead)))
        for j in jobs
    ]
    view.print(table(titles, rows) if rows else "nothing has been imported yet")
    return Exit.FINE


def show(journal: Journal, job: ImportJob, view: View) -> int:
    """How one stands; ends with 1 where something of it needs a person."""
    now = shown(journal, job)
    if view.as_json:
        view.json(now)
    else:
        tell(now, view)
    return Exit.PROBLEM if now.dead or now.failed else Exit.FINE


def tell(now: ShownJob, view: View) -> None:
    """How it stands, in three lines, and what to type next."""
    view.print(f"import {now.id} of «{now.file}» into «{now.channel}» is {now.state}, at row {now.row}")
    view.print(f"rows: {now.handed_out} handed out, {now.planned} planned, {now.failed} that the rules cannot plan")
    more = {"under way": now.under_way, "waiting": now.waiting, "held": now.held, "dead": now.dead}
    view.print(f"actions: {now.done} done" + "".join(f", {n} {what}" for what, n in more.items() if n))
    if now.next is not None:
        view.print(f"the next portion begins at {view.at(now.next)}")
    view.print("", *_next(now))


def _next(now: ShownJob) -> Sequence[str]:
    moves = {"running": f"provodka import stop {now.id}", "stopped": f"provodka import resume {now.id}"}
    return [
        one
        for one in (moves.get(now.state, ""), f"provodka import report {now.id}", f"provodka import undo {now.id}")
        if one
    ]


def move(journal: Journal, job: ImportJob, to: ImportState, view: View) -> int:
    """Stop or resume; ends with 1 where it cannot be."""
    before = ImportState.STOPPED if to is ImportState.RUNNING else ImportState.RUNNING
    if not journal.write(lambda c: imports.move(c, job.id, to, (before,))):
        view.problem(f"import {job.id} is {job.state}, not {before}", _INSTEAD[job.state].format(job=job.id))
        return Exit.PROBLEM
    if to is ImportState.RUNNING:
        journal.well(f"import {job.id}")
    now = shown(journal, anew(journal, job))
    if view.as_json:
        view.json(now)
    else:
        view.print(f"import {job.id} is {to}")
        if to is ImportState.STOPPED and now.under_way:
            view.print(f"{now.under_way} actions that were handed out before are still carried out")
    return Exit.FINE
