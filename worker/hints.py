"""What hints of the CRM and of accounting turn out to be: fetched and compared, those that come together at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol

from provodka.accounting import AccountingAccount
from provodka.crm import Cards
from provodka.errors import ProvodkaError
from provodka.event import Event
from provodka.journal import Journal, PlanRecord, StoredEvent
from provodka.payloads import AccountingHint, CrmHint
from provodka.stores import ByKind
from worker.booked import with_leads

_HINTS: Final = 50  # followed by one call: each may name several entities, and a call takes a hundred

Follow = Callable[[Sequence[StoredEvent]], list[PlanRecord]]


class Follower(Cards, Protocol):
    """A CRM that can follow its own hints: fetch, compare, and say what really changed."""

    name: str

    def derive(self, hint: CrmHint, event: Event) -> tuple[list[Event], ByKind]: ...


class Hints:
    """Follows the hints of one CRM and one accounting."""

    def __init__(self, journal: Journal, follower: Follower | None, accounting: AccountingAccount | None) -> None:
        self._journal = journal
        self._follower = follower
        self._accounting = accounting

    def batches(self, held: Sequence[StoredEvent]) -> Iterator[tuple[Sequence[StoredEvent], Follow]]:
        """The hints among these events, in batches, each with what follows it. A file of 1C stands alone."""
        crm = [one for one in held if isinstance(one.event.payload, CrmHint)]
        books = [one for one in held if isinstance(one.event.payload, AccountingHint)]
        files = [one for one in books if one.event.raw]
        rest = [one for one in books if not one.event.raw]
        yield from ((crm[n : n + _HINTS], self._of_crm) for n in range(0, len(crm), _HINTS))
        yield from (([one], self._of_accounting) for one in files)
        yield from ((rest[n : n + _HINTS], self._of_accounting) for n in range(0, len(rest), _HINTS))

    def _of_crm(self, hints: Sequence[StoredEvent]) -> list[PlanRecord]:
        if self._follower is None:
            raise ProvodkaError("a hint of a CRM, but the config names none")
        entities = _entities(hints)
        events, seen = self._follower.derive(CrmHint(entities), hints[-1].event)
        return self._records(hints, entities, events, self._follower.name, seen)

    def _of_accounting(self, hints: Sequence[StoredEvent]) -> list[PlanRecord]:
        if self._accounting is None:
            raise ProvodkaError("a hint of accounting, but the config names none")
        entities = _entities(hints)
        derived, seen = self._accounting.derive(AccountingHint(entities), hints[-1].event)
        return self._records(hints, entities, with_leads(derived, self._follower), self._accounting.name, seen)

    def _records(
        self,
        hints: Sequence[StoredEvent],
        entities: Sequence[str],
        events: Sequence[Event],
        system: str,
        seen: ByKind,
    ) -> list[PlanRecord]:
        """What was found hangs on the first of the hints."""
        found = [{"type": e.type.value, "id": e.id} for e in events]
        trace = json.dumps({"at": self._journal.now().isoformat(), "hint": list(entities), "found": found})
        snapshots = {(system, kind): rows for kind, rows in seen.items()}
        first, *rest = hints
        return [
            PlanRecord(first.seq, lane_of(first), "event", trace, (), tuple(events), snapshots),
            *(PlanRecord(hint.seq, lane_of(hint), "event", trace) for hint in rest),
        ]


def lane_of(stored: StoredEvent) -> int:
    """Its lane; one that belongs to none has a lane for itself."""
    return stored.lane if stored.lane is not None else stored.seq


def _entities(hints: Sequence[StoredEvent]) -> tuple[str, ...]:
    """What the hints name, each once."""
    payloads = (hint.event.payload for hint in hints)
    named = (one for p in payloads if isinstance(p, CrmHint | AccountingHint) for one in p.entities)
    return tuple(dict.fromkeys(named))
