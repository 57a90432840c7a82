"""Who becomes responsible: a staff key, `keep`, or a strategy.

A new strategy is one class, a line in `STRATEGIES` and a member of `Responsible` below it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Protocol

from pydantic import Discriminator, Field, Tag, TypeAdapter, field_validator

from provodka.errors import Rejected
from provodka.settings import Strict
from rules.team import KEEP


@dataclass(frozen=True, slots=True)
class Choice:
    """Who was chosen and why; `position` counts the turns of a counter from 1, 0 where nobody took turns."""

    person: str
    reason: str
    position: int = 0


class Turns(Protocol):
    """The counters of those who take turns, kept by the journal."""

    def take(self, counter: str, people: Sequence[str], action_keys: Sequence[str]) -> Mapping[str, Choice]:
        """By action key, the next of `people`, who are all present, in the order of the keys.

        Asked again with the same key, the same answer as before, whoever is present then: exact under concurrency and
        after a crash.
        """


@dataclass(frozen=True, slots=True)
class Choosing:
    """What a strategy may look at. `active` tells whether a staff key is an active user of the CRM."""

    turns: Turns
    action_key: str
    active: Callable[[str], bool]


class Strategy(Strict, ABC):
    """A way to choose; the name of its main field is its word in the config."""

    counter: str = ""

    @abstractmethod
    def people(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """The staff keys that it names, each with its place below the strategy."""

    def queue(self, active: Callable[[str], bool]) -> tuple[str, tuple[str, ...]] | None:
        """The counter and the people present, where this strategy takes turns."""
        del active
        return None

    @abstractmethod
    def choose(self, choosing: Choosing) -> Choice:
        """Choose; raises Rejected when there is nobody."""


class RoundRobin(Strategy):
    """In turn, evenly. `counter` lets several rules share one queue; without it each rule has its own."""

    round_robin: tuple[str, ...] = Field(min_length=1)

    @field_validator("round_robin")
    @classmethod
    def _once_each(cls, people: tuple[str, ...]) -> tuple[str, ...]:
        twice = sorted({person for person in people if people.count(person) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} stands in the queue more than once")
        return people

    def people(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        yield from ((("round_robin", i), person) for i, person in enumerate(self.round_robin))

    def choose(self, choosing: Choosing) -> Choice:
        present = [person for person in self.round_robin if choosing.active(person)]
        if not present:
            raise Rejected(
                f"nobody of [{', '.join(self.round_robin)}] is an active user of the CRM",
                hint="Назначьте в правиле действующих сотрудников и отправьте действие снова",
            )
        key = choosing.action_key
        return choosing.turns.take(self.counter, present, [key])[key]

    def queue(self, active: Callable[[str], bool]) -> tuple[str, tuple[str, ...]] | None:
        return self.counter, tuple(person for person in self.round_robin if active(person))


STRATEGIES: Final = {"round_robin": RoundRobin}


def _word(value: object) -> str:
    if isinstance(value, str):
        return "person"
    names = value.keys() if isinstance(value, dict) else type(value).model_fields if isinstance(value, Strategy) else ()
    return next((name for name in names if name in STRATEGIES), "")


Responsible = Annotated[
    Annotated[str, Field(min_length=1), Tag("person")] | Annotated[RoundRobin, Tag("round_robin")],
    Discriminator(
        _word,
        custom_error_type="responsible",
        custom_error_message="neither a staff key nor a strategy; known strategies: " + ", ".join(STRATEGIES),
    ),
]
"""A staff key, `keep`, or a strategy, as the config writes it."""

_RESPONSIBLE: Final[TypeAdapter[str | RoundRobin]] = TypeAdapter(Responsible)


def people_of(responsible: str | Strategy | None) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """The staff keys that it names, each with its place."""
    if isinstance(responsible, Strategy):
        yield from responsible.people()
    elif responsible and responsible != KEEP:
        yield (), responsible


def with_counter(responsible: Any, counter: str) -> Any:  # noqa: ANN401 -- JSON in, JSON out
    """The planned form of a responsible: a strategy gets its counter, named after the rule unless the config did."""
    if isinstance(responsible, dict) and not responsible.get("counter"):
        return {**responsible, "counter": counter}
    return responsible


def read_responsible(responsible: object) -> str | Strategy:
    """The planned form of a responsible."""
    return _RESPONSIBLE.validate_python(responsible)


def choose(responsible: object, choosing: Choosing) -> Choice:
    """Choose by the planned form of a responsible; raises Rejected when there is nobody."""
    read = read_responsible(responsible)
    if isinstance(read, Strategy):
        return read.choose(choosing)
    if not choosing.active(read):
        raise Rejected(
            f"{read} is not an active user of the CRM",
            hint="Назначьте в правиле действующего сотрудника и отправьте действие снова",
        )
    return Choice(read, "named by the rule")
