"""`round_robin`: in turn, evenly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import Field, field_validator

from provodka.turns import Standing, Turn
from rules.assignment.base import Choosing, Place
from rules.assignment.queue import Queue, Way, in_order, once_each, people_in


class RoundRobin(Queue):
    """In turn, evenly; between two turns of one, everybody who is there all the while has one."""

    round_robin: tuple[str, ...] = Field(min_length=1)

    _once_each = field_validator("round_robin")(once_each)

    @property
    def members(self) -> tuple[str, ...]:
        return self.round_robin

    def people(self) -> Iterator[tuple[Place, str]]:
        yield from people_in(self.round_robin, "round_robin")

    def way(self, choosing: Choosing) -> Way:  # noqa: ARG002 -- the shape of all strategies
        return self._next

    def _next(self, free: Sequence[str], standing: Standing) -> Turn:
        person = next(one for one in in_order(self.round_robin, standing) if one in free)
        last = standing.state.get("last", "")
        before = f", before it {last}" if last else ""
        reason = f"round robin: turn {standing.turns + 1} of [{', '.join(free)}]{before}"
        return Turn(person, reason, {"last": person})
