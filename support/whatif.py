"""What a changed config would have made of the events on record: the walk that the command and the console share."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from provodka.journal import EventState
from provodka.journal.planned_before import History, histories
from provodka.journal.reading import Readable
from provodka.offline import offline
from rules.actions import REGISTRY
from rules.differences import Did
from rules.engine import Engine
from rules.whatif import Otherwise, Past, PastAction, PastPlan, what_if
from support.masking import Mask, Masks
from support.story import names_in
from support.whatif_tally import Span, Tally
from worker.replies import BY_ITSELF

_TO_COME: Final = (EventState.RECEIVED, EventState.PLANNING)


@dataclass(frozen=True, slots=True)
class Tried:
    """A changed config without mistakes, as far as a comparison needs it. `secrets` are texts that no result may show;
    `by_name` the `${NAME}` of it that were not filled in, so that their names stand for their values."""

    engine: Engine
    secrets: frozenset[str] = frozenset()
    by_name: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Compared:
    """What was found, and the names that rules have or had (only those of then that `rule` has met)."""

    tally: Tally
    known: frozenset[str]


def compare(
    journal: Readable,
    tried: Tried,
    span: Span,
    masks: Masks,
    tick: Callable[[str], None],
    *,
    rule: str = "",
    limit: int = 20,
) -> Compared:
    """Hold the rules against every event of the span, and show up to `limit` of those that they would deal with
    otherwise. Nothing is asked of the outside. `tick` is called before each event, with its id; what it raises ends the
    walk."""
    now: datetime = journal.now()
    tally = Tally(span, limit)
    known = set(tried.engine.names)
    with offline():
        for history in histories(journal, span.since, span.until):
            tick(history.event.event.id)
            if history.event.state in _TO_COME:
                tally.to_come += 1
                continue
            past = past_of(history)
            if rule and rule not in known:
                known.update(name for one in past.plans for name in one.rules)
            found = _narrowed(what_if(past, tried.engine, REGISTRY, now), rule)
            tally.add(past, found, lambda past=past: _mask(masks, tried, past))  # type: ignore[misc]
    return Compared(tally, frozenset(known))


def past_of(history: History) -> Past:
    """The history of an event as the rules take it: without what goes by itself, whatever they are."""
    actions = tuple(
        PastAction(a.rule, Did.of(a.kind, a.rule, json.loads(a.params), -a.priority))
        for a in history.actions
        if a.rule != BY_ITSELF
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


def _mask(masks: Masks, tried: Tried, past: Past) -> Mask:
    names = (name for one in past.plans for name in names_in(one.facts))
    return masks.of([past.event.person], [*names, *tried.secrets])
