"""The sales of one base as the mirror keeps them, and what rules were told of each.

Kinds of the mirror: `sale` (what was asked, with the refs that came of it), `told` (the invoice as rules last heard of
it), and the documents of 1C by their kind, each found by what it rests on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter

from connectors.crm.account import Account
from provodka.accounting import Document, DocumentKind, Sale, arrows, shown
from provodka.cards import TOLD
from provodka.event import Event, new_event_id
from provodka.invoices import InvoiceRef, SaleState
from provodka.payloads import InvoiceEvent, Person
from provodka.stores import ByKind, Snapshot

SALE: Final = "sale"
_FINISHED: Final = (SaleState.SHIPPED, SaleState.CANCELLED)
_SALES: Final = TypeAdapter(Sale)
_TOLD: Final = TypeAdapter(InvoiceRef)
_DOCUMENTS: Final = TypeAdapter(Document)


@dataclass(frozen=True, slots=True)
class Book(Account):
    """One base of 1C in the mirror."""

    settle: float

    @property
    def settle_seconds(self) -> float:
        return self.settle

    # sales

    def sales(self, ids: Iterable[str]) -> dict[str, Sale]:
        """These sales; unknown ones are absent."""
        return {one: _SALES.validate_json(s.body) for one, s in self.mirrored(SALE, list(dict.fromkeys(ids))).items()}

    def sales_of(self, identities: Sequence[str]) -> list[Sale]:
        """Those that carry one of these (`lead:17`, `document:<ref>`, `mark:…`), in the order of their ids."""
        found = self.store.find_snapshots(self.name, SALE, identities) if identities else {}
        ids = sorted({one for some in found.values() for one in some}, key=_order)
        return list(self.sales(ids).values())

    def all_sales(self) -> list[Sale]:
        """Every one, the oldest lead first."""
        ids = sorted(self.store.snapshot_ids(self.name, SALE), key=_order)
        return [one for n in range(0, len(ids), 500) for one in self.sales(ids[n : n + 500]).values()]

    def keep(self, sale: Sale) -> None:
        """Durable on return."""
        identities = (f"lead:{sale.lead_id}", f"mark:{sale.mark}", *(f"document:{ref}" for ref in sale.refs))
        body = _SALES.dump_json(sale).decode()
        self.put(SALE, [Snapshot(sale.id, body, self.now(), identities)])

    # documents

    def versions(self, kind: DocumentKind, refs: Sequence[str]) -> dict[str, str]:
        """See `connectors.onec.road.Versions`."""
        return {ref: document.version for ref, document in self.documents(kind, refs).items()}

    def documents(self, kind: DocumentKind, refs: Sequence[str]) -> dict[str, Document]:
        """As the mirror has them."""
        return {ref: _DOCUMENTS.validate_json(s.body) for ref, s in self.mirrored(kind.value, list(refs)).items()}

    def unseen(self, kind: DocumentKind, seen: Collection[str], since: datetime) -> list[str]:
        """Those of the mirror, dated since then and not deleted, that are not among these."""
        there = set(seen)
        lost = [ref for ref in self.store.snapshot_ids(self.name, kind.value) if ref not in there]
        pages = [self.documents(kind, lost[n : n + 500]) for n in range(0, len(lost), 500)]
        found = {ref: one for page in pages for ref, one in page.items()}
        return [ref for ref, one in found.items() if not one.deleted and one.date is not None and one.date >= since]

    def unfinished(self, before: datetime) -> dict[DocumentKind, list[str]]:
        """Documents of sales that are still open, dated before then: no window of dates looks at them any more."""
        told = self.told(self.store.snapshot_ids(self.name, TOLD))
        sales = [one for one in self.all_sales() if one.id in told and told[one.id][0].state not in _FINISHED]
        around = self._around(sales, {})
        found: dict[DocumentKind, list[str]] = {}
        for one in {one.ref: one for sale in sales for one in around.of(sale)}.values():
            if one.date is not None and one.date < before and not one.deleted:
                found.setdefault(one.kind, []).append(one.ref)
        return found

    def resting(self, refs: Sequence[str]) -> list[Document]:
        """The mirror's documents that rest on these."""
        marks = [f"on:{ref}" for ref in refs]
        found: list[Document] = []
        for kind in DocumentKind if marks else ():
            ids = self.store.find_snapshots(self.name, kind.value, marks)
            found += self.documents(kind, sorted({one for some in ids.values() for one in some})).values()
        return found

    # what is told

    def told(self, ids: Sequence[str]) -> dict[str, tuple[InvoiceRef, str]]:
        """What rules last heard of these sales, with the body that the mirror has."""
        return {one: (_TOLD.validate_json(s.body), s.body) for one, s in self.mirrored(TOLD, list(ids)).items()}

    def compare(
        self, sales: Sequence[Sale], fresh: Mapping[str, Document], received_at: datetime
    ) -> tuple[list[Event], ByKind]:
        """The events of these sales, and all snapshots to be stored with them: the fresh documents (by ref) and what is
        told from now on. A document that is gone is fresh as `deleted`.

        A sale in which nothing changed is among them too: if what it was compared with has changed by the time it is
        stored, it has to be compared again.
        """
        known = self.told([sale.id for sale in sales])
        around = self._around(sales, fresh)
        events: list[Event] = []
        told: list[Snapshot] = []
        for sale in sales:
            before, body = known.get(sale.id, (None, ""))
            now = shown(sale, around.of(sale))
            text = _TOLD.dump_json(now).decode() if before != now else body
            told.append(Snapshot(sale.id, text, received_at, (f"lead:{sale.lead_id}",), before=body))
            events += self._events(before, now, body + text, received_at) if before != now else []
        by_kind: dict[str, list[Snapshot]] = {kind.value: [] for kind in DocumentKind}
        for one in fresh.values():
            by_kind[one.kind.value].append(_snapshot(one, received_at))
        return events, {**{kind: rows for kind, rows in by_kind.items() if rows}, **({TOLD: told} if told else {})}

    def touched(self, documents: Sequence[Document]) -> list[Sale]:
        """The sales that these documents belong to, now or as the mirror has them: one may have been taken off."""
        old = [
            document
            for kind in DocumentKind
            for document in self.documents(kind, [one.ref for one in documents if one.kind is kind]).values()
        ]
        refs = {ref for one in (*documents, *old) for ref in (one.ref, *(basis.ref for basis in one.bases))}
        # a shipment may rest on an order that rests on our invoice
        orders = self.documents(DocumentKind.ORDER, sorted(refs))
        orders |= {one.ref: one for one in documents if one.kind is DocumentKind.ORDER}
        refs |= {basis.ref for one in orders.values() for basis in one.bases}
        marks = [f"mark:{one.mark}" for one in documents if one.mark]
        return self.sales_of([*(f"document:{ref}" for ref in sorted(refs)), *marks])

    def _around(self, sales: Sequence[Sale], fresh: Mapping[str, Document]) -> _Around:
        """The documents near these sales, read in few calls: their own, what rests on them and on those orders."""
        refs = {ref for sale in sales for ref in sale.refs}
        found: dict[str, Document] = {}
        for kind in (DocumentKind.INVOICE, DocumentKind.ORDER):
            found |= self.documents(kind, sorted(refs))
        new = refs
        while new:
            resting = {one.ref: one for one in self.resting(sorted(new))} | found | dict(fresh)
            refs |= new
            new = {one.ref for one in resting.values() if one.kind is DocumentKind.ORDER and one.rests_on(refs)} - refs
            found = resting
        return _Around(found)

    def _events(self, before: InvoiceRef | None, now: InvoiceRef, seed: str, received_at: datetime) -> list[Event]:
        """An arrow is one event, however often it is found: the same difference has the same external id."""
        mark = hashlib.sha256(seed.encode()).hexdigest()[:24]
        return [
            Event(
                id=new_event_id(received_at),
                type=kind,
                channel=self.name,
                external_id=f"{kind.value}:{now.id}:{mark}",
                occurred_at=received_at,
                received_at=received_at,
                person=Person(),
                payload=InvoiceEvent(now, document=paper),
            )
            for kind, paper in arrows(before, now)
        ]


