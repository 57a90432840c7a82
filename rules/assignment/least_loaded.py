"""`least_loaded`: to whoever has the fewest open leads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from pydantic import Field, field_validator

from provodka.turns import Standing, Turn
from rules.assignment.base import Choosing, Loads, Place
from rules.assignment.queue import Queue, Way, in_order, once_each, people_in

_KEPT: Final = timedelta(minutes=10)
"""How long a turn is remembered: longer than any count of open leads that may still be in use."""


class LeastLoaded(Queue):
    """The fewest open leads first; among equals, in turn. What was given since they were counted counts as well."""

    least_loaded: tuple[str, ...] = Field(min_length=1)

    _once_each = field_validator("least_loaded")(once_each)

    @property
    def members(self) -> tuple[str, ...]:
        return self.least_loaded

    def people(self) -> Iterator[tuple[Place, str]]:
        yield from people_in(self.least_loaded, "least_loaded")

    def way(self, choosing: Choosing) -> Way:
        loads = choosing.staff.open_leads(self.least_loaded)
        return lambda free, standing: self._next(free, standing, loads)

    def _next(self, free: Sequence[str], standing: Standing, loads: Loads) -> Turn:
        recent = [(datetime.fromisoformat(at), person) for at, person in standing.state.get("recent", ())]
        since = [person for at, person in recent if at >= loads.at]
        load = {person: loads.open.get(person, 0) + since.count(person) for person in free}
        chosen = min((one for one in in_order(self.least_loaded, standing) if one in free), key=lambda one: load[one])
        others = ", ".join(f"{person} {count}" for person, count in load.items())
        kept = [(at, person) for at, person in recent if at >= standing.at - _KEPT] + [(standing.at, chosen)]
        state = {"last": chosen, "recent": [[at.isoformat(), person] for at, person in kept]}
        return Turn(chosen, f"least loaded: open leads {others}", state)
