"""Figures read from the journal."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from provodka.journal import Journal, happened
from rules import figures
from rules.calendar import WorkingCalendar
from rules.periods import stretch
from rules.team import Team


def figures_between(
    journal: Journal, team: Team, calendar: WorkingCalendar, since: datetime, until: datetime
) -> figures.Figures:
    """The figures of what came in this time, read in one go. The source of a lead is its advertising source, else the
    channel that brought it."""
    return cases_between(journal, team, calendar, since, until)[0]


def cases_between(
    journal: Journal,
    team: Team,
    calendar: WorkingCalendar,
    since: datetime,
    until: datetime,
    tick: Callable[[], None] = lambda: None,
) -> tuple[figures.Figures, figures.Cases]:
    """The same, and the leads and missed calls that they were counted from. `tick` is called for each event."""

    def events(connection: Connection) -> Iterator[happened.Happening]:
        for one in happened.between(connection, since, until, figures.TYPES):
            tick()
            yield one

    def source(ids: Sequence[str]) -> dict[str, figures.Source]:
        found = journal.read(lambda c: happened.origins(c, ids))
        return {id_: figures.Source(one.source or one.channel, one.imported) for id_, one in found.items()}

    return journal.read(lambda c: figures.count_cases(events(c), since, until, source, team, calendar.local))


class Results:
    """What each of the staff has sold in whole past periods. Such a period does not change, so it is counted once."""

    def __init__(self, team: Team, calendar: WorkingCalendar) -> None:
        self._team = team
        self._calendar = calendar
        self._lock = threading.Lock()
        self._lines: dict[str, tuple[datetime, Mapping[str, figures.Line]]] = {}

    def of(self, journal: Journal, period: str, measure: str) -> dict[str, int]:
        """By staff key: a measure of `rules.figures.Line` in a period of `rules.periods` that is over."""
        since, until = stretch(period, self._calendar.local(journal.now()))
        with self._lock:
            kept = self._lines.get(period)
            if kept is None or kept[0] != until:
                found = figures_between(journal, self._team, self._calendar, since, until)
                kept = self._lines[period] = (until, {line.name: line for line in found.by_person})
        return {person: int(getattr(line, measure)) for person, line in kept[1].items()}
