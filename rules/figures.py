"""Figures of a stretch of time: leads by source, person and field, how they ended, how fast they were answered.

Counted from the events of the journal alone, so that the same stretch always gives the same figures.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Protocol

from provodka.calls import Sighting, told_before
from provodka.cards import LeadEvent, LeadRef, TaskEvent
from provodka.payloads import CallEvent, Direction, EventType
from rules.team import Team

TYPES: Final = (
    EventType.LEAD_CREATED,
    EventType.LEAD_STAGE_CHANGED,
    EventType.LEAD_WON,
    EventType.LEAD_LOST,
    EventType.TASK_COMPLETED,
    EventType.CALL_FINISHED,
    EventType.CALL_MISSED,
)
"""The events that figures are counted from."""

BY_HAND: Final = "вручную"
"""The source of a lead that people made in the CRM."""

NOT_SAID: Final = "не указано"
_MOST_VALUES: Final = 30  # a field with more different values than this is no list, so that lines of it say nothing
_MINUTE: Final = 60
_LONG_AGO: Final = timedelta(minutes=30)
_NO_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Happened(Protocol):
    """An event: its type, the lane of its person, its moment, its payload and its channel."""

    @property
    def type(self) -> EventType: ...

    @property
    def lane(self) -> int | None: ...

    @property
    def at(self) -> datetime: ...

    @property
    def payload(self) -> Any: ...  # noqa: ANN401 -- of any type

    @property
    def channel(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Line:
    """The leads of one source, person, hour or value of a field. `conversion` is the share of won ones, in percent."""

    name: str
    leads: int = 0
    won: int = 0
    lost: int = 0
    revenue: Decimal = Decimal(0)

    @property
    def conversion(self) -> int:
        return percent(self.won, self.won + self.lost)


@dataclass(frozen=True, slots=True)
class Answer:
    """How long new leads waited for somebody of the staff: minutes. `waiting`: those that nobody has touched yet.

    Touched is a lead whose stage was changed by people, one of whose tasks they completed, or whose person was
    talked to by phone.
    """

    mean: int = 0
    median: int = 0
    p95: int = 0
    answered: int = 0
    waiting: tuple[LeadRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Calls:
    """Talks in and out, missed calls, and how many of those were followed by a talk with the same number."""

    incoming: int = 0
    outgoing: int = 0
    missed: int = 0
    called_back: int = 0
    not_called_back: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StageTime:
    """How long leads stayed on a stage that they left in this time; hours."""

    name: str
    left: int
    mean: float


@dataclass(frozen=True, slots=True)
class Figures:
    """One stretch of time. The lines are sorted by leads, most first; `by_field` has one list for each list field."""

    since: datetime = _NO_TIME
    until: datetime = _NO_TIME
    leads: int = 0
    won: int = 0
    lost: int = 0
    revenue: Decimal = Decimal(0)
    answer: Answer = field(default_factory=Answer)
    calls: Calls = field(default_factory=Calls)
    by_source: tuple[Line, ...] = ()
    by_person: tuple[Line, ...] = ()
    by_hour: tuple[Line, ...] = ()
    by_pipeline: tuple[Line, ...] = ()
    by_reason: tuple[Line, ...] = ()
    by_field: dict[str, tuple[Line, ...]] = field(default_factory=dict)
    stages: tuple[StageTime, ...] = ()

    @property
    def conversion(self) -> int:
        """The share of won leads among those that ended, in percent."""
        return percent(self.won, self.won + self.lost)


@dataclass(slots=True)
class _Lead:
    """What became of one lead in this time."""

    ref: LeadRef
    created: datetime | None = None
    touched: datetime | None = None
    ended: EventType | None = None
    stages: list[tuple[datetime, str]] = field(default_factory=list)  # when it left which


def percent(part: Decimal | int, whole: Decimal | int) -> int:
    """A share as a whole number of percent; 0 of nothing."""
    return round(100 * part / whole) if whole else 0


def count(
    happened: Iterable[Happened],
    since: datetime,
    until: datetime,
    source: Callable[[Sequence[str]], Mapping[str, str]],
    team: Team,
    local: Callable[[datetime], datetime],
) -> Figures:
    """The figures of these events, which come in their order. `source` tells where leads came from, by their ids;
    `local` puts a moment on the client's clocks."""
    leads: dict[str, _Lead] = {}
    lanes: dict[int, list[_Lead]] = defaultdict(list)
    talks = _Talks()
    for one in happened:
        match one.payload:
            case LeadEvent(lead=ref, change=change):
                if ref.id not in leads:
                    leads[ref.id] = _Lead(ref)
                    if one.lane is not None:
                        lanes[one.lane].append(leads[ref.id])
                _about_lead(leads[ref.id], one, ref, change.old)
            case TaskEvent(lead=LeadRef() as ref):
                _touch(leads.get(ref.id), one.at)
            case CallEvent(call=call) as told:
                talks.take(one.type, told.seen_by(one.channel, one.at))
                for lead in lanes.get(one.lane, ()) if call.talk_seconds and one.lane is not None else ():
                    _touch(lead, one.at)
    sources = source(list(leads))
    return _Counted(list(leads.values()), sources, team, local).figures(since, until, talks.calls())


def _about_lead(lead: _Lead, one: Happened, ref: LeadRef, old: str) -> None:
    lead.ref = ref
    match one.type:
        case EventType.LEAD_CREATED:
            lead.created = one.at
        case EventType.LEAD_STAGE_CHANGED:
            _touch(lead, one.at)
            lead.stages.append((one.at, old))
        case EventType.LEAD_WON | EventType.LEAD_LOST:
            _touch(lead, one.at)
            lead.ended = one.type
            lead.stages.append((one.at, old))


