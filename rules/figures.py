"""Figures of a stretch of time: leads by source, person and field, how they ended, how fast they were answered.

Counted from the events of the journal alone, so that the same stretch always gives the same figures.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, Protocol

from provodka.cards import LeadEvent, LeadRef, TaskEvent
from provodka.payloads import CallEvent, EventType
from rules.call_figures import Calls, Miss, Talks
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

IMPORTED: Final = "загрузка"
"""The line of leads that imports have made."""

BY_HAND: Final = "вручную"
"""The source of a lead that people made in the CRM."""

NOT_SAID: Final = "не указано"
_MOST_VALUES: Final = 30  # a field with more different values than this is no list, so that lines of it say nothing
_MINUTE: Final = 60
_NO_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Happened(Protocol):
    """An event: its id and type, the lane of its person, its moment, its payload and its channel."""

    @property
    def id(self) -> str: ...

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
class Source:
    """Where a lead came from, and whether it is one of the many that an import has made."""

    name: str
    imported: bool = False


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

    @property
    def has_any(self) -> bool:
        """Whether there is anything to tell of."""
        return bool(self.leads or self.won or self.lost)


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
class StageTime:
    """How long leads stayed on a stage that they left in this time; hours."""

    name: str
    left: int
    mean: float


@dataclass(frozen=True, slots=True)
class Figures:
    """One stretch of time. The lines are sorted by leads, most first; `by_field` has one list for each list field.

    What imports have made is told by `imported` alone: an old base is neither new nor waits for anybody.
    """

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
    imported: Line = Line(IMPORTED)

    @property
    def conversion(self) -> int:
        """The share of won leads among those that ended, in percent."""
        return percent(self.won, self.won + self.lost)


@dataclass(frozen=True, slots=True)
class Waited:
    """A new lead, the event that told of it, and when somebody of the staff touched it first, if anybody has."""

    lead: LeadRef
    event: str
    created: datetime
    touched: datetime | None


@dataclass(frozen=True, slots=True)
class Cases:
    """What figures were counted from, one by one: every new lead (but those of imports), every number whose call was
    missed."""

    leads: tuple[Waited, ...] = ()
    misses: tuple[Miss, ...] = ()


@dataclass(slots=True)
class _Lead:
    """What became of one lead in this time."""

    ref: LeadRef
    event: str = ""
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
    source: Callable[[Sequence[str]], Mapping[str, Source]],
    team: Team,
    local: Callable[[datetime], datetime],
) -> Figures:
    """The figures of these events, which come in their order. `source` tells where leads came from, by their ids;
    `local` puts a moment on the client's clocks."""
    return count_cases(happened, since, until, source, team, local)[0]


def count_cases(
    happened: Iterable[Happened],
    since: datetime,
    until: datetime,
    source: Callable[[Sequence[str]], Mapping[str, Source]],
    team: Team,
    local: Callable[[datetime], datetime],
) -> tuple[Figures, Cases]:
    """The same, and the cases."""
    leads: dict[str, _Lead] = {}
    lanes: dict[int, list[_Lead]] = defaultdict(list)
    talks = Talks()
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
                talks.take(one.id, one.type, told.seen_by(one.channel, one.at), one.at)
                for lead in lanes.get(one.lane, ()) if call.talk_seconds and one.lane is not None else ():
                    _touch(lead, one.at)
    sources = source(list(leads))
    imported = [leads.pop(id_) for id_, one in sources.items() if one.imported]
    names = {id_: one.name for id_, one in sources.items()}
    counted = _Counted(list(leads.values()), names, team, local)
    waited = counted.waited()
    found = counted.figures(since, until, talks.calls(), waited)
    return replace(found, imported=_line(IMPORTED, imported)), Cases(waited, talks.misses())


def answer_of(leads: Iterable[Waited]) -> Answer:
    """How long these waited."""
    waiting, spans = [], []
    for one in leads:
        if one.touched is None:
            waiting.append(one.lead)
        else:
            spans.append(int((one.touched - one.created).total_seconds() // _MINUTE))
    if not spans:
        return Answer(waiting=tuple(waiting))
    spans.sort()
    slow = spans[min(len(spans) - 1, len(spans) * 95 // 100)]
    return Answer(round(statistics.mean(spans)), round(statistics.median(spans)), slow, len(spans), tuple(waiting))


def _about_lead(lead: _Lead, one: Happened, ref: LeadRef, old: str) -> None:
    lead.ref = ref
    match one.type:
        case EventType.LEAD_CREATED:
            lead.created, lead.event = one.at, one.id
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


@dataclass(frozen=True, slots=True)
class _Counted:
    leads: Sequence[_Lead]
    sources: Mapping[str, str]
    team: Team
    local: Callable[[datetime], datetime]

    def figures(self, since: datetime, until: datetime, calls: Calls, waited: Sequence[Waited]) -> Figures:
        every = self._lines(lambda _: "")
        total = every[0] if every else Line("")
        return Figures(
            since,
            until,
            total.leads,
            total.won,
            total.lost,
            total.revenue,
            answer_of(waited),
            calls,
            by_source=self._lines(lambda lead: self.sources.get(lead.ref.id, BY_HAND)),
            by_person=self._lines(lambda lead: self.team.key(lead.ref.responsible) or NOT_SAID),
            by_hour=self._hours(),
            by_pipeline=self._lines(lambda lead: lead.ref.pipeline or NOT_SAID),
            by_reason=self._reasons(),
            by_field=self._fields(),
            stages=self._stages(),
        )

    def waited(self) -> tuple[Waited, ...]:
        return tuple(
            Waited(lead.ref, lead.event, lead.created, lead.touched) for lead in self.leads if lead.created is not None
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
