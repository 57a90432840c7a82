"""`provodka status`: how the house fares, in one look."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from rich.text import Text
from sqlalchemy.exc import DBAPIError

from cli.hooks import WARNING
from cli.resume import command
from cli.show import Exit, View, counted, one_line, span, state, table
from provodka.errors import JournalUnavailableError
from provodka.journal import EventState, Journal, Trouble
from support.health import Backlog, Status, look

_CAUSES: Final = (
    (r"database (?:table )?is locked", "another process keeps the journal locked", "try again; find who holds it open"),
    (r"disk (?:is )?full|No space left|disk I/O", "the disk is full or broken", "free some space, then try again"),
    (r"unable to open", "the file cannot be opened or made", "see that its folder exists and that you may write there"),
    (r"readonly|read-only|permission denied", "the journal may only be read", "run as the user that provodka runs as"),
    (r"malformed|not a database", "the file is damaged or is no journal", "see journal.url, or restore a copy"),
    (r"authentication failed", "PostgreSQL refuses user or password", "see journal.url in the config"),
    (r"refused|could not (?:connect|translate)|timeout|no route", "PostgreSQL does not answer", "see that it runs"),
    (r"does not exist", "PostgreSQL has no such database or role", "create it, or see journal.url in the config"),
)


def status(journal: Journal, view: View) -> int:
    """Totals, backlog, channels, dead letters, held accounts and troubles. Ends with 1 unless all is well."""
    try:
        hooks = journal.cursor(WARNING) or ""
        found = journal.read(lambda c: look(c, journal, hooks, command))
    except (JournalUnavailableError, DBAPIError) as error:
        return unavailable(error, view)
    if view.as_json:
        view.json(found)
    else:
        _draw(found, view)
    return Exit.FINE if found.well else Exit.PROBLEM


def unavailable(error: Exception, view: View) -> int:
    """Say in one line that the journal cannot be used, why, and what to do. Ends with 1."""
    cause, cure = cause_and_cure(error)
    if view.as_json:
        view.json({"well": False, "journal_unavailable": {"cause": cause, "cure": cure, "words": one_line(str(error))}})
    view.problem(f"the journal cannot be used: {cause} ({one_line(str(error), 200)})", cure)
    return Exit.PROBLEM


def cause_and_cure(error: Exception) -> tuple[str, str]:
    """What the database's own words mean, and the cure."""
    for words, cause, cure in _CAUSES:
        if re.search(words, str(error), re.IGNORECASE):
            return cause, cure
    return "the database refuses", "see journal.url in the config, and the log"


def _draw(found: Status, view: View) -> None:
    view.print(f"{view.at(found.at)}, {view.clocks}, journal {found.journal}")
    view.print(_counts("events", found.events), _counts("actions", found.actions))
    view.print(_backlog("to plan", found.to_plan, found.at), _backlog("to send", found.to_send, found.at))
    if failed := found.events.get(EventState.FAILED, 0):
        view.print(Text(f"{counted(failed, 'event')} could not be planned; next: provodka replay --failed", "bold red"))
    _channels(found, view)
    _dead(found, view)
    _stopped(found, view)
    _imports(found, view)
    for hold in found.holds:
        view.print(Text(one_line(f"account {hold.account} is held until {view.at(hold.until)}: {hold.why}"), "yellow"))
    if found.hooks:
        view.print(Text(one_line(f"hooks: {found.hooks}", 600), "yellow"))
    for trouble in found.troubles:
        _trouble(trouble, view)
    if found.well:
        view.print(Text("all is well", "green"))


def _counts(what: str, counts: dict[str, int]) -> Text:
    text = Text(f"{what}: ")
    parts = [Text(f"{number} ").append(state(word)) for word, number in sorted(counts.items())]
    return text.append(Text(", ").join(parts)) if parts else text.append("none yet")


def _backlog(what: str, backlog: Backlog, now: datetime) -> str:
    if backlog.oldest is None:
        return f"{what}: nothing waits"
    return f"{what}: {backlog.count}, the oldest waits for {span(now - backlog.oldest)}"


def _channels(found: Status, view: View) -> None:
    rows = [
        (line.channel, str(line.events), view.at(line.last_at), f"{span(found.at - line.last_at)} ago")
        for line in found.channels
    ]
    if rows:
        view.print("", table(("channel", "events", "last event", ""), rows), "")


def _dead(found: Status, view: View) -> None:
    rows = [
        (Text(line.reason, "bold red"), str(line.count), view.at(line.first_at), str(line.newest), line.next)
        for line in found.dead
    ]
    if rows:
        view.print(table(("dead letters", "count", "since", "newest action", "next"), rows), "")


def _stopped(found: Status, view: View) -> None:
    rows = [
        (Text(one_line(line.rule), "bold red"), str(line.held), view.at(line.since), one_line(line.why), line.next)
        for line in found.stopped
    ]
    if rows:
        view.print(table(("stopped rules", "held", "since", "why", "next"), rows), "")


def _imports(found: Status, view: View) -> None:
    rows = [
        (one_line(line.file), line.state, f"{line.row} of {line.rows}", view.at(line.resumes), line.next)
        for line in found.imports
    ]
    if rows:
        view.print(table(("imports", "state", "at row", "next portion", "next"), rows), "")


def _trouble(trouble: Trouble, view: View) -> None:
    since = f"since {view.at(trouble.since)}, {counted(trouble.times, 'time')}, last {view.at(trouble.last_at)}"
    view.print(
        Text.assemble(("trouble ", "bold red"), f"{one_line(trouble.name)}: {one_line(trouble.cause)} ({since})")
    )
    view.print(f"    {one_line(trouble.cure)}")
