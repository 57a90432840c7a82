"""Figures read from the journal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from provodka.journal import Journal, happened
from rules import figures
from rules.calendar import WorkingCalendar
from rules.team import Team


def figures_between(
    journal: Journal, team: Team, calendar: WorkingCalendar, since: datetime, until: datetime
) -> figures.Figures:
    """The figures of what came in this time, read in one go. The source of a lead is its advertising source, else the
    channel that brought it."""

    def source(ids: Sequence[str]) -> dict[str, str]:
        found = journal.read(lambda c: happened.origins(c, ids))
        return {id_: origin.source or origin.channel for id_, origin in found.items()}

    return journal.read(
        lambda c: figures.count(
            happened.between(c, since, until, figures.TYPES), since, until, source, team, calendar.local
        )
    )
