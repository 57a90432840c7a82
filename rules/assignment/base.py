"""What a strategy is. To add one: a class in a file of its own beside this one, and a line in the registry."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from provodka.settings import Strict
from provodka.turns import Pick
from rules.calendar import WorkingCalendar
from rules.team import Team

if TYPE_CHECKING:
    from rules.assignment.responsible import Responsible

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Who was chosen and why."""

    person: str
    reason: str


class Turns(Protocol):
    """The counters of those who take turns, kept by the journal."""

    def take(self, counter: str, action_keys: Sequence[str], pick: Pick) -> Mapping[str, Choice]:
        """By action key, the one whom `pick` found; without those for whom it found nobody.

        Asked again with the same key, the same answer as before, whoever is present then: exact under concurrency and
        after a crash.
        """


@dataclass(frozen=True, slots=True)
class Loads:
    """How many open leads each one had, by staff key, at the moment `at`; whoever is absent had none."""

    at: datetime
    open: Mapping[str, int] = field(default_factory=dict)


class StaffFacts(Protocol):
    """What has to be asked of the outside about the staff. A `ConnectorError` passes through."""

    def present(self) -> frozenset[str] | None:
        """The staff keys whom the CRM sees at work now; None where it does not tell."""

    def open_leads(self, people: Sequence[str]) -> Loads:
        """The open leads of these people, those on their way to the CRM included."""

    def results(self, period: str, measure: str) -> Mapping[str, int]:
        """By staff key, what each has sold in a whole past period (`last_week`, `last_month`): `won` leads, their
        `revenue` in whole units of money, or their `conversion` in percent. Whoever is absent has sold nothing."""


def _nobody(_: str) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Choosing:
    """What a strategy may look at. `active` tells whether a staff key is an active user of the CRM, `answered` who took
    the call that an action, by its key, follows from: a staff key, or nothing.
    """

    turns: Turns
    active: Callable[[str], bool]
    staff: StaffFacts
    team: Team
    calendar: WorkingCalendar
    now: datetime
    answered: Callable[[str], str] = _nobody

    @property
    def today(self) -> str:
        """The date on the client's clocks."""
        return self.calendar.local(self.now).date().isoformat()


@dataclass(frozen=True, slots=True)
class Taken:
    """The choices by action key; of those who are not among them `why` tells why there was nobody."""

    choices: Mapping[str, Choice]
    why: str = ""


class Strategy(Strict, ABC):
    """A way to choose; the name of its main field is its word in the config.

    `counter` lets several rules share one queue; without it each rule has its own. `keep_owner`: a known person stays
    with their own responsible, if this one could be chosen now. `else`: who gets it when nobody is left.
    """

    counter: str = ""
    keep_owner: bool | None = None
    otherwise: Responsible | None = Field(default=None, alias="else")

    @abstractmethod
    def people(self) -> Iterator[tuple[Place, str]]:
        """The staff keys that it names itself, each with its place below the strategy."""

    @abstractmethod
    def take(self, keys: Sequence[str], choosing: Choosing) -> Taken:
        """Choose for each action key."""

    def absence(self, person: str, choosing: Choosing) -> str:
        """Why this one cannot be chosen now; empty if they can."""
        return "" if choosing.active(person) else "is no active user of the CRM"

    @model_serializer(mode="wrap")
    def _only_what_is_said(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if value not in (None, "")}
