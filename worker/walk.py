"""Looks at the cards of the CRM for the rules that ask for each of them, a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from provodka.crm import Cards
from provodka.event import Event, new_event_id
from provodka.journal import Journal
from provodka.payloads import EventType, Person, Tick
from rules.engine import Engine
from rules.facts import Facts
from rules.faults import RULE_FAULTS
from rules.plan import PlanTrace, RuleOutcome, RuleTrace
from rules.sight import Sight
from rules.ticks import CHANNEL

PAGE: Final = 1000
LOOKED_AT: Final = 50
"""How many cards of a page are read anew at most: what came in meanwhile is planned between two pages."""


@dataclass(frozen=True, slots=True)
class Walked:
    """What a page came to: an event for each card that matches, and one for the next page, if there is one."""

    trace: PlanTrace
    events: tuple[Event, ...]


class Walker:
    """Serves one planner. `facts` gives the outside of an event."""

    def __init__(self, journal: Journal, engine: Engine, cards: Cards, facts: Callable[[Event], Facts]) -> None:
        self._journal = journal
        self._engine = engine
        self._cards = cards
        self._facts = facts

    def walk(self, event: Event, tick: Tick) -> Walked | None:
        """The page of a tick; None where its rule looks at no cards. A ConnectorError passes through."""
        now = self._journal.now()
        sight = self._engine.sight(tick.rule, event.occurred_at, now)
        if sight is None:
            return None
        page = self._cards.glances(sight.kind, tick.after, PAGE)
        sight.strange.extend(tick.strange)
        ids: list[str] = []
        seen = 0
        for glance in page:
            seen += 1
            if sight.may_match(glance):
                ids.append(glance.card.id)
            if len(ids) == LOOKED_AT:
                break
        matching, faults = self._matching(sight, ids)
        is_last = len(page) < PAGE and seen == len(page)
        if is_last:
            self._warn(sight)
        more = () if is_last else (self._next(event, sight, page[seen - 1].card.id),)
        reason = f"{seen} of kind {sight.kind} looked at, {len(ids)} of them read, {len(matching)} match"
        outcome = RuleOutcome.ERROR if faults else RuleOutcome.CHECKED
        trace = RuleTrace(tick.rule, outcome, reason=reason, error="; ".join(faults[:3]))
        return Walked(PlanTrace(now, (trace,)), (*matching, *more))

    def _matching(self, sight: Sight, ids: Sequence[str]) -> tuple[list[Event], list[str]]:
        """The events of those cards that match when they are read anew, and what went wrong with some."""
        found, faults = [], []
        for id_, (person, card) in (self._cards.look(sight.kind, ids) if ids else {}).items():
            event = sight.event(person, card)
            try:
                if sight.matches(event, self._facts(event)):
                    found.append(event)
            except RULE_FAULTS as fault:
                faults.append(f"{sight.kind} {id_}: {type(fault).__name__}: {fault}")
        return found, faults

    def _next(self, event: Event, sight: Sight, after: str) -> Event:
        now = self._journal.now()
        return Event(
            id=new_event_id(now),
            type=EventType.CLOCK_TICK,
            channel=CHANNEL,
            external_id=f"{sight.compiled.slug}:{event.occurred_at.isoformat()}:after:{after}",
            occurred_at=event.occurred_at,
            received_at=now,
            person=Person(),
            payload=Tick(sight.compiled.rule.name, after, tuple(sight.strange)),
        )

    def _warn(self, sight: Sight) -> None:
        """Dates that are none are one trouble of the rule, until a whole look finds none any more."""
        rule = sight.compiled.rule
        name = f"date of rule «{rule.name}»"
        if sight.strange:
            cause = f"{rule.date} is no date in {sight.kind} {', '.join(sight.strange)}: the rule passes them by"
            self._journal.trouble(name, cause, "Исправьте дату в этих карточках: 05.12.2026 или 2026-12-05")
        elif rule.date:
            self._journal.well(name)
