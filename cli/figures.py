"""`provodka figures`: what came, what became of it, how fast it was answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Final

from rich.table import Table

from cli.config import Config
from cli.show import Exit, View, span, table
from provodka.journal import Journal
from rules.figures import Answer, Figures, Line
from rules.periods import stretch
from worker.figures import figures_between

_MINUTE: Final = 60


def figures(journal: Journal, config: Config, period: str, view: View) -> int:
    """Print the figures of a period (`rules.periods.PERIODS`)."""
    since, until = stretch(period, config.calendar.local(journal.now()))
    found = figures_between(journal, config.team, config.calendar, since, until)
    if view.as_json:
        mask = view.mask(journal)
        phones = tuple(map(mask.text, found.calls.not_called_back))
        waiting = [{"id": one.id, "url": one.url, "title": mask.text(one.title)} for one in found.answer.waiting]
        calls = replace(found.calls, not_called_back=phones)
        view.json({**_plain(found), "calls": calls, "answer": {**_plain(found.answer), "waiting": waiting}})
    else:
        _draw(found, view)
    return Exit.FINE


def _plain(found: Figures | Answer) -> dict[str, object]:
    return {one.name: getattr(found, one.name) for one in fields(found)}


def _draw(found: Figures, view: View) -> None:
    view.print(f"{view.at(found.since)} to {view.at(found.until)} ({view.clocks})")
    ended = f"won {found.won}, lost {found.lost}, conversion {found.conversion} %, revenue {found.revenue}"
    view.print(f"new leads {found.leads}, {ended}")
    if found.imported.has_any:
        apart = found.imported
        view.print(f"apart from these, of imports: new leads {apart.leads}, won {apart.won}, lost {apart.lost}")
    answer, calls = found.answer, found.calls
    times = f"mean {_minutes(answer.mean)}, median {_minutes(answer.median)}, 95 % within {_minutes(answer.p95)}"
    view.print(f"answered {answer.answered} ({times}), not touched yet {len(answer.waiting)}")
    missed = f"missed {calls.missed}, numbers called back {calls.called_back}, not {len(calls.not_called_back)}"
    view.print(f"calls: in {calls.incoming}, out {calls.outgoing}, {missed}")
    for title, lines in (
        ("source", found.by_source),
        ("responsible", found.by_person),
        ("hour", found.by_hour),
        ("pipeline", found.by_pipeline),
        ("loss reason", found.by_reason),
        *((f"«{name}»", lines) for name, lines in sorted(found.by_field.items())),
    ):
        if lines:
            view.print("", _table(title, lines))
    if found.stages:
        rows = [(stage.name, str(stage.left), span(stage.mean * _MINUTE * _MINUTE)) for stage in found.stages]
        view.print("", table(("stage", "left it", "after"), rows))


def _table(title: str, lines: Sequence[Line]) -> Table:
    titles = (title, "leads", "won", "lost", "conversion", "revenue")
    rows = [(ln.name, str(ln.leads), str(ln.won), str(ln.lost), f"{ln.conversion} %", str(ln.revenue)) for ln in lines]
    return table(titles, rows)


def _minutes(number: int) -> str:
    return span(number * _MINUTE)
