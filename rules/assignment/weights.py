"""`weights`: by shares, as evenly spread as they can be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from provodka.turns import Standing, Turn
from rules.assignment.base import Choosing, Place
from rules.assignment.queue import Queue, Way


class Weights(Queue):
    """`weights: {anna: 60, ivan: 40}`: shares of any sum, taken in smooth weighted round robin.

    Each turn credits everybody who is free with their weight; who has most credit takes it and pays all of it back. An
    absent one's credit stands still. Other weights begin anew.
    """

    weights: dict[str, Annotated[int, Field(ge=1, le=1_000_000)]] = Field(min_length=1)

    @property
    def members(self) -> tuple[str, ...]:
        return tuple(self.weights)

    def people(self) -> Iterator[tuple[Place, str]]:
        yield from ((("weights", person), person) for person in self.weights)

    def way(self, choosing: Choosing) -> Way:  # noqa: ARG002 -- the shape of all strategies
        return self._next

    def _next(self, free: Sequence[str], standing: Standing) -> Turn:
        chosen, state = smooth(self.weights, free, standing.state)
        total = sum(self.weights[person] for person in free)
        reason = f"weights: turn {standing.turns + 1}, {chosen} has {self.weights[chosen]} of {total}"
        return Turn(chosen, reason, state)


def smooth(weights: Mapping[str, int], free: Sequence[str], state: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Who is next by smooth weighted round robin, and the new state of the queue. Other weights begin anew."""
    kept = state.get("weights")
    credit = dict(state["credit"]) if kept == weights else dict.fromkeys(weights, 0)
    for person in free:
        credit[person] += weights[person]
    chosen = max(free, key=lambda person: credit[person])
    credit[chosen] -= sum(weights[person] for person in free)
    return chosen, {"last": chosen, "weights": dict(weights), "credit": credit}
