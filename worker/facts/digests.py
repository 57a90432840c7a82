"""Facts for digests: the figures of a stretch of time, and how the board of the CRM stands."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from statistics import mean
from typing import Any, Final

from provodka.crm import Board, Crm
from provodka.errors import Retryable
from provodka.journal import Journal
from provodka.journal.past import Happening, happenings
from provodka.payloads import CallEvent, EventType, LeadRef
from rules.calendar import WorkingCalendar
from rules.fact import PersonLoad, StageLoad
from rules.figures import Figures, Line
from rules.periods import stretch
from rules.team import Team
from worker.facts.staff_work import NOT_FILLED, WorkFacts, work_of
from worker.figures import figures_between
from worker.roll import people

MOST: Final = 50
"""How many lines or leads a list has at most: digests are short, and they stay in the journal."""

_LOOKED_AT: Final = 500  # leads of the first stages, the oldest, whose past is read for `untouched`
_DAY: Final = timedelta(days=1)
_LATE: Final = datetime.max.replace(tzinfo=UTC)
_TOUCHES: Final = (EventType.TASK_COMPLETED, EventType.LEAD_STAGE_CHANGED)


class Digests:
    """Serves one planner: all who ask at the same tick share what was counted for it."""

    def __init__(self, journal: Journal, crm: Crm | None, team: Team, calendar: WorkingCalendar) -> None:
        self.journal = journal
        self.crm = crm
        self.team = team
        self.calendar = calendar
        self._last = Digest(self, datetime.min.replace(tzinfo=UTC))

    def at(self, moment: datetime) -> Digest:
        """What there is to tell at a moment."""
        if self._last.moment != moment:
            self._last = Digest(self, moment)
        return self._last


@dataclass(frozen=True, slots=True)
class _Standing:
    """What is kept of a board, which may be large; `fresh` are the oldest of the first stages."""

    open_leads: int
    newest: tuple[LeadRef, ...]
    waiting: tuple[LeadRef, ...]
    fresh: tuple[LeadRef, ...]
    by_stage: tuple[StageLoad, ...]


class Digest:
    """Figures until a moment, and the board as it was when it was first asked about. A Retryable passes through while
    the mirror is still being filled."""

    def __init__(self, of: Digests, moment: datetime) -> None:
        self.moment = moment
        self._of = of
        self._counted: dict[Hashable, Any] = {}

    def figures(self, period: str) -> Figures:
        """Of a period of `rules.periods.PERIODS`, with lists cut short."""
        return self._once(period, lambda: self._figures(period))  # type: ignore[no-any-return]

    def open_leads(self) -> int:
        return self._standing.open_leads

    def leads(self) -> tuple[LeadRef, ...]:
        """The newest ones."""
        return self._standing.newest

    def waiting(self) -> tuple[LeadRef, ...]:
        """Those that have been on their stage for the longest time."""
        return self._standing.waiting

    def untouched(self) -> tuple[LeadRef, ...]:
        """Those on the first stage of their pipeline that nobody of the staff has done anything about."""
        return self._once("untouched", self._untouched)  # type: ignore[no-any-return]

    def by_stage(self) -> tuple[StageLoad, ...]:
        """Every open stage, in the order of the board."""
        return self._standing.by_stage

    def people(self) -> tuple[PersonLoad, ...]:
        """Everyone of the staff, in the order of the config."""
        return self._once("people", self._people)  # type: ignore[no-any-return]

    def _once(self, what: Hashable, count: Callable[[], Any]) -> Any:  # noqa: ANN401
        if what not in self._counted:
            self._counted[what] = count()
        return self._counted[what]

    @property
    def _standing(self) -> _Standing:
        return self._once("board", self._look)  # type: ignore[no-any-return]

    def _look(self) -> _Standing:
        crm = self._of.crm
        board = crm.board() if crm is not None else Board()
        if board is None:
            raise Retryable(NOT_FILLED)
        first: dict[str, str] = {}
        for pipeline, stage in board.places:
            first.setdefault(pipeline, stage)
        return _Standing(
            open_leads=len(board.leads),
            newest=board.leads[:MOST],
            waiting=tuple(_longest_first(lead for lead in board.leads if lead.stage_since)[:MOST]),
            fresh=tuple(
                _longest_first(one for one in board.leads if first.get(one.pipeline) == one.stage)[:_LOOKED_AT]
            ),
            by_stage=_loads(board, self.moment),
        )

    def _figures(self, period: str) -> Figures:
        of = self._of
        since, until = stretch(period, of.calendar.local(self.moment))
        found = figures_between(of.journal, of.team, of.calendar, since, until)
        waiting = tuple(replace(lead, fields={}) for lead in found.answer.waiting[:MOST])
        return replace(
            found,
            answer=replace(found.answer, waiting=waiting),
            calls=replace(found.calls, not_called_back=found.calls.not_called_back[:MOST]),
            by_source=found.by_source[:MOST],
            by_person=found.by_person[:MOST],
            by_pipeline=found.by_pipeline[:MOST],
            by_reason=found.by_reason[:MOST],
            by_field=dict(_shortest(found.by_field)),
            stages=found.stages[:MOST],
        )

    def _untouched(self) -> tuple[LeadRef, ...]:
        found: list[LeadRef] = []
        for lead in self._standing.fresh:
            if not self._is_touched(lead):
                found.append(lead)
            if len(found) == MOST:
                break
        return tuple(found)

    def _is_touched(self, lead: LeadRef) -> bool:
        """Since it came to its stage: a task completed, a move, a talk."""
        past = self._of.journal.read(lambda c: happenings(c, [f"lead:{lead.id}"]))
        return any(_is_touch(one) for one in past if lead.stage_since is None or one.at > lead.stage_since)

    def _people(self) -> tuple[PersonLoad, ...]:
        of = self._of
        staff = people(of.team, of.crm)
        work = work_of([who.key for who in staff], of.crm, of.team)
        loads = []
        for who in staff:
            own = WorkFacts(who.key, of.journal, of.calendar, lambda key=who.key: work[key])  # type: ignore[misc]
            numbers = own.to_do(), own.due_today(), own.overdue(), own.open_leads(), own.violations()
            loads.append(PersonLoad(who.key, who.name, who.active, *numbers))
        return tuple(loads)


def _loads(board: Board, now: datetime) -> tuple[StageLoad, ...]:
    there: dict[tuple[str, str], list[LeadRef]] = {place: [] for place in board.places}
    for lead in board.leads:
        there.setdefault((lead.pipeline, lead.stage), []).append(lead)
    return tuple(_load(*place, leads, now) for place, leads in there.items())


def _load(pipeline: str, stage: str, leads: list[LeadRef], now: datetime) -> StageLoad:
    days = [(now - lead.stage_since) / _DAY for lead in leads if lead.stage_since]
    age = round(max(0.0, mean(days)), 1) if days else 0.0
    return StageLoad(pipeline, stage, len(leads), sum((lead.price for lead in leads), Decimal(0)), age)


def _longest_first(leads: Iterable[LeadRef]) -> list[LeadRef]:
    return sorted(leads, key=lambda lead: lead.stage_since or _LATE)


def _is_touch(one: Happening) -> bool:
    return one.type in _TOUCHES or (isinstance(one.payload, CallEvent) and one.payload.call.talk_seconds > 0)


def _shortest(by_field: dict[str, tuple[Line, ...]]) -> list[tuple[str, tuple[Line, ...]]]:
    """The lists with the fewest values, as many of them as have few lines together."""
    left, found = MOST, []
    for name, lines in sorted(by_field.items(), key=lambda one: len(one[1])):
        if len(lines) <= left:
            found.append((name, lines))
            left -= len(lines)
    return found
