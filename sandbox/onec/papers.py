"""The documents of a base seen neutrally, whatever its configuration calls them: what a test or a desk looks at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sandbox.onec.configuration import KINDS, DocumentRole, Kind, LineRole
from sandbox.onec.errors import BadActError, NotFoundError
from sandbox.onec.schema import EMPTY_REF, NAMESPACE
from sandbox.onec.values import Record

if TYPE_CHECKING:
    from sandbox.onec.base import Base

NO_REF = ("", EMPTY_REF)
_RATE = re.compile(r"НДС(\d+)$")


@dataclass(frozen=True, slots=True)
class Line:
    """A row of goods. `vat_rate` is per cent as text, "" without VAT; `row` the record behind it."""

    number: int
    product: str
    article: str
    name: str
    quantity: Decimal
    price: Decimal
    sum: Decimal
    vat_rate: str
    vat: Decimal
    on_top: bool
    row: Record

    @property
    def total(self) -> Decimal:
        """What the buyer pays for it."""
        return self.sum + self.vat if self.on_top else self.sum


@dataclass(frozen=True, slots=True)
class Basis:
    """A document that this one was made from or pays for, and for how much."""

    ref: str
    sum: Decimal


@dataclass(frozen=True, slots=True)
class Party:
    """Who buys."""

    ref: str
    inn: str
    kpp: str
    name: str


@dataclass(frozen=True, slots=True)
class Paper:
    """A document: invoice, order, payment, refund or shipment. `printed` is the number as people write it."""

    kind: Kind
    set: str
    ref: str
    number: str
    printed: str
    date: datetime
    sum: Decimal
    posted: bool
    deleted: bool
    cash: bool
    version: str
    comment: str
    counterparty: Party
    bases: tuple[Basis, ...]
    lines: tuple[Line, ...]
    record: Record

    @property
    def counts(self) -> bool:
        """Whether it takes part in sums: posted and not marked."""
        return self.posted and not self.deleted

    @property
    def vat(self) -> Decimal:
        """The sum of the rows' VAT."""
        return sum((line.vat for line in self.lines), Decimal(0))


