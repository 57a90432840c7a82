"""The commands that tell: figures of a stretch of time, the links of partners, a copy of the journal."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli.app import DEFAULT, AsJson, ConfigFile, DryRun, app, clear_words, done, journal_of, opened
from rules.periods import PERIODS


class ExportFormat(StrEnum):
    """`support.export.Format`, which takes a while to load."""

    SQLITE = "sqlite"
    CSV = "csv"
    JSON = "json"


Period = StrEnum("Period", {name: name for name in PERIODS})  # type: ignore[misc]  # the names are known only there


@app.command()
def figures(
    period: Annotated[Period, typer.Option(help="Which stretch of time, on the client's clocks.")] = Period.today,  # type: ignore[attr-defined]
    config: ConfigFile = DEFAULT,
    show: Annotated[bool, typer.Option("--open", help="Show personal data.")] = False,
    as_json: AsJson = False,
) -> None:
    """Count leads by source, person and field, how they ended, and how fast they were answered."""
    from cli.figures import figures as count

    with journal_of(config, as_json=as_json, shown=show) as (journal, view, read_config):
        done(count(journal, read_config, period.value, view))


@app.command()
def partners(config: ConfigFile = DEFAULT, as_json: AsJson = False) -> None:
    """The links of partners and call centres, to be given to them, and how many requests came today."""
    from cli.house import House
    from cli.partners import partners as tell
    from cli.show import View

    with clear_words():
        house = House(opened(config, as_json=as_json))
        try:
            done(tell(house, View.standard(as_json=as_json)))
        finally:
            house.close()


@app.command()
def export(
    person: Annotated[
        str, typer.Option(metavar="WHO", help="The story of whoever has this phone, email, lead or event.")
    ] = "",
    since: Annotated[str, typer.Option(help="What was received from then on: 30d, 12h, or a date and time.")] = "",
    until: Annotated[str, typer.Option(help="Before then; by default now.")] = "",
    form: Annotated[
        ExportFormat | None,
        typer.Option(
            "--format",
            help="Tables with full-text search, one table for Excel, or JSON lines; by default what FILE ends with, "
            "else sqlite.",
        ),
    ] = None,
    to: Annotated[Path | None, typer.Option(metavar="FILE", help="Write this file.")] = None,
    show: Annotated[bool, typer.Option("--open", help="With personal data.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what is there.")] = False,
    config: ConfigFile = DEFAULT,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Write a person's story or a stretch of time into a file to take away; personal data are masked."""
    from cli.export import Wanted, take_away
    from support.export import Format

    wanted = Wanted(person, since, until, Format(form.value) if form else None, to, force, dry_run)
    with journal_of(config, as_json=as_json, shown=show) as (journal, view, read_config):
        done(take_away(journal, read_config, wanted, view))
