"""What became of each row of an import."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from cli.imports.look import Refused
from cli.imports.preview import sentences, write_rows
from cli.show import Exit, View, counted
from connectors.tables.importing import ReadRow
from provodka.journal import MAKERS, ActionState, EventState, Journal, StoredAction, imports
from provodka.journal.imports import ImportJob
from worker.importing import place_of

_AT_REST: Final = (ActionState.DONE, ActionState.DEAD, ActionState.CANCELLED)


class Outcome(StrEnum):
    """What became of a row."""

    NEW = "new lead"
    KNOWN = "known person"
    TAKEN = "taken"  # its rules made no lead
    WAITING = "waiting"
    DEAD = "dead"
    CANCELLED = "cancelled"
    EARLIER = "taken before"
    DOUBLE = "double"
    REFUSED = "refused"
    LEFT = "not handed out"


@dataclass(frozen=True, slots=True)
class ToldRow:
    """A row of the report. `lead` is the CRM's id; `why` and `cure` are of those that need a person."""

    row: int
    outcome: str
    event: str = ""
    lead: str = ""
    why: str = ""
    cure: str = ""


def report(journal: Journal, job: ImportJob, rows: Iterator[ReadRow], view: View, csv: Path | None) -> int:
    """Print the figures and what needs a person; with `csv` write every row into that file.

    Ends with 1 where rows were refused or died, with 2 where `csv` cannot be written.
    With `--json` it prints `{import, file, counts, rows}`.
    """
    told = list(told_rows(journal, job, rows))
    counts = Counter(one.outcome for one in told)
    if csv is not None:
        titles = tuple(ToldRow.__slots__)
        try:
            write_rows(csv, titles, [tuple(str(value) for value in asdict(one).values()) for one in told])
        except OSError as error:
            view.problem(f"--csv {csv} cannot be written: {error.strerror}", "name a file in a folder that is there")
            return Exit.USAGE
    if view.as_json:
        view.json({"import": job.id, "file": job.file, "counts": counts, "rows": told})
    else:
        _draw(job, told, counts, view)
        if csv is not None:
            view.print(f"every row: {csv}")
    return Exit.PROBLEM if counts[Outcome.DEAD] or counts[Outcome.REFUSED] else Exit.FINE


def told_rows(journal: Journal, job: ImportJob, rows: Iterator[ReadRow]) -> Iterator[ToldRow]:
    """What became of each row of the file."""
    done = _by_row(journal, job)
    handed_out = journal.read(lambda c: imports.row_states(c, job.id))
    upto = place_of(job.id, journal.cursor).row
    for row in rows:
        event = imports.event_id(job.id, row.number)
        if row.refused is not None:
            yield ToldRow(row.number, Outcome.REFUSED, why=row.refused.why, cure=row.refused.cure)
        elif row.event is None:
            yield ToldRow(row.number, Outcome.DOUBLE, why=f"row {row.double_of}")
        elif row.number in handed_out:
            yield _told(row.number, event, handed_out[row.number], done.get(row.number, ()))
        else:
            yield ToldRow(row.number, Outcome.EARLIER if row.number <= upto else Outcome.LEFT)


def _by_row(journal: Journal, job: ImportJob) -> Mapping[int, list[StoredAction]]:
    found: dict[int, list[StoredAction]] = {}
    for number, action in journal.read(lambda c: imports.actions_of(c, job.id, *ActionState)):
        if action.kind != "undo":
            found.setdefault(number, []).append(action)
    return found


def _told(row: int, event: str, state: str, actions: list[StoredAction] | tuple[()]) -> ToldRow:
    if state == EventState.FAILED:
        return ToldRow(row, Outcome.DEAD, event, why="the rules cannot plan it", cure=f"provodka explain {event}")
    if state != EventState.PLANNED:
        return ToldRow(row, Outcome.WAITING, event)
    dead = next((one for one in actions if one.state is ActionState.DEAD), None)
    maker = next((one for one in actions if one.kind in MAKERS and one.result), None)
    result: dict[str, Any] = json.loads(maker.result or "{}") if maker is not None else {}
    lead = result.get("lead_id", "")
    if dead is not None:
        return ToldRow(row, Outcome.DEAD, event, lead, f"{dead.kind}: {dead.error}", dead.hint)
    if any(one.state not in _AT_REST for one in actions):
        return ToldRow(row, Outcome.WAITING, event, lead)
    if actions and all(one.state is ActionState.CANCELLED for one in actions):
        return ToldRow(row, Outcome.CANCELLED, event, lead)
    if not lead:
        return ToldRow(row, Outcome.TAKEN, event)
    return ToldRow(row, Outcome.NEW if result.get("created") == "yes" else Outcome.KNOWN, event, lead)


def _draw(job: ImportJob, told: list[ToldRow], counts: Counter[str], view: View) -> None:
    view.print(f"import {job.id} of «{job.file}» is {job.state}: {counted(len(told), 'row')}")
    for outcome in Outcome:
        if counts[outcome]:
            view.print(f"  {outcome:16} {counts[outcome]}")
    worst = [one for one in told if one.outcome in (Outcome.DEAD, Outcome.REFUSED)]
    for outcome in (Outcome.DEAD, Outcome.REFUSED):
        for sentence in sentences([Refused(one.row, one.why, one.cure) for one in worst if one.outcome == outcome]):
            view.print(f"{outcome}, {sentence}")