def _touch(lead: _Lead | None, at: datetime) -> None:
    if lead is not None and lead.touched is None:
        lead.touched = at


class _Talks:
    """Calls as they come by."""

    def __init__(self) -> None:
        self._counts = {Direction.IN: 0, Direction.OUT: 0, Direction.INTERNAL: 0}
        self._missed: dict[str, bool] = {}
        self._all_missed = 0
        self._seen: dict[str, list[Sighting]] = defaultdict(list)

    def take(self, kind: EventType, sighting: Sighting) -> None:
        """Count it, unless another channel has told of the same call."""
        call, seen = sighting.call, self._seen[sighting.call.phone]
        seen[:] = [*(one for one in seen if abs(one.began - sighting.began) <= _LONG_AGO), sighting]
        if told_before(seen)[-1] is not None:
            return
        if kind is EventType.CALL_MISSED and call.direction is Direction.IN:
            self._all_missed += 1
            self._missed[call.phone] = False
        elif call.talk_seconds:
            self._counts[call.direction] += 1
            if call.phone in self._missed:
                self._missed[call.phone] = True

    def calls(self) -> Calls:
        left = tuple(phone for phone, done in self._missed.items() if not done)
        incoming, outgoing = self._counts[Direction.IN], self._counts[Direction.OUT]
        return Calls(incoming, outgoing, self._all_missed, len(self._missed) - len(left), left)


@dataclass(frozen=True, slots=True)
class _Counted:
    leads: Sequence[_Lead]
    sources: Mapping[str, str]
    team: Team
    local: Callable[[datetime], datetime]

    def figures(self, since: datetime, until: datetime, calls: Calls) -> Figures:
        every = self._lines(lambda _: "")
        total = every[0] if every else Line("")
        return Figures(
            since,
            until,
            total.leads,
            total.won,
            total.lost,
            total.revenue,
            self._answer(),
            calls,
            by_source=self._lines(lambda lead: self.sources.get(lead.ref.id, BY_HAND)),
            by_person=self._lines(lambda lead: self.team.key(lead.ref.responsible) or NOT_SAID),
            by_hour=self._hours(),
            by_pipeline=self._lines(lambda lead: lead.ref.pipeline or NOT_SAID),
            by_reason=self._reasons(),
            by_field=self._fields(),
            stages=self._stages(),
        )

    def _lines(self, name: Callable[[_Lead], str | None]) -> tuple[Line, ...]:
        groups: dict[str, list[_Lead]] = defaultdict(list)
        for lead in self.leads:
            if (key := name(lead)) is not None:
                groups[key].append(lead)
        return tuple(
            sorted((_line(key, some) for key, some in groups.items()), key=lambda line: (-line.leads, line.name))
        )

    def _hours(self) -> tuple[Line, ...]:
        lines = self._lines(lambda lead: f"{self.local(lead.created):%H}" if lead.created else None)
        return tuple(sorted(lines, key=lambda line: line.name))

    def _reasons(self) -> tuple[Line, ...]:
        def reason(lead: _Lead) -> str | None:
            said = getattr(lead.ref, "loss_reason", "") or NOT_SAID
            return said if lead.ended is EventType.LEAD_LOST else None

        return tuple(sorted(self._lines(reason), key=lambda line: (-line.lost, line.name)))

    def _fields(self) -> dict[str, tuple[Line, ...]]:
        values: dict[str, set[str]] = defaultdict(set)
        for lead in self.leads:
            for name, value in lead.ref.fields.items():
                values[name].add(value)
        lists = [name for name, some in values.items() if len(some) <= _MOST_VALUES]
        return {name: self._lines(lambda lead, name=name: lead.ref.fields.get(name, NOT_SAID)) for name in lists}  # type: ignore[misc]

    def _answer(self) -> Answer:
        fresh = [lead for lead in self.leads if lead.created is not None]
        spans = sorted(
            int((lead.touched - lead.created).total_seconds() // _MINUTE)
            for lead in fresh
            if lead.touched is not None and lead.created is not None
        )
        waiting = tuple(lead.ref for lead in fresh if lead.touched is None)
        if not spans:
            return Answer(waiting=waiting)
        slow = spans[min(len(spans) - 1, len(spans) * 95 // 100)]
        return Answer(round(statistics.mean(spans)), round(statistics.median(spans)), slow, len(spans), waiting)

    def _stages(self) -> tuple[StageTime, ...]:
        stays: dict[str, list[float]] = defaultdict(list)
        for lead in self.leads:
            began = lead.created
            for left, name in lead.stages:
                if began is not None and name:
                    stays[name].append((left - began).total_seconds() / _MINUTE / _MINUTE)
                began = left
        times = (StageTime(name, len(some), round(statistics.mean(some), 2)) for name, some in stays.items())
        return tuple(sorted(times, key=lambda stage: (-stage.mean, stage.name)))


def _line(name: str, leads: Sequence[_Lead]) -> Line:
    won = [lead for lead in leads if lead.ended is EventType.LEAD_WON]
    return Line(
        name,
        sum(lead.created is not None for lead in leads),
        len(won),
        sum(lead.ended is EventType.LEAD_LOST for lead in leads),
        sum((lead.ref.price for lead in won), Decimal(0)),
    )
