"""`provodka import FILE`: look, show, ask, start, watch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

from cli.house import House
from cli.imports import job as jobs
from cli.imports.look import Seen, look
from cli.imports.preview import draw, masked, refused_file
from cli.imports.report import report
from cli.show import Exit, View
from connectors.registry import CHANNELS
from connectors.tables.importing import ImportOptions, open_table
from connectors.visit import Target
from provodka.errors import Rejected
from provodka.mistakes import did_you_mean
from provodka.payloads import EventType
from rules.durations import parse_duration


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was typed: the file, the channel, `--map`, and how to go about it; refused rows are listed in `folder`."""

    file: Path
    channel: str = ""
    mapping: tuple[str, ...] = ()
    dry_run: bool = False
    yes: bool = False
    detach: bool = False
    folder: Path = Path()


def start_import(house: House, wanted: Wanted, given: Mapping[str, Any], view: View, ask: jobs.Ask | None) -> int:
    """Show what would come of the file and, where that is agreed to, start it; `ask` is None where nobody can answer.

    A look, and a start that is not waited for, end with 0; otherwise 1 says that rows need a person, or that the answer
    was no; 2 that the file or the options are wrong.
    With `--json` it prints `{preview: Seen, import: ShownJob}`, the second one null where nothing was started.
    """
    try:
        channel = _channel(house, wanted.channel)
        options = _options(house, channel, {**given, "map": _mapping(wanted.mapping)})
        seen = looked(house, wanted.file, channel, options)
    except Rejected as error:
        view.problem(error.reason, error.hint)
        return Exit.USAGE
    if not view.as_json:
        draw(masked(seen, view.mask(house.journal)), view, _listed(seen, wanted.folder, view))
    if wanted.dry_run or not seen.taken:
        return _not_started(seen, view, house, dry_run=wanted.dry_run)
    if not _agreed(wanted, view, ask):
        return Exit.PROBLEM
    started = jobs.start(house.journal, wanted.file.read_bytes(), wanted.file.name, channel, seen.rows, options)
    view.err.print(f"import {started.id} has begun", highlight=False)
    now = jobs.shown(house.journal, started) if wanted.detach else jobs.follow(house.journal, started, view, ask)
    if view.as_json:
        view.json({"preview": masked(seen, view.mask(house.journal)), "import": now})
        wrong = now.dead or now.failed or (seen.refused and not wanted.detach)
        return Exit.PROBLEM if wrong else Exit.FINE
    if not jobs.settled(now):
        jobs.tell(now, view)
        return Exit.FINE
    return report(house.journal, jobs.anew(house.journal, started), house.imported(started), view, None)


def _not_started(seen: Seen, view: View, house: House, *, dry_run: bool) -> int:
    if view.as_json:
        view.json({"preview": masked(seen, view.mask(house.journal)), "import": None})
    else:
        view.print("", "dry run: nothing was done" if dry_run else "there is nothing to import")
    return Exit.PROBLEM if seen.refused and not dry_run else Exit.FINE


def _listed(seen: Seen, folder: Path, view: View) -> Path | None:
    try:
        return refused_file(seen, folder)
    except OSError as error:
        view.problem(f"the list of refused rows cannot be written: {error}", "start it in a folder that is yours")
        return None


def _agreed(wanted: Wanted, view: View, ask: jobs.Ask | None) -> bool:
    if wanted.yes:
        return True
    if ask is None or view.as_json:
        view.problem("nobody can be asked here", "add --yes, or --dry-run to only look")
        return False
    return ask("Import?")


def _channel(house: House, wanted: str) -> str:
    takers = [n for n, one in house.config.channels.items() if EventType.TABLE_ROW_ADDED in CHANNELS[one.type].events]
    if wanted in takers:
        return wanted
    if wanted in house.config.channels:
        raise Rejected(f"channel «{wanted}» takes no rows of tables", hint=f"choose one of these: {', '.join(takers)}")
    if wanted:
        raise Rejected(f"there is no channel «{wanted}»", hint=did_you_mean(wanted, takers))
    if len(takers) == 1:
        return takers[0]
    if takers:
        raise Rejected("several channels take rows of tables", hint=f"add --channel with one of {', '.join(takers)}")
    raise Rejected("no channel of the config takes rows", hint="add to channels: «list: {type: import}»")


def looked(house: House, file: Path, channel: str, options: ImportOptions) -> Seen:
    """What would come of a file. Raises Rejected with the cure."""
    table = open_table(file, channel, house.config.channels[channel], options, ZoneInfo(house.config.timezone))
    return look(house, table, channel, options)


def _options(house: House, channel: str, given: Mapping[str, Any]) -> ImportOptions:
    doubles = getattr(house.config.channels[channel], "doubles", "merge")
    options = ImportOptions.model_validate({"doubles": doubles, **given})
    if options.every:
        try:
            parse_duration(options.every)
        except ValueError as error:
            raise Rejected(f"--every: {error}") from error
    return options


def _mapping(typed: tuple[str, ...]) -> dict[str, str]:
    known = get_args(Target)
    found = {}
    for text in typed:
        target, sign, column = text.partition("=")
        if not sign or not column.strip() or target.strip() not in known:
            near = did_you_mean(target.strip(), known)
            raise Rejected(f"--map {text}: write WHAT=COLUMN", hint=near or f"WHAT is one of {', '.join(known)}")
        found[target.strip()] = column.strip()
    return found
