"""Undoing an import: what was not done yet is cancelled, what was done is undone, what it made is taken away."""

from __future__ import annotations

import time
from typing import Final

from cli.imports.job import shown
from cli.show import Exit, View
from cli.undo import Preview, Wish, carried_out, tell
from provodka.journal import MAKERS, Journal, imports
from provodka.journal.imports import ImportJob, ImportState
from provodka.journal.undoing import Undone

_LOOK: Final = 0.2
_STATES: Final = (ImportState.RUNNING, ImportState.STOPPED, ImportState.DONE)


def undo_import(journal: Journal, job: ImportJob, view: View, *, preview: Preview, wish: Wish) -> int:
    """Undo all that an import has done; what somebody has touched since stays, and is listed.

    Rows of which nothing stays may be imported again. It may be said again: what was undone stays so. Prints and ends
    as `undo` does.
    """
    try:
        if not wish.dry_run:
            journal.write(lambda c: imports.move(c, job.id, ImportState.STOPPED, (ImportState.RUNNING,)))
            _cancel(journal, job, wish.patience)
        work = carried_out(journal, Undone(job=job.id), preview, wish, view)
    except KeyboardInterrupt:
        view.problem("interrupted: nothing of it has been undone" + ("" if wish.dry_run else " yet, but it is stopped"))
        view.err.print(f"to undo it: provodka import undo {job.id}", highlight=False)
        return Exit.PROBLEM
    if not wish.dry_run and not work.waiting:
        stays = {one.event_seq for one, why in work.exceptions if one.kind in MAKERS and not why.startswith("contact:")}
        journal.write(lambda c: imports.let_in_again(c, job.id, stays))
        journal.write(lambda c: imports.move(c, job.id, ImportState.UNDONE, _STATES))
    tell(journal, work, view, dry_run=wish.dry_run)
    return Exit.PROBLEM if work.exceptions else Exit.FINE


def _cancel(journal: Journal, job: ImportJob, patience: float) -> None:
    """Cancel what has not begun, until nothing of it moves; give up when nothing has moved for so many seconds."""
    left, end = -1, time.monotonic() + patience
    while True:
        journal.write(lambda c: imports.cancel(c, job.id, journal.now()))
        figures = shown(journal, job)
        moving = figures.handed_out - figures.planned - figures.failed + figures.under_way
        if not moving or time.monotonic() >= end:
            return
        if moving != left:
            left, end = moving, time.monotonic() + patience
        time.sleep(_LOOK)