class _Around:
    """Documents by what they rest on."""

    def __init__(self, documents: Mapping[str, Document]) -> None:
        self._documents = documents
        self._on: dict[str, list[Document]] = {}
        for one in documents.values():
            for basis in one.bases:
                self._on.setdefault(basis.ref, []).append(one)

    def of(self, sale: Sale) -> list[Document]:
        """All that belongs to a sale: its own documents, those that rest on them, and what rests on those orders."""
        found = {ref: self._documents[ref] for ref in sale.refs if ref in self._documents}
        new = list(sale.refs)
        while new:
            resting = {one.ref: one for ref in new for one in self._on.get(ref, ()) if one.ref not in found}
            found |= resting
            new = [one.ref for one in resting.values() if one.kind is DocumentKind.ORDER]
        return list(found.values())


def gone(document: Document) -> Document:
    """One that 1C has not any more."""
    return replace(document, deleted=True, version="")


def _snapshot(document: Document, now: datetime) -> Snapshot:
    marks = tuple(f"on:{ref}" for ref in dict.fromkeys(basis.ref for basis in document.bases))
    return Snapshot(document.ref, _DOCUMENTS.dump_json(document).decode(), now, marks)


def _order(sale: str) -> tuple[int, str, int]:
    lead, _, number = sale.rpartition(":")
    return (int(lead) if lead.isdecimal() else 0, lead, int(number or 0))