class Papers:
    """Finds and reads the documents of one base."""

    def __init__(self, base: Base) -> None:
        self._base = base
        self.forget()

    def forget(self) -> None:
        self._place: dict[str, str] = {}
        self._children: dict[str, dict[str, None]] = {}

    def replaced(self, name: str, old: Record | None, new: Record | None) -> None:
        """Told by the base of every write; keeps who was made from whom, and the state of paid invoices."""
        role = self._base.configuration.documents.get(name)
        if role is None:
            return
        before = [basis.ref for basis in _bases(role, old)] if old else []
        after = [basis.ref for basis in _bases(role, new)] if new else []
        ref = (new or old or {})["Ref_Key"]
        for base_ref in before:
            self._children.get(base_ref, {}).pop(ref, None)
        for base_ref in after:
            self._children.setdefault(base_ref, {})[ref] = None
        if new is None:
            self._place.pop(ref, None)
        else:
            self._place[ref] = name
        if role.kind in ("payment", "refund"):
            for base_ref in dict.fromkeys((*before, *after)):
                self._restate(base_ref)

    def all(self, kind: str | None = None) -> list[Paper]:
        """All documents, or those of one kind, the oldest first."""
        with self._base.lock:
            papers = [
                self._paper(role, record)
                for role in self._base.configuration.documents.values()
                if kind in (None, role.kind)
                for record in self._base.all(role.set)
            ]
        return sorted(papers, key=lambda paper: paper.date)

    def find(self, word: str, *kinds: Kind) -> Paper:
        """By `Ref_Key`, or by number (whole or as printed) among `kinds`, the first kind that has one.

        BadActError if the number fits several documents.
        """
        with self._base.lock:
            if word in self._place:
                return self.of(word)
            groups: list[tuple[Kind, ...]] = [(kind,) for kind in kinds]
            for group in groups or [KINDS]:
                fitting = [self.of(ref) for ref in self._numbered(word, group)]
                if len(fitting) == 1:
                    return fitting[0]
                if fitting:
                    these = ", ".join(f"{paper.kind} {paper.number} {paper.ref}" for paper in fitting)
                    raise BadActError(f"Номеру {word} отвечают несколько документов: {these}. Назовите ссылку")
        raise NotFoundError(f"Документ {word} не найден")

    def of(self, ref: str) -> Paper:
        """The document of a `Ref_Key`."""
        with self._base.lock:
            name = self._place.get(ref)
            if name is None:
                raise NotFoundError(f"Документ {ref} не найден")
            return self._paper(self._base.configuration.documents[name], self._base.read(name, ref))

    def children(self, ref: str, *kinds: Kind) -> Iterator[Paper]:
        """What was made from it or pays for it."""
        for child in list(self._children.get(ref, ())):
            if self._base.configuration.documents[self._place[child]].kind in kinds:
                yield self.of(child)

    def paid(self, ref: str) -> Decimal:
        """What posted payments brought less what refunds took."""
        with self._base.lock:
            return sum(
                (
                    basis.sum if paper.kind == "payment" else -basis.sum
                    for paper in self.children(ref, "payment", "refund")
                    if paper.counts
                    for basis in paper.bases
                    if basis.ref == ref
                ),
                Decimal(0),
            )

    def goods(self, paper: Paper) -> Paper:
        """The document whose rows say what is sold: itself, or in УТ the order that an invoice stands on."""
        if not self._base.configuration.documents[paper.set].lines_of_base:
            return paper
        if not paper.bases:
            raise BadActError(f"У счёта {paper.number} нет заказа-основания, строк взять неоткуда")
        return self.of(paper.bases[0].ref)

    def party(self, ref: str) -> Party:
        found = self._base.get(self._base.configuration.roles.counterparty, ref)
        if found is None:
            return Party(ref, "", "", "")
        return Party(ref, found.get("ИНН", ""), found.get("КПП", ""), found["Description"])

    def vat_rate(self, value: str) -> str:
        """Per cent out of what a row holds: a name of the enumeration, or a reference to the catalog of rates."""
        if catalog := self._base.configuration.roles.vat_rate:
            rate = self._base.get(catalog, value)
            return "" if rate is None or rate["БезНДС"] else f"{rate['Ставка']:f}".removesuffix(".00")
        found = _RATE.match(value)
        return found[1] if found else ""

    def _numbered(self, word: str, kinds: Sequence[Kind]) -> Iterator[str]:
        for role in self._base.configuration.documents.values():
            if role.kind in kinds:
                for record in self._base.all(role.set):
                    if record["Number"].endswith(word) and word in (record["Number"], printed_number(record["Number"])):
                        yield record["Ref_Key"]

    def _paper(self, role: DocumentRole, record: Record) -> Paper:
        lines: tuple[Line, ...] = ()
        if role.line is not None:
            rows = [row for section in role.lines for row in record[section]]
            on_top = not record.get(role.includes_vat, True)
            lines = tuple(self._line(role.line, number, row, on_top=on_top) for number, row in enumerate(rows, 1))
        return Paper(
            kind=role.kind,
            set=role.set,
            ref=record["Ref_Key"],
            number=record["Number"],
            printed=printed_number(record["Number"]),
            date=record["Date"],
            sum=record[role.sum],
            posted=record["Posted"],
            deleted=record["DeletionMark"],
            cash=role.cash,
            version=record["DataVersion"],
            comment=record["Комментарий"],
            counterparty=self.party(record[role.counterparty]),
            bases=_bases(role, record),
            lines=lines,
            record=record,
        )

    def _line(self, role: LineRole, number: int, row: Record, *, on_top: bool) -> Line:
        product = self._base.get(self._base.configuration.roles.product, row[role.product])
        name = (row[role.text] if role.text else "") or (product["Description"] if product else "")
        article = product["Артикул"] if product else ""
        rate = self.vat_rate(row[role.vat_rate])
        numbers = row[role.quantity], row[role.price], row[role.sum]
        return Line(number, row[role.product], article, name, *numbers, rate, row[role.vat], on_top, row)

    def _restate(self, ref: str) -> None:
        """Бухгалтерия keeps a word about each invoice in a register; payments change it."""
        name = self._base.configuration.roles.status
        place = self._place.get(ref, "")
        role = self._base.configuration.documents.get(place)
        if not name or role is None or role.kind != "invoice":
            return
        invoice, paid = self._base.read(place, ref), self.paid(ref)
        word = "Оплачен" if paid >= invoice[role.sum] else "ОплаченЧастично" if paid > 0 else "НеОплачен"
        key = {
            "Организация_Key": invoice["Организация_Key"],
            "Документ": ref,
            "Документ_Type": f"{NAMESPACE}.{place}",
        }
        status = {"Статус": word, "Статус_Type": "UnavailableEnums.СтатусОплатыСчета"}
        if self._base.get(name, tuple(key.values())):
            self._base.patch(name, tuple(key.values()), status)
        else:
            self._base.write(name, {**key, **status})


def printed_number(number: str) -> str:
    """As on paper: without the prefix and the zeros."""
    return re.sub(r"^.*?-0*(?=\d)", "", number)


def _bases(role: DocumentRole, record: Mapping[str, Any]) -> tuple[Basis, ...]:
    if role.part is not None:
        part = role.part
        named = ((_first(row, part.base, part.order), row[part.sum]) for row in record[role.parts])
        return tuple(Basis(ref, amount) for ref, amount in named if ref)
    ref = _first(record, role.base)
    return (Basis(ref, record[role.sum]),) if ref else ()


def _first(row: Mapping[str, Any], *names: str) -> str:
    return next((row[name] for name in names if name and row[name] not in NO_REF), "")
