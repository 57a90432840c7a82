"""What lies in the mirror for 1C to take: our orders, each with the version that 1C has confirmed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter

from connectors.crm.account import Account
from provodka.accounting import InvoiceRequest
from provodka.stores import Snapshot

OUTGOING: Final = "outgoing"
_PENDING: Final = "pending"
_IN_WORK: Final = "in work"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One order. `id` is its «Ид» for ever. Each change is a new `version`, `confirmed` the last that 1C took.

    `ordered` is the version that first told 1C to work on it, 0 for none; times are UTC.
    """

    id: str
    request: InvoiceRequest
    made_at: datetime
    changed_at: datetime
    version: int = 1
    confirmed: int = 0
    ordered: int = 0
    cancelled: bool = False

    @property
    def number(self) -> str:
        """The number under which it stands in 1C as that of the site: `17-1` of the sale `17:1`."""
        return self.request.sale.replace(":", "-")

    @property
    def pending(self) -> bool:
        return self.version > self.confirmed

    @property
    def in_work(self) -> bool:
        """1C has taken it with the word that it is to be worked on."""
        return 0 < self.ordered <= self.confirmed


_BODY: Final = TypeAdapter(Outgoing)
Change = Callable[[Outgoing], Outgoing]


@dataclass(frozen=True, slots=True)
class Shelf(Account):
    """All orders of one account."""

    @property
    def settle_seconds(self) -> float:
        """Nothing here is at work anywhere else."""
        return 0.0

    def some(self, ids: Iterable[str]) -> dict[str, Outgoing]:
        """These, by id; unknown ones are absent."""
        return {one: _load(s) for one, s in self.mirrored(OUTGOING, list(dict.fromkeys(ids))).items()}

    def numbered(self, numbers: Iterable[str]) -> dict[str, Outgoing]:
        """By the site's number, where one order alone has it."""
        marks = {f"number:{one}": one for one in numbers if one}
        found = self.store.find_snapshots(self.name, OUTGOING, list(marks)) if marks else {}
        ids = {marks[mark]: some[0] for mark, some in found.items() if len(some) == 1}
        known = self.some(ids.values())
        return {number: known[one] for number, one in ids.items() if one in known}

    def pending(self) -> list[Outgoing]:
        """Those that 1C has not confirmed yet, the oldest first."""
        return self._marked(_PENDING)

    def in_work(self) -> list[Outgoing]:
        """Those that 1C was told to work on, and has taken; the oldest first."""
        return self._marked(_IN_WORK)

    def lay(self, id_: str, request: InvoiceRequest) -> Outgoing:
        """Lay an order out; the same again changes nothing, another one under this id is its next version."""
        now = self.now()

        def change(old: Outgoing | None) -> Outgoing:
            if old is None:
                return Outgoing(id_, request, now, now)
            return old if old.request == request else _next(replace(old, request=request), now)

        return self._amended({id_: change})[id_]

    def order(self, id_: str) -> Outgoing | None:
        """Tell 1C to work on it; None where there is none."""
        return self._changed(id_, lambda old: old if old.ordered else replace(old, ordered=old.version + 1))

    def cancel(self, id_: str) -> Outgoing | None:
        """Tell 1C that it is off; None where there is none."""
        return self._changed(id_, lambda old: replace(old, cancelled=True))

    def confirm(self, versions: Mapping[str, int]) -> list[Outgoing]:
        """1C has taken these versions; what was laid out since stays."""

        def taken(version: int) -> Callable[[Outgoing | None], Outgoing | None]:
            return lambda old: old and replace(old, confirmed=max(old.confirmed, min(version, old.version)))

        return list(self._amended({one: taken(version) for one, version in versions.items()}).values())

    def _marked(self, mark: str) -> list[Outgoing]:
        ids = self.store.find_snapshots(self.name, OUTGOING, [mark]).get(mark, ())
        return sorted(self.some(ids).values(), key=lambda one: (one.made_at, one.id))

    def _changed(self, id_: str, change: Change) -> Outgoing | None:
        now = self.now()

        def amended(old: Outgoing | None) -> Outgoing | None:
            new = old and change(old)
            return old if new == old or new is None else _next(new, now)

        return self._amended({id_: amended}).get(id_)

    def _amended(self, changes: Mapping[str, Callable[[Outgoing | None], Outgoing | None]]) -> dict[str, Outgoing]:
        """The orders as they are after their changes; those that there are none of are absent."""
        after: dict[str, Outgoing] = {}

        def amend(there: Mapping[str, Snapshot]) -> Sequence[Snapshot]:
            after.clear()
            for id_, change in changes.items():
                if (new := change(_load(there[id_]) if id_ in there else None)) is not None:
                    after[id_] = new
            return [_snapshot(one, self.now()) for one in after.values()]

        if changes:
            self.store.amend_snapshots(self.name, OUTGOING, list(changes), amend)
        return after


def _next(changed: Outgoing, now: datetime) -> Outgoing:
    return replace(changed, version=changed.version + 1, changed_at=now)


def _load(snapshot: Snapshot) -> Outgoing:
    return _BODY.validate_json(snapshot.body)


def _snapshot(one: Outgoing, now: datetime) -> Snapshot:
    states = ((_PENDING, one.pending), (_IN_WORK, one.in_work))
    marks = (f"number:{one.number}", *(mark for mark, true in states if true))
    return Snapshot(one.id, _BODY.dump_json(one).decode(), now, marks)
