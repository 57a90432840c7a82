"""The figures of a period with the cases behind them: who waited too long, whom nobody called back, who was dealt what.

Of a large journal it takes seconds.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from provodka.journal import Journal, happened, turns
from rules.assignment.distributions import Distribution
from rules.calendar import WorkingCalendar
from rules.call_figures import Miss
from rules.durations import Duration
from rules.figures import Figures, Waited, answer_of, percent
from rules.periods import stretch, stretch_before
from rules.team import Team
from worker.figures import cases_between

MOST_EVENTS: Final = 200_000
"""Of more events than these the newest are counted."""
MOST_CASES: Final = 1000
"""Of more waits, or missed numbers, no more than these are kept: a page shows few of them."""
CHEAP: Final = 20_000
"""With no more events than these the period before is counted, too."""


@dataclass(frozen=True, slots=True)
class Wait:
    """A new lead that waited longer than the limit; `waits` as long as nobody has touched it (to the end of the
    period), else until somebody did."""

    lead: Waited
    waited: timedelta

    @property
    def waits(self) -> bool:
        return self.lead.touched is None


@dataclass(frozen=True, slots=True)
class Day:
    """The new leads of one day: how many were touched, and within how many minutes half and 95 % of those were."""

    day: date
    leads: int
    answered: int
    median: int
    p95: int


@dataclass(frozen=True, slots=True)
class Share:
    """What one member of a queue was dealt. `share` and `aim` are percent; no aim where the queue has none for them."""

    person: str
    turns: int
    share: int
    aim: int | None


@dataclass(frozen=True, slots=True)
class Dealt:
    """One queue in this time."""

    distribution: Distribution
    turns: int
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class PeriodFigures:
    """All of it. `since` and `until` are what was counted; `cut` where the period began before, but its events are too
    many; `before` the figures of the period before, where that was cheap. `late` the longest waits first, `misses`
    those first that nobody called back. `forgot`: the queues do not remember the whole period. `at` when it was
    counted, `took` for how many seconds."""

    since: datetime
    until: datetime
    cut: bool
    figures: Figures
    before: Figures | None
    untouched: int
    late: tuple[Wait, ...]
    all_late: int
    days: tuple[Day, ...]
    misses: tuple[Miss, ...]
    all_misses: int
    dealt: tuple[Dealt, ...]
    forgot: bool
    at: datetime
    took: float


@dataclass(frozen=True, slots=True)
class Bureau:
    """What figures are counted with. `within`: in what time a new lead is to be touched."""

    journal: Journal
    team: Team
    calendar: WorkingCalendar
    distributions: Sequence[Distribution]
    within: Duration
    now: Callable[[], datetime]

    def period(self, name: str, tick: Callable[[], None] = lambda: None) -> PeriodFigures:
        """Count a period of `rules.periods.PERIODS`. `tick` is called for each event; what it raises ends the count."""
        began, now = time.perf_counter(), self.now()
        local = self.calendar.local(now)
        asked, until = stretch(name, local)
        since, cheap = self._since(asked, until, MOST_EVENTS), self._since(asked, until, CHEAP) == asked
        found, cases = cases_between(self.journal, self.team, self.calendar, since, until, tick)
        late = sorted(self._late(cases.leads, until), key=lambda one: one.waited, reverse=True)
        misses = sorted(cases.misses, key=lambda one: (one.back_at is not None, -one.at.timestamp()))
        return PeriodFigures(
            since,
            until,
            since > asked,
            _light(found),
            self._before(*stretch_before(name, local), tick) if cheap and since == asked else None,
            untouched=len(found.answer.waiting),
            late=tuple(late[:MOST_CASES]),
            all_late=len(late),
            days=self._days(cases.leads),
            misses=tuple(misses[:MOST_CASES]),
            all_misses=len(misses),
            dealt=self._dealt(since, until),
            forgot=since < now - turns.KEPT,
            at=now,
            took=time.perf_counter() - began,
        )

    def _before(self, since: datetime, until: datetime, tick: Callable[[], None]) -> Figures | None:
        if self._since(since, until, CHEAP) > since:
            return None
        return _light(cases_between(self.journal, self.team, self.calendar, since, until, tick)[0])

    def _since(self, since: datetime, until: datetime, most: int) -> datetime:
        return self.journal.read(lambda c: happened.newest_since(c, since, until, most))

    def _late(self, leads: Iterable[Waited], until: datetime) -> Iterable[Wait]:
        least = timedelta(days=self.within.days, seconds=self.within.seconds)
        for one in leads:
            end = one.touched or until
            # working time never passes faster: most leads are not worth asking the calendar for
            if end - one.created > least and end > self.calendar.add(self.within, one.created):
                yield Wait(one, end - one.created)

    def _days(self, leads: Iterable[Waited]) -> tuple[Day, ...]:
        by_day: dict[date, list[Waited]] = defaultdict(list)
        for one in leads:
            by_day[self.calendar.local(one.created).date()].append(one)
        return tuple(_day(day, some) for day, some in sorted(by_day.items()))

    def _dealt(self, since: datetime, until: datetime) -> tuple[Dealt, ...]:
        names = [one.counter for one in self.distributions]
        taken, states = self.journal.read(lambda c: (turns.dealt(c, since, until), turns.states(c, names)))
        return tuple(_dealt(one, taken.get(one.counter, {}), states.get(one.counter, {})) for one in self.distributions)


def _light(found: Figures) -> Figures:
    """To be kept, without the leads that wait and the numbers that nobody called."""
    answer, calls = replace(found.answer, waiting=()), replace(found.calls, not_called_back=())
    return replace(found, answer=answer, calls=calls)


def _day(day: date, leads: Sequence[Waited]) -> Day:
    answer = answer_of(leads)
    return Day(day, len(leads), answer.answered, answer.median, answer.p95)


def _dealt(one: Distribution, taken: Mapping[str, int], state: Mapping[str, Any]) -> Dealt:
    """Members in their order, then whoever is one no longer."""
    total, aims = sum(taken.values()), one.shares(state)
    people = [*one.members, *(person for person in taken if person not in one.members)]
    return Dealt(
        one,
        total,
        tuple(
            Share(
                person,
                taken.get(person, 0),
                percent(taken.get(person, 0), total),
                round(100 * aims[person]) if person in aims else None,
            )
            for person in people
        ),
    )
