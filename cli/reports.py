"""The commands that tell: figures of a stretch of time, the links of partners."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from cli.app import DEFAULT, AsJson, ConfigFile, app, clear_words, done, journal_of, opened
from rules.periods import PERIODS

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
