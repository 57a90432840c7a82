"""`provodka plan`: what a changed config would have made of the events on record, and what was made of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from cli.config import Config
from cli.moments import ago
from cli.plan_view import draw
from cli.show import Exit, View
from provodka.journal import EventState, Journal
from provodka.journal.planned_before import History, count, histories
from provodka.offline import offline
from provodka.wording import did_you_mean
from rules.actions import REGISTRY
from rules.differences import Did
from rules.engine import Engine
from rules.whatif import Otherwise, Past, PastAction, PastPlan, what_if
from support.masking import Mask
from support.story import names_in
from support.whatif_tally import Span, Tally

_TO_COME = (EventState.RECEIVED, EventState.PLANNING)


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
    tally = Tally(Span(since, until), question.limit)
    known = {rule.name for rule in config.rules}
    with _bar(view, lambda: count(journal, since, until)) as tick, offline():
        for history in histories(journal, since, until):
            tick()
            if history.event.state in _TO_COME:
                tally.to_come += 1
                continue
            past = past_of(history)
            if question.rule and question.rule not in known:
                known.update(rule for one in past.plans for rule in one.rules)
            found = _narrowed(what_if(past, engine, REGISTRY, now), question.rule)
            tally.add(past, found, lambda past=past: _mask(journal, view, past))  # type: ignore[misc]
    if question.rule and question.rule not in known:
        view.problem(f"no rule is or was called «{question.rule}»", did_you_mean(question.rule, sorted(known)))
        return Exit.USAGE
    if view.as_json:
        view.json(tally.told())
    else:
        draw(tally.told(), view)
    return Exit.FINE


def past_of(history: History) -> Past:
    """The history of an event as the rules take it."""
    actions = tuple(
        PastAction(a.rule, Did.of(a.kind, a.rule, json.loads(a.params), -a.priority)) for a in history.actions
    )
    return Past(history.event.event, tuple(PastPlan(*one) for one in history.plans), actions)


def _narrowed(found: Otherwise, rule: str) -> Otherwise:
    """What of it concerns one rule, under today's name or that of then."""
    if not rule:
        return found
    return replace(
        found,
        differences=tuple(one for one in found.differences if one.rule == rule),
        undecided=tuple(one for one in found.undecided if one.rule == rule),
        renamed={old: new for old, new in found.renamed.items() if rule in (old, new)},
    )


def _mask(journal: Journal, view: View, past: Past) -> Mask:
    return view.mask(journal, [past.event.person], [name for one in past.plans for name in names_in(one.facts)])


@contextmanager
def _bar(view: View, total: Callable[[], int]) -> Iterator[Callable[[], None]]:
    """What to call for every event; on a terminal it moves a bar."""
    if view.as_json or not view.err.is_terminal:
        yield lambda: None
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=view.err, transient=True) as progress:
        task = progress.add_task("", total=total())
        yield lambda: progress.advance(task)
