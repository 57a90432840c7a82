"""A base of 1C in memory behind the protocol of a road: what the account makes of documents is tested without wires."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal

from connectors.onec.road import Made, News, Versions
from provodka.accounting import (
    Basis,
    Counterparty,
    Document,
    DocumentKind,
    InvoiceRequest,
    NewCounterparty,
    Sale,
)
from provodka.errors import ConnectorError
from provodka.readiness import Remark

DAY = datetime(2026, 7, 15, 9, tzinfo=UTC)


@dataclass
class MemoryRoad:
    """`breaks` are raised by the next writes, after the work is done where `late` says so."""

    parties: dict[str, NewCounterparty] = field(default_factory=dict)
    papers: dict[str, Document] = field(default_factory=dict)
    breaks: list[ConnectorError] = field(default_factory=list)
    late: bool = False
    prints: bool = True
    writes: int = 0
    versions: int = 1

    def find_counterparties(self, who: NewCounterparty) -> Sequence[Counterparty]:
        return [
            Counterparty(ref, one.name, inn=one.inn, kpp=one.kpp)
            for ref, one in self.parties.items()
            if (one.inn, one.kpp) == (who.inn, who.kpp)
        ]

    def create_counterparty(self, who: NewCounterparty, ref: str) -> str:
        self._write(lambda: self.parties.setdefault(ref, who))
        return ref

    def create_invoice(self, asked: InvoiceRequest, ref: str) -> Made:
        paper = Document(
            DocumentKind.INVOICE,
            ref,
            f"00БП-{len(self.papers) + 1:06}",
            DAY,
            asked.amount,
            lines=asked.lines,
            mark=asked.mark,
            version="1",
        )
        self._write(lambda: self.papers.setdefault(ref, paper))
        return Made(ref, self.papers[ref].number)

    def find_invoice(self, asked: InvoiceRequest, ref: str) -> Made | None:
        return Made(ref, self.papers[ref].number) if ref in self.papers else None

    def create_order(self, sale: Sale, mark: str, ref: str) -> Made:
        bases = (Basis(sale.invoice),)
        paper = Document(DocumentKind.ORDER, ref, "00БП-1", DAY, sale.amount, bases=bases, version="1")
        self._write(lambda: self.papers.setdefault(ref, paper))
        return Made(ref, self.papers[ref].number)

    def find_order(self, sale: Sale, mark: str, ref: str) -> Made | None:
        return Made(ref, self.papers[ref].number) if ref in self.papers else None

    def cancel(self, sale: Sale, known: Versions) -> None:
        del known
        self.change(sale.invoice, deleted=True)

    def read(self, kind: DocumentKind, refs: Sequence[str]) -> Mapping[str, Document]:
        return {ref: self.papers[ref] for ref in refs if ref in self.papers and self.papers[ref].kind is kind}

    def changed(self, cursors: Mapping[str, str], known: Versions, now: datetime, *, full: bool) -> News:
        del cursors, now
        found = [one for one in self.papers.values() if full or known(one.kind, [one.ref]).get(one.ref) != one.version]
        return News(found, {}, {"changes": "1"})

    def received(self, name: str, body: bytes) -> Sequence[Document]:
        del name, body
        return []

    def printed(self, kind: DocumentKind, ref: str) -> bytes | None:
        return b"%PDF-" if self.prints and kind is DocumentKind.INVOICE and ref in self.papers else None

    def check(self) -> Sequence[Remark]:
        return []

    def close(self) -> None:
        pass

    # the accountant

    def change(self, ref: str, **changes: object) -> None:
        """Somebody in 1C writes a document."""
        old = self.papers[ref]
        self.papers[ref] = replace(old, **{"version": self._version(), **changes})  # type: ignore[arg-type]

    def pay(self, ref: str, invoice: str, amount: str, **members: object) -> None:
        """A payment, or a refund (a negative sum)."""
        sum_ = Decimal(amount)
        paper = Document(
            DocumentKind.PAYMENT, ref, ref, DAY, sum_, bases=(Basis(invoice, sum_),), version=self._version()
        )
        self.papers[ref] = replace(paper, **members)  # type: ignore[arg-type]

    def ship(self, ref: str, on: str, amount: str) -> None:
        """A shipment that rests on an invoice or an order."""
        sum_ = Decimal(amount)
        version = self._version()
        self.papers[ref] = Document(
            DocumentKind.SHIPMENT, ref, ref, DAY, sum_, bases=(Basis(on, sum_),), version=version
        )

    def _version(self) -> str:
        """One that no document has had before: 1C never gives one twice."""
        self.versions += 1
        return str(self.versions)

    def _write(self, work: object) -> None:
        self.writes += 1
        error = self.breaks.pop(0) if self.breaks else None
        if error is not None and not self.late:
            raise error
        work()  # type: ignore[operator]
        if error is not None:
            raise error
