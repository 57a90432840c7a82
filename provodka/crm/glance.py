"""Cards as they are seen without a call, for rules that look at all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from provodka.payloads import CardEvent, CompanyRef, ContactRef, LeadRef, Person, TaskRef

AnyCard = LeadRef | ContactRef | CompanyRef | TaskRef


@dataclass(frozen=True, slots=True)
class Glance:
    """A card as the mirror remembers it. Only the members `known` of the card mean anything, and the custom `fields`.

    `is_open`: not closed or completed, as far as the mirror knows.
    """

    card: AnyCard
    known: frozenset[str]
    fields: frozenset[str]
    is_open: bool


class Cards(Protocol):
    """All cards of a kind (`lead`, `contact`, `company`, `task`), page by page."""

    def glances(self, kind: str, after: str, most: int) -> list[Glance]:
        """The next cards of the mirror beyond the id `after`. No call, but for the names of the account."""

    def look(self, kind: str, ids: Sequence[str]) -> dict[str, tuple[Person, CardEvent]]:
        """These cards freshly read, as their events carry them, with the person; those that are gone are absent."""
