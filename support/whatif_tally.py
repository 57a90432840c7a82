"""What `provodka plan` has found, counted by rule, with the first events as examples; what `--json` prints of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from rules.differences import Changed, Difference, What
from rules.plan import RuleTrace
from rules.whatif import Otherwise, Past, Undecided
from support.masking import Mask

MaskOf = Callable[[], Mask]


@dataclass(frozen=True, slots=True)
class Span:
    """The events that were looked at: received at `since` or later and before `until`."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class ToldChange:
    """A parameter that would be another, in how many actions, with both values of the first of them."""

    kind: str
    path: str
    actions: int
    was: Any
    now: Any


@dataclass(frozen=True, slots=True)
class ToldRule:
    """A rule that would do something otherwise. `what` counts by `What`, then by kind of action.

    `undecided` counts the events that it cannot be told for, by the reason. `now` is its new name, if it has one.
    """

    rule: str
    events: int
    what: dict[str, dict[str, int]]
    changes: tuple[ToldChange, ...]
    undecided: dict[str, int]
    now: str = ""


@dataclass(frozen=True, slots=True)
class ToldEvent:
    """An event with all that would be otherwise, masked."""

    id: str
    type: str
    received_at: datetime
    differences: tuple[Difference, ...]
    undecided: tuple[Undecided, ...]


@dataclass(frozen=True, slots=True)
class Totals:
    """Events by what would become of them (`otherwise` and `undecided` may both be true of one), and all differences.

    `to_come` are not planned yet and will be, with the rules that run.
    """

    events: int
    same: int
    otherwise: int
    undecided: int
    to_come: int
    what: dict[str, int]


@dataclass(frozen=True, slots=True)
class Told:
    """What `--json` prints. `left` are events that would be dealt with otherwise but are not among `events`."""

    span: Span
    totals: Totals
    rules: tuple[ToldRule, ...]
    events: tuple[ToldEvent, ...]
    left: int


@dataclass(slots=True)
class _Rule:
    events: int = 0
    what: dict[What, Counter[str]] = field(default_factory=dict)
    changed: Counter[tuple[str, str]] = field(default_factory=Counter)
    first: dict[tuple[str, str], Changed] = field(default_factory=dict)
    undecided: Counter[str] = field(default_factory=Counter)
    renamed: str = ""


@dataclass(slots=True)
class Tally:
    """Counts as it goes, so that its size does not grow with the number of events."""

    span: Span
    limit: int
    to_come: int = 0
    because: dict[tuple[str, What, str], RuleTrace | None] = field(default_factory=dict)
    """Beside what is told, for other words than `why`: what became of a rule, masked, by event, difference and rule."""
    gaps: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Beside what is told: the events that a rule is undecided for, by rule, missing fact and the rule before it."""
    _events: Counter[str] = field(default_factory=Counter)
    _rules: dict[str, _Rule] = field(default_factory=dict)
    _examples: list[ToldEvent] = field(default_factory=list)

    def add(self, past: Past, found: Otherwise, mask_of: MaskOf) -> None:
        """Count an event; it is masked only where something of it will be shown."""
        self._events["all"] += 1
        self._events["otherwise"] += bool(found.differences)
        self._events["undecided"] += bool(found.undecided)
        self._events["same"] += not (found.differences or found.undecided)
        for old, new in found.renamed.items():
            renamed = self._rules.setdefault(old, _Rule())
            renamed.renamed = new
            renamed.events += 1
        for rule in {one.rule for one in found.differences}:
            self._rules.setdefault(rule, _Rule()).events += 1
        for one in found.differences:
            self._count(one, mask_of)
        for gap in found.undecided:
            self.gaps[gap.rule, gap.fact, gap.behind] += 1
            self._rules.setdefault(gap.rule, _Rule()).undecided[why_undecided(gap)] += 1
        if (found.differences or found.undecided) and len(self._examples) < self.limit:
            mask = mask_of()
            self._examples.append(_event(past, found, mask))
            for (what, rule), trace in found.because.items():
                self.because[past.event.id, what, rule] = None if trace is None else _masked_trace(trace, mask)

    def _count(self, one: Difference, mask_of: MaskOf) -> None:
        rule = self._rules.setdefault(one.rule, _Rule())
        rule.what.setdefault(one.what, Counter())[one.kind] += 1
        for change in one.changed:
            rule.changed[one.kind, change.path] += 1
            if (one.kind, change.path) not in rule.first:
                rule.first[one.kind, change.path] = _masked_change(change, mask_of())

    def told(self) -> Told:
        """Everything so far; the rules with the most events first."""
        rules = sorted(self._rules.items(), key=lambda item: (-item[1].events, item[0]))
        what: Counter[str] = Counter()
        for _, rule in rules:
            what.update({kind.value: sum(counts.values()) for kind, counts in rule.what.items()})
        found = self._events
        totals = Totals(
            found["all"],
            found["same"],
            found["otherwise"],
            found["undecided"],
            self.to_come,
            dict(sorted(what.items())),
        )
        left = found["all"] - found["same"] - len(self._examples)
        return Told(self.span, totals, tuple(_rule(*item) for item in rules), tuple(self._examples), left)


def why_undecided(gap: Undecided) -> str:
    """In words, for people and as the key of a count."""
    if gap.fact:
        return f"{gap.fact} is not on record"
    return f"whether rule «{gap.behind}» stops the event is not on record"


def _rule(name: str, rule: _Rule) -> ToldRule:
    what = {kind.value: dict(counts) for kind, counts in rule.what.items()}
    changes: Sequence[ToldChange] = [
        ToldChange(kind, path, many, rule.first[kind, path].was, rule.first[kind, path].now)
        for (kind, path), many in rule.changed.most_common()
    ]
    return ToldRule(name, rule.events, what, tuple(changes), dict(rule.undecided), rule.renamed)


def _event(past: Past, found: Otherwise, mask: Mask) -> ToldEvent:
    event = past.event
    differences = tuple(_masked(one, mask) for one in found.differences)
    return ToldEvent(event.id, event.type.value, event.received_at, differences, found.undecided)


def _masked(one: Difference, mask: Mask) -> Difference:
    changed = tuple(_masked_change(change, mask) for change in one.changed)
    return replace(one, was=mask.value(one.was), now=mask.value(one.now), changed=changed, why=mask.text(one.why))


def _masked_trace(trace: RuleTrace, mask: Mask) -> RuleTrace:
    conditions = tuple(mask.condition(one) for one in trace.conditions)
    return replace(trace, conditions=conditions, error=mask.text(trace.error), reason=mask.text(trace.reason))


def _masked_change(change: Changed, mask: Mask) -> Changed:
    """Under its own name: that of a parameter may say that its value is a phone."""
    was, now = (mask.value({change.path: value})[change.path] for value in (change.was, change.now))
    return Changed(change.path, was, now)
