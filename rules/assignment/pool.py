"""`pool`: everything waits with one user of the CRM until somebody gives it out by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import Field

from rules.assignment.base import Choice, Choosing, Place, Strategy, Taken


class Pool(Strategy):
    """`pool: new_leads`, a staff key."""

    pool: str = Field(min_length=1)

    def people(self) -> Iterator[tuple[Place, str]]:
        yield ("pool",), self.pool

    def take(self, keys: Sequence[str], choosing: Choosing) -> Taken:
        if why := self.absence(self.pool, choosing):
            return Taken({}, f"{self.pool} {why}")
        return Taken(dict.fromkeys(keys, Choice(self.pool, "waits in the pool to be given out by hand")))
