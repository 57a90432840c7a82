"""How the rules have fared lately, counted over the newest plans of the journal.

What became of a rule stands in the trace of each plan, as JSON, and no index knows it. So the newest plans are read by
their own key, in portions and up to a limit; `RuleCounts` says how far back that went.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from enum import StrEnum
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import Connection, bindparam, func, literal_column, select

from provodka.journal import Journal
from provodka.journal.schema import actions, events, plans
from provodka.journal.sql import chunks
from rules.plan import ConditionTrace, RuleOutcome
from worker.replies import BY_ITSELF

MOST: Final = 50_000
_AT_ONCE: Final = 500
_MOST_DEAD: Final = 20_000
_CONDITION: Final = TypeAdapter(ConditionTrace)
_NEWEST: Final = (
    select(plans.c.event_seq, plans.c.number, plans.c.at, plans.c.trace)
    .where(plans.c.event_seq <= bindparam("before"))
    .order_by(plans.c.event_seq.desc(), plans.c.number.desc())
    .limit(_AT_ONCE)
)
_LAST: Final = select(func.max(plans.c.event_seq))
_DEAD: Final = (
    select(actions.c.rule, actions.c.event_seq, actions.c.created_at)
    .where(actions.c.state == literal_column("'dead'"))
    .order_by(actions.c.id.desc())
    .limit(_MOST_DEAD)
)


class Fate(StrEnum):
    """What became of a rule, where an event was its business. `checked` looked at cards; `dead`: an action of it was
    given up. The others are those of `RuleOutcome`; `elsewhere` is its trigger in a channel that it does not hear."""

    MATCHED = "matched"
    MISSED = "missed"
    FAILED = "failed"
    DEAD = "dead"
    RESTRAINED = "restrained"
    STOPPED = "stopped"
    WAITING = "waiting"
    DROPPED = "dropped"
    CHECKED = "checked"
    ELSEWHERE = "elsewhere"


_FATES: Final[Mapping[str, Fate]] = {
    RuleOutcome.MATCHED: Fate.MATCHED,
    RuleOutcome.NOT_MATCHED: Fate.MISSED,
    RuleOutcome.ERROR: Fate.FAILED,
    RuleOutcome.HELD_BACK: Fate.RESTRAINED,
    RuleOutcome.THROTTLED: Fate.RESTRAINED,
    RuleOutcome.STOPPED: Fate.STOPPED,
    RuleOutcome.WAITING: Fate.WAITING,
    RuleOutcome.DROPPED: Fate.DROPPED,
    RuleOutcome.CHECKED: Fate.CHECKED,
}


@dataclass(frozen=True, slots=True)
class FailedCondition:
    """The condition of a rule that failed most often: in how many events, and how it failed in one of them."""

    times: int
    trace: ConditionTrace


@dataclass(slots=True)
class RuleCount:
    """One rule, by its name then. `examples` are ids of the newest event of each fate, `error` is that of the newest
    failure; `condition` is there once it has missed because of one."""

    days: dict[Fate, Counter[date]] = field(default_factory=dict)
    examples: dict[Fate, str] = field(default_factory=dict)
    last: dict[Fate, datetime] = field(default_factory=dict)
    error: str = ""
    condition: FailedCondition | None = None

    def of(self, fate: Fate, since: date | None = None) -> int:
        """How often, since that day or ever."""
        found = self.days.get(fate, Counter())
        return sum(many for day, many in found.items() if since is None or day >= since)


@dataclass(frozen=True, slots=True)
class RuleCounts:
    """All rules that were met. `number` plans were looked at, made at `since` or later and before `at`; `cut` where the
    limit has ended it, so that what was before `since` is not known."""

    at: datetime
    since: datetime
    number: int
    cut: bool
    rules: Mapping[str, RuleCount]


def count_rules(
    journal: Journal, since: datetime, zone: tzinfo, tick: Callable[[], None], most: int = MOST
) -> RuleCounts:
    """Count what was planned at `since` or later, by the days of `zone`. `tick` is called for each plan."""
    now, tally = journal.now(), _Tally(zone)
    number, oldest = 0, now
    for seq, at, trace in _newest(journal, since):
        if number == most:
            break
        tick()
        number, oldest = number + 1, min(oldest, at)
        tally.add(seq, at, json.loads(trace))
    cut = number == most
    begun = oldest if cut else since
    tally.add_dead(journal.read(lambda c: c.execute(_DEAD).all()), begun)
    return RuleCounts(now, begun, number, cut, tally.told(journal))


def _newest(journal: Journal, since: datetime) -> Iterator[tuple[int, datetime, str]]:
    """Plans, those of the newest event first. A later plan of an old event is found where a whole portion around it
    was not made before `since`."""
    before = journal.read(lambda c: c.execute(_LAST).scalar())
    seen: tuple[int, int] | None = None
    while before is not None:
        rows = journal.read(lambda c, before=before: c.execute(_NEWEST, {"before": before}).all())  # type: ignore[misc]
        fresh = [row for row in rows if seen is None or (row.event_seq, row.number) < seen]
        yield from ((row.event_seq, row.at, row.trace) for row in fresh if row.at >= since)
        if not fresh or len(rows) < _AT_ONCE or all(row.at < since for row in fresh):
            return
        before, seen = fresh[-1].event_seq, (fresh[-1].event_seq, fresh[-1].number)


class _Tally:
    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._rules: dict[str, RuleCount] = {}
        self._seqs: dict[tuple[str, Fate], int] = {}
        self._failed: dict[str, Counter[str]] = {}
        self._how: dict[tuple[str, str], Any] = {}

    def add(self, seq: int, at: datetime, trace: Mapping[str, Any]) -> None:
        day = at.astimezone(self._zone).date()
        for rule in trace.get("rules", ()):
            found = self._rules.setdefault(rule["rule"], RuleCount())
            outcome = rule.get("outcome")
            fate = _FATES.get(outcome, Fate.ELSEWHERE) if outcome or rule.get("reason") else None
            if fate is None:
                continue  # about quite other events
            newest = self._put(rule["rule"], fate, seq, at, day)
            if fate is Fate.FAILED and newest:
                found.error = rule.get("error", "")
            elif fate is Fate.MISSED:
                self._note(rule["rule"], rule.get("conditions", ()))

    def add_dead(self, rows: Iterable[Any], since: datetime) -> None:
        for rule, seq, at in rows:
            if at >= since:
                self._put(rule, Fate.DEAD, seq, at, at.astimezone(self._zone).date())

    def _put(self, rule: str, fate: Fate, seq: int, at: datetime, day: date) -> bool:
        """Whether it is the newest so far."""
        found = self._rules.setdefault(rule, RuleCount())
        found.days.setdefault(fate, Counter())[day] += 1
        if fate in found.last and found.last[fate] >= at:
            return False
        found.last[fate] = at
        self._seqs[rule, fate] = seq
        return True

    def _note(self, rule: str, conditions: Iterable[Mapping[str, Any]]) -> None:
        failed = self._failed.setdefault(rule, Counter())
        for one in conditions:
            if one.get("matched") is False:
                key = json.dumps([one["path"], one["op"], one.get("expected"), _asked(one)], ensure_ascii=False)
                failed[key] += 1
                self._how.setdefault((rule, key), one)

    def told(self, journal: Journal) -> dict[str, RuleCount]:
        for rule, failed in self._failed.items():
            for key, times in failed.most_common(1):
                trace = _CONDITION.validate_python(self._how[rule, key])
                self._rules[rule].condition = FailedCondition(times, trace)
        ids = journal.read(lambda c: dict(_ids(c, sorted(set(self._seqs.values())))))
        for (rule, fate), seq in self._seqs.items():
            if seq in ids:
                self._rules[rule].examples[fate] = ids[seq]
        self._rules.pop(BY_ITSELF, None)  # no rule, though it stands in the place of one
        return self._rules


def _asked(condition: Mapping[str, Any]) -> Any:  # noqa: ANN401 -- JSON
    """What a group asks, so that two of them in a rule are two."""
    return [[one["path"], one["op"], one.get("expected"), _asked(one)] for one in condition.get("parts", ())]


def _ids(connection: Connection, seqs: list[int]) -> Iterator[tuple[int, str]]:
    for some in chunks(seqs):
        rows = connection.execute(select(events.c.seq, events.c.id).where(events.c.seq.in_(some)))
        yield from ((row.seq, row.id) for row in rows)
