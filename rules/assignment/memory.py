"""Turns and staff facts in memory, for rule tests and whatever else is to leave the journal alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from provodka.turns import Pick, Standing
from rules.assignment.base import Choice, Loads


class TurnsInMemory:
    """`Turns` that begin with fresh queues. `taken` holds the choices by action key."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.taken: dict[str, Choice] = {}
        self._standing: dict[str, Standing] = {}

    def take(self, counter: str, action_keys: Sequence[str], pick: Pick) -> Mapping[str, Choice]:
        """A turn for each key that has none yet; the same answer for the same key."""
        for key in action_keys:
            known = self._standing.get(counter, Standing(self.now))
            standing = Standing(self.now, known.turns, known.state)
            turn = None if key in self.taken else pick(standing)
            if turn is not None:
                self.taken[key] = Choice(turn.person, turn.reason)
                self._standing[counter] = Standing(self.now, standing.turns + 1, turn.state)
        return {key: self.taken[key] for key in action_keys if key in self.taken}


@dataclass(frozen=True, slots=True)
class GivenStaff:
    """`StaffFacts` that are given, not asked. `seen` None: the CRM does not tell who is at work."""

    at: datetime
    seen: frozenset[str] | None = None
    leads: Mapping[str, int] = field(default_factory=dict)
    sold: Mapping[str, int] = field(default_factory=dict)

    def present(self) -> frozenset[str] | None:
        return self.seen

    def open_leads(self, people: Sequence[str]) -> Loads:
        return Loads(self.at, {person: self.leads.get(person, 0) for person in people})

    def results(self, period: str, measure: str) -> Mapping[str, int]:  # noqa: ARG002 -- a test says one number
        return self.sold
