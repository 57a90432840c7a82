"""A queue: several people of whom one is chosen, with those left out who are away or have had enough."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import Field

from provodka.settings import Strict
from provodka.turns import Pick, Standing, Turn
from rules.assignment.base import Choosing, Place, Strategy, Taken
from rules.assignment.presence import Sign, away

Way = Callable[[Sequence[str], Standing], Turn]
"""Chooses among those who are free, at least one."""


class Cap(Strict):
    """How many turns of this queue one person takes in a day of the client's."""

    per_day: int = Field(ge=1)


class Queue(Strategy):
    """`present`: only who is at work now, by the CRM, by their schedule, or by any of both; without it, whoever is
    an active user of the CRM. `cap` counts the turns of this queue, of all the rules that share its `counter`."""

    present: Sign | None = None
    cap: Cap | None = None

    @property
    @abstractmethod
    def members(self) -> tuple[str, ...]:
        """The staff keys, in their order."""

    @abstractmethod
    def way(self, choosing: Choosing) -> Way:
        """How to choose; what has to be asked of the outside is asked here, before the queue is locked."""

    def take(self, keys: Sequence[str], choosing: Choosing) -> Taken:
        absent = {person: why for person in self.members if (why := self.absence(person, choosing))}
        ready = [person for person in self.members if person not in absent]
        left_out = dict(absent)
        pick = self._pick(ready, left_out, choosing) if ready else _nobody
        choices = choosing.turns.take(self.counter, keys, pick)
        told = "; ".join(f"{person} {why}" for person, why in left_out.items())
        return Taken(choices, f"nobody of [{', '.join(self.members)}] can take it: {told}")

    def absence(self, person: str, choosing: Choosing) -> str:
        return super().absence(person, choosing) or (away(person, self.present, choosing) if self.present else "")

    def _pick(self, ready: Sequence[str], left_out: dict[str, str], choosing: Choosing) -> Pick:
        way, today = self.way(choosing), choosing.today

        def pick(standing: Standing) -> Turn | None:
            given = _given(standing.state, today)
            free = []
            for person in ready:
                if self.cap is not None and given.get(person, 0) >= self.cap.per_day:
                    left_out[person] = f"has had {given[person]} today"
                else:
                    free.append(person)
            if not free:
                return None
            turn = way(free, standing)
            count = {**given, turn.person: given.get(turn.person, 0) + 1}
            state = {**standing.state, **turn.state, "day": today, "given": count}
            return Turn(turn.person, turn.reason + _besides(left_out), state)

        return pick


def in_order(members: Sequence[str], standing: Standing) -> list[str]:
    """All members, beginning with who follows the last one; where that one is gone, the place is kept by counting."""
    last = standing.state.get("last", "")
    start = members.index(last) + 1 if last in members else standing.turns % len(members)
    return [*members[start:], *members[:start]]


def people_in(members: Sequence[str], word: str) -> Iterator[tuple[Place, str]]:
    """The members of a list with their places below `word`."""
    yield from (((word, i), person) for i, person in enumerate(members))


def once_each(people: tuple[str, ...]) -> tuple[str, ...]:
    """Refuses a list that names somebody twice."""
    twice = sorted({person for person in people if people.count(person) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)} stands in the queue more than once")
    return people


def _nobody(_: Standing) -> None:
    return None


def _given(state: Mapping[str, Any], today: str) -> Mapping[str, int]:
    given: Mapping[str, int] = state.get("given", {}) if state.get("day") == today else {}
    return given


def _besides(left_out: Mapping[str, str]) -> str:
    return "".join(f"; {person} {why}" for person, why in left_out.items())
