"""`provodka plan`: what a changed config would have made of the events on record, and what was made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from cli.config import Config
from cli.moments import ago
from cli.plan_view import draw
from cli.show import Exit, View
from provodka.journal import Journal
from provodka.journal.planned_before import count
from provodka.wording import did_you_mean
from rules.actions import REGISTRY
from rules.engine import Engine
from support.whatif import Tried, compare
from support.whatif_tally import Span


@dataclass(frozen=True, slots=True)
class Question:
    """Which events (`since` and `until` as `cli.moments` reads them), which rule, and how many events to show."""

    since: str
    until: str = ""
    rule: str = ""
    limit: int = 20


def plan(journal: Journal, config: Config, question: Question, view: View) -> int:
    """Tell by rule and by event what would be done otherwise. Ends with 0, with 2 where the question is unclear.

    With `--json` it prints one `support.whatif_tally.Told`.
    """
    now = journal.now()
    try:
        since = ago(question.since, now, config.calendar)
        until = ago(question.until, now, config.calendar) if question.until else now
    except ValueError as error:
        view.problem(str(error))
        return Exit.USAGE
    engine = Engine(config.rules, REGISTRY, config.team, config.calendar, config.client, config.beside)
    span, masks = Span(since, until), view.masks(journal)
    with _bar(view, lambda: count(journal, since, until)) as tick:
        found = compare(journal, Tried(engine), span, masks, tick, rule=question.rule, limit=question.limit)
    known, told = found.known, found.tally.told()
    if question.rule and question.rule not in known:
        view.problem(f"no rule is or was called «{question.rule}»", did_you_mean(question.rule, sorted(known)))
        return Exit.USAGE
    if view.as_json:
        view.json(told)
    else:
        draw(told, view)
    return Exit.FINE


@contextmanager
def _bar(view: View, total: Callable[[], int]) -> Iterator[Callable[[str], None]]:
    """What to call for every event; on a terminal it moves a bar."""
    if view.as_json or not view.err.is_terminal:
        yield lambda _: None
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=view.err, transient=True) as progress:
        task = progress.add_task("", total=total())
        yield lambda _: progress.advance(task)
