"""Who becomes responsible: a staff key, `keep`, or a strategy.

A new strategy is one class, a line in `STRATEGIES` and a member of `Responsible` below it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Sequence
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

    def take(self, counter: str, people: Sequence[str], action_key: str) -> Choice:
        """The next of `people`, who are all present. Asked again with the same action key, the same answer as before,
        whoever is present then: exact under concurrency and after a crash."""


def next_in_turn(position: int, last: str, people: Sequence[str], present: Collection[str] | None = None) -> Choice:
    """Whose turn it is when `position` turns were taken and the last one was `last`'s; the absent are passed over.

    Whoever stands after `last` in the list is next, so that a changed list goes on where it was. Somebody must be
    present: raises ValueError otherwise.
    """
    begin = people.index(last) + 1 if last in people else 0
    order = [*people[begin:], *people[:begin]]
    here = [person for person in order if present is None or person in present]
    if not here:
        raise ValueError(f"nobody of [{', '.join(people)}] is present")
    before = f", before it {last}" if last else ""
    passed = order[: order.index(here[0])]
    absent = f", passed over {', '.join(passed)}" if passed else ""
    return Choice(here[0], f"round robin: turn {position + 1} of [{', '.join(people)}]{before}{absent}", position + 1)


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
        return choosing.turns.take(self.counter, present, choosing.action_key)


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


def choose(responsible: object, choosing: Choosing) -> Choice:
    """Choose by the planned form of a responsible; raises Rejected when there is nobody."""
    read = _RESPONSIBLE.validate_python(responsible)
    if isinstance(read, Strategy):
        return read.choose(choosing)
    if not choosing.active(read):
        raise Rejected(
            f"{read} is not an active user of the CRM",
            hint="Назначьте в правиле действующего сотрудника и отправьте действие снова",
        )
    return Choice(read, "named by the rule")
