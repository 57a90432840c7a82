"""Facts about one of the staff whom a rule of the clock looks at: what there is to do, and what was violated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from provodka.crm import Crm, StaffTask, StaffWork
from provodka.errors import Retryable
from provodka.journal import Journal, discipline
from provodka.journal.discipline import Tally
from provodka.payloads import LeadRef
from rules.calendar import WorkingCalendar
from rules.fact import BrokenGuard
from rules.team import Team

NOT_FILLED: Final = "the mirror is still being filled: nobody knows yet what there is to do"
_MOST_TASKS: Final = 200
_MOST_LEADS: Final = 50
_VIOLATIONS_OF: Final = timedelta(days=7)


def work_of(people: Sequence[str], crm: Crm | None, team: Team) -> dict[str, StaffWork]:
    """What these have to do, by staff key; raises Retryable while the mirror is still being filled."""
    logins = {person: team.login(person) for person in people}
    found = crm.staff_work(list(logins.values())) if crm is not None else {}
    if found is None:
        raise Retryable(NOT_FILLED)
    return {person: found.get(login, StaffWork()) for person, login in logins.items()}


@dataclass
class WorkFacts:
    """`work` of a staff key; `read` gives it when it is first asked for."""

    person: str
    journal: Journal
    calendar: WorkingCalendar
    read: Callable[[], StaffWork]

    @cached_property
    def _work(self) -> StaffWork:
        return self.read()

    @cached_property
    def _local(self) -> datetime:
        return self.calendar.local(self.journal.now())

    @cached_property
    def _wanted(self) -> list[StaffTask]:
        """The open tasks that are due by the end of the day."""
        today = self._local.date()
        return [task for task in self._work.tasks if task.due and self.calendar.local(task.due).date() <= today]

    def tasks(self) -> tuple[StaffTask, ...]:
        return tuple(self._wanted[:_MOST_TASKS])

    def to_do(self) -> int:
        return len(self._wanted)

    def due_today(self) -> int:
        today = self._local.date()
        return sum(self.calendar.local(task.due).date() == today for task in self._wanted if task.due)

    def overdue(self) -> int:
        now = self.journal.now()
        return sum(task.due < now for task in self._wanted if task.due)

    def leads(self) -> tuple[LeadRef, ...]:
        return self._work.leads[:_MOST_LEADS]

    def open_leads(self) -> int:
        return len(self._work.leads)

    @cached_property
    def _tallies(self) -> list[Tally]:
        since = self.journal.now() - _VIOLATIONS_OF
        return self.journal.read(lambda c: discipline.tallies(c, since, person=self.person))

    def violations(self) -> int:
        return sum(tally.times for tally in self._tallies)

    def broken(self) -> tuple[BrokenGuard, ...]:
        return tuple(BrokenGuard(tally.guard, tally.times) for tally in self._tallies)
