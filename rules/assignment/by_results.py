"""`by_results`: by shares that follow from what each one sold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from provodka.turns import Standing, Turn
from rules.assignment.base import Choosing, Place
from rules.assignment.queue import Queue, Way, once_each, people_in
from rules.assignment.weights import smooth

Period = Literal["last_week", "last_month"]
Measure = Literal["won", "revenue", "conversion"]
WHOLE: Final = 1000
"""Shares are taken in thousandths of all leads."""


class ByResults(Queue):
    """Shares by `count`: leads won, their revenue, or the percent of ended ones that were won, in the last whole week
    or month (`period`). Everybody gets `least` percent at least, so that a newcomer gets leads to win.

    With nothing sold by anybody the shares are equal. Shares change when the period does.
    """

    by_results: tuple[str, ...] = Field(min_length=1)
    count: Measure = "won"
    period: Period = "last_month"
    least: int = Field(default=10, ge=0, le=100)

    _once_each = field_validator("by_results")(once_each)

    @model_validator(mode="after")
    def _room_for_all(self) -> Self:
        if self.least * len(self.by_results) > 100:
            raise ValueError(f"{len(self.by_results)} people cannot have {self.least} % each: write a smaller least")
        return self

    @property
    def members(self) -> tuple[str, ...]:
        return self.by_results

    def people(self) -> Iterator[tuple[Place, str]]:
        yield from people_in(self.by_results, "by_results")

    def way(self, choosing: Choosing) -> Way:
        results = choosing.staff.results(self.period, self.count)
        shares = shares_of({person: results.get(person, 0) for person in self.by_results}, self.least)
        told = ", ".join(f"{person} {results.get(person, 0)}" for person in self.by_results)
        reason = f"by results ({self.count} of {self.period}: {told})"

        def next_one(free: Sequence[str], standing: Standing) -> Turn:
            chosen, state = smooth(shares, free, standing.state)
            return Turn(chosen, f"{reason}: turn {standing.turns + 1}, {chosen} has {shares[chosen]} of {WHOLE}", state)

        return next_one


def shares_of(results: Mapping[str, int], least: int) -> dict[str, int]:
    """Shares in thousandths, each at least `least` percent (and 1), the rest in proportion to the results."""
    total = sum(results.values())
    rest = WHOLE - 10 * least * len(results)
    if not total:
        return dict.fromkeys(results, max(1, WHOLE // len(results)))
    return {person: max(1, 10 * least + rest * result // total) for person, result in results.items()}
