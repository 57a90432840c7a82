"""The documents of a base found by reference or number, with what was made from each and what was paid for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sandbox.onec.configuration import KINDS, DocumentRole, Kind, LineRole
from sandbox.onec.errors import BadActError, NotFoundError
from sandbox.onec.papers import NO_REF, Basis, Line, Paper, Party, printed_number
from sandbox.onec.schema import NAMESPACE
from sandbox.onec.values import Record

if TYPE_CHECKING:
    from sandbox.onec.base import Base

_RATE = re.compile(r"НДС(\d+)$")


class Archive:
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
        touched = self._forget_bases(role, old) + self.learn(role, new)
        if new is None and old is not None:
            self._place.pop(old["Ref_Key"], None)
        if role.kind in ("payment", "refund"):
            for ref in dict.fromkeys(touched):
                self._restate(ref)

    def learn(self, role: DocumentRole, record: Record | None) -> list[str]:
        """Remember where a document is and what it was made from; returns the latter."""
        if record is None:
            return []
        self._place[record["Ref_Key"]] = role.set
        bases = [basis.ref for basis in _bases(role, record)]
        for ref in bases:
            self._children.setdefault(ref, {})[record["Ref_Key"]] = None
        return bases

    def _forget_bases(self, role: DocumentRole, record: Record | None) -> list[str]:
        bases = [basis.ref for basis in _bases(role, record)] if record is not None else []
        for ref in bases:
            self._children.get(ref, {}).pop((record or {})["Ref_Key"], None)
        return bases

    def all(self, kind: str | None = None) -> list[Paper]:
        """All documents, or those of one kind, the oldest first."""
        with self._base.lock:
            return [self._paper(role, record) for role, record in self._dated(kind)]

    def newest(self, kind: str, count: int) -> list[Paper]:
        """So many documents of a kind, the newest first."""
        with self._base.lock:
            return [self._paper(role, record) for role, record in self._dated(kind)[::-1][:count]]

    def _dated(self, kind: str | None) -> list[tuple[DocumentRole, Record]]:
        pairs = [
            (role, record)
            for role in self._base.configuration.documents.values()
            if kind in (None, role.kind)
            for record in self._base.all(role.set)
        ]
        return sorted(pairs, key=lambda pair: pair[1]["Date"])

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


def _bases(role: DocumentRole, record: Mapping[str, Any]) -> tuple[Basis, ...]:
    if role.part is not None:
        part = role.part
        named = ((_first(row, part.base, part.order), row[part.sum]) for row in record[role.parts])
        return tuple(Basis(ref, amount) for ref, amount in named if ref)
    ref = _first(record, role.base)
    return (Basis(ref, record[role.sum]),) if ref else ()


def _first(row: Mapping[str, Any], *names: str) -> str:
    return next((row[name] for name in names if name and row[name] not in NO_REF), "")
