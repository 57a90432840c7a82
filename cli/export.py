"""`provodka export`: a person's story or a stretch of time as a file to take away."""

from __future__ import annotations

import re
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cli.config import Config
from cli.moments import ago
from cli.progress import bar
from cli.show import Exit, View, counted
from provodka.journal import Journal
from provodka.journal.extract import Scope
from support.export import Format, Wish, export, file_name, size_of
from support.find import understand

_NUMBER: Final = re.compile(r"person:(\d{1,18})")
_ENDS: Final = {".csv": Format.CSV, ".json": Format.JSON, ".jsonl": Format.JSON}


@dataclass(frozen=True, slots=True)
class Wanted:
    """As the options say it. `to` none takes a name that tells what the file holds, in this folder; `format` none goes
    by the end of `to`."""

    person: str = ""
    since: str = ""
    until: str = ""
    format: Format | None = None
    to: Path | None = None
    force: bool = False
    dry_run: bool = False


class UnclearError(Exception):
    """What is wanted cannot be understood; its words are a sentence and a cure."""


def take_away(journal: Journal, config: Config, wanted: Wanted, view: View) -> int:
    """Write the file. Ends with 2 where the options are unclear or the file is there, with 1 where it cannot be
    written."""
    try:
        scope = Scope(_person(journal, wanted.person), *_period(journal, config, wanted))
    except UnclearError as error:
        view.problem(*error.args)
        return Exit.USAGE
    form = wanted.format or _ENDS.get(wanted.to.suffix.lower() if wanted.to else "", Format.SQLITE)
    wish = Wish(scope, form, config.client, config.calendar.timezone, view.opened)
    path = wanted.to or Path(file_name(wish, journal.now()))
    if path.exists() and not wanted.force:
        view.problem(f"{path} is there already", "name another file by --to, or say --force")
        return Exit.USAGE
    events = size_of(journal, scope)
    if wanted.dry_run:
        return _told(view, f"would write {counted(events, 'event')} into {path}", path, events, wish)
    try:
        with bar(view, "exporting", events, "events") if view.err.is_terminal else nullcontext() as move:
            made = export(journal, wish, path, move or (lambda _: None), over=wanted.force)
    except OSError as error:
        view.problem(f"{path} cannot be written: {error.strerror}", "see that its folder is there and has room")
        return Exit.PROBLEM
    text = f"{counted(made.events, 'event')} in {path}, {_size(made.size)}"
    return _told(view, text, path, made.events, wish, size=made.size)


def _told(view: View, text: str, path: Path, events: int, wish: Wish, **more: int) -> int:
    if view.as_json:
        view.json({"file": str(path), "events": events, "masked": not wish.opened} | more)
    else:
        masked = "personal data lie open in it: keep it safe" if wish.opened else "personal data are masked"
        view.print(f"{text}; {masked}")
    return Exit.FINE


def _size(size: int) -> str:
    return f"{size / 2**20:.1f} MB" if size >= 2**20 else f"{max(1, size // 2**10)} KB"


def _person(journal: Journal, wanted: str) -> int | None:
    """The lane of whoever is meant."""
    if not wanted:
        return None
    if number := _NUMBER.fullmatch(wanted.strip()):
        return int(number[1])
    found = understand(journal, wanted)
    known = [found.lane, found.event.lane if found.event else None, *(one.lane for one in found.people)]
    lanes = {one for one in known if one is not None}
    if (found.waiting or found.event) and not lanes:
        raise UnclearError("their events are not planned yet", "try again in a minute, see provodka status")
    if not lanes:
        raise UnclearError(f"nobody is known by «{wanted}»", "give a phone, an email, a lead or an event's id")
    if len(lanes) > 1 or found.many:
        numbers = ", ".join(f"person:{one}" for one in sorted(lanes))
        raise UnclearError(f"several people are called «{wanted}»: {numbers}", "give one of these, a phone or an email")
    return lanes.pop()


def _period(journal: Journal, config: Config, wanted: Wanted) -> tuple[datetime | None, datetime | None]:
    if not (wanted.since or wanted.person):
        raise UnclearError("what is to be exported is not said", "say --since 30d, or --person with a phone or email")
    try:
        since, until = (
            ago(text, journal.now(), config.calendar) if text else None for text in (wanted.since, wanted.until)
        )
    except ValueError as error:
        raise UnclearError(str(error)) from error
    if since and until and since >= until:
        raise UnclearError("--until is not after --since", "the period has to begin before it ends")
    return since, until
