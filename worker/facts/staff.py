"""Facts of rules by the clock: one of the staff, the whole board, and the figures of a stretch of time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from rules.periods import PERIODS
from worker.facts.source import Source


def _who_is_present(source: Source) -> bool:
    return bool(source.who) and source.is_present(source.team.login(source.who))


def _figures_of(period: str) -> Callable[[Source], Any]:
    return lambda source: source.digest.figures(period)


FETCH: Final[Mapping[str, Callable[[Source], Any]]] = {
    "who.present": _who_is_present,
    "work.tasks": lambda source: source.work.tasks(),
    "work.to_do": lambda source: source.work.to_do(),
    "work.due_today": lambda source: source.work.due_today(),
    "work.overdue": lambda source: source.work.overdue(),
    "work.leads": lambda source: source.work.leads(),
    "work.open_leads": lambda source: source.work.open_leads(),
    "work.violations": lambda source: source.work.violations(),
    "work.broken": lambda source: source.work.broken(),
    "board.open_leads": lambda source: source.digest.open_leads(),
    "board.leads": lambda source: source.digest.leads(),
    "board.untouched": lambda source: source.digest.untouched(),
    "board.waiting": lambda source: source.digest.waiting(),
    "board.by_stage": lambda source: source.digest.by_stage(),
    "board.people": lambda source: source.digest.people(),
    **{f"figures.{period}": _figures_of(period) for period in PERIODS},
}
