"""What a person does in 1C, neutral over configurations: pays, ships, edits, unposts, closes a period, restores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sandbox.onec.configuration import DocumentRole, Kind
from sandbox.onec.entry import based_on, edited_rows, goods_left, parts_of, purpose_of, rows_from
from sandbox.onec.errors import BadActError
from sandbox.onec.papers import Paper

if TYPE_CHECKING:
    from sandbox.onec.base import Base
    from sandbox.onec.state import State

MIDNIGHT = time()


class Accountant:
    """Acts on one base. A document is named by its `Ref_Key` or number; what came of the act is returned."""

    def __init__(self, base: Base) -> None:
        self._base = base
        self.forget()

    def forget(self) -> None:
        self._copies: list[State] = []

    def pay(
        self,
        document: str,
        amount: Decimal | None = None,
        *,
        cash: bool = False,
        linked: bool = True,
        on: date | None = None,
    ) -> Paper:
        """A posted payment of an invoice: what is left, or that amount (more is an overpayment).

        Not `linked`, it names the invoice only in its purpose, as from a bank statement that nobody sorted out. A bank
        payment is dated by midnight of the day `on`, today by default.
        """
        return self.pay_many({document: amount}, cash=cash, linked=linked, on=on)

    def pay_many(
        self, shares: Mapping[str, Decimal | None], *, cash: bool = False, linked: bool = True, on: date | None = None
    ) -> Paper:
        """One payment split over several invoices of one buyer."""
        return self._money("payment", shares, cash=cash, linked=linked, on=on)

    def refund(self, document: str, amount: Decimal | None = None, *, cash: bool = False) -> Paper:
        """Money given back for an invoice (or for the invoice of a payment): all that was paid, or that amount."""
        paper = self._base.papers.find(document, "invoice", "order", "payment")
        if paper.kind == "payment" and paper.bases:
            paper = self._base.papers.of(paper.bases[0].ref)
        return self._money("refund", {paper.ref: amount}, cash=cash, linked=True, on=None)

    def ship(self, document: str, lines: Mapping[int, Decimal] | None = None) -> Paper:
        """A posted shipment by an invoice or an order: the rest, or the quantities of the named lines."""
        with self._base.lock:
            source = self._shipped_from(self._base.papers.find(document, "order", "invoice"))
            role = self._role("shipment")
            done = [paper for paper in self._base.papers.children(source.ref, "shipment") if paper.counts]
            left = goods_left(source, done, lines)
            values = based_on(self._base, role, source) | rows_from(self._base, role, source, left)
            return self._written(role, values | {role.sum: sum((line.total for line in left), Decimal(0))})

    def order(self, document: str) -> Paper:
        """The order of an invoice: made from it, or the one it stands on, told to be shipped."""
        with self._base.lock:
            invoice = self._base.papers.find(document, "invoice")
            role = self._role("order")
            standing = next((paper for paper in self._orders(invoice) if not paper.deleted), None)
            if standing is not None:
                self._base.patch(role.set, standing.ref, role.fill)
                return self.post(standing.ref)
            values = based_on(self._base, role, invoice) | rows_from(self._base, role, invoice, invoice.lines)
            return self._written(role, values | {role.sum: invoice.sum})

    def edit_lines(self, document: str, changes: Mapping[int, Mapping[str, Decimal] | None]) -> Paper:
        """Other quantities or prices by line number, None to strike a line out; sums and VAT follow.

        A posted document is unposted and posted again, as its form does.
        """
        with self._base.lock:
            paper = self._base.papers.find(document, "invoice", "order", "shipment")
            goods = self._base.papers.goods(paper)
            values = edited_rows(self._base, goods, changes)
            total = values[self._base.configuration.documents[goods.set].sum]
            for one, change in {paper.ref: {}, goods.ref: values}.items():
                edited = self._base.papers.of(one)
                if edited.posted:
                    self.unpost(one)
                role = self._base.configuration.documents[edited.set]
                self._base.patch(edited.set, one, {**change, role.sum: total})
                if edited.posted:
                    self.post(one)
            return self._base.papers.of(paper.ref)

    def post(self, document: str) -> Paper:
        """Post, or post anew."""
        paper = self._base.papers.find(document)
        self._base.post(paper.set, paper.ref)
        return self._base.papers.of(paper.ref)

    def unpost(self, document: str) -> Paper:
        """Take the posting back."""
        paper = self._base.papers.find(document)
        self._base.unpost(paper.set, paper.ref)
        return self._base.papers.of(paper.ref)

    def delete(self, document: str) -> Paper:
        """Mark for deletion."""
        paper = self._base.papers.find(document)
        self._base.mark(paper.set, paper.ref)
        return self._base.papers.of(paper.ref)

    def undelete(self, document: str) -> Paper:
        """Take the mark of deletion off; the document stays unposted."""
        paper = self._base.papers.find(document)
        self._base.mark(paper.set, paper.ref, marked=False)
        return self._base.papers.of(paper.ref)

    def merge_counterparties(self, keep: str, double: str) -> str:
        """«Поиск и удаление дублей»: everything that referred to the double refers to the other, the double is marked.

        Both by `Ref_Key` or code. Returns the `Ref_Key` that was kept.
        """
        with self._base.lock:
            kept, dropped = self._counterparty(keep), self._counterparty(double)
            if kept == dropped:
                raise BadActError("Контрагента нельзя объединить с ним самим")
            self._base.redirect(dropped, kept)
            self._base.mark(self._base.configuration.roles.counterparty, dropped)
            return kept

    def close_period(self, until: date | None) -> None:
        """Forbid any change of documents dated up to that day; None opens all."""
        self._base.close(until)

    def lock(self, document: str, seconds: float) -> None:
        """Keep a document open in a form: writes to it meet a lock conflict for so long."""
        self._base.hold(self._base.papers.find(document).ref, seconds)

    def take_copy(self) -> int:
        """A backup; returns its number."""
        self._copies.append(self._base.copy())
        return len(self._copies)

    def restore(self, number: int | None = None) -> None:
        """The base becomes what a copy holds, the last one by default: numbers and versions go back."""
        if not self._copies or not 0 < (number or 1) <= len(self._copies):
            raise BadActError("Такой копии базы нет")
        self._base.restore(self._copies[(number or len(self._copies)) - 1])

    def _money(
        self, kind: Kind, shares: Mapping[str, Decimal | None], *, cash: bool, linked: bool, on: date | None
    ) -> Paper:
        if not shares:
            raise BadActError("Не назван ни один счёт")
        with self._base.lock:
            role = self._role(kind, cash=cash)
            amounts: list[tuple[Paper, Decimal]] = []
            for word, amount in shares.items():
                invoice = self._base.papers.find(word, "invoice", "order")
                paid = self._base.papers.paid(invoice.ref)
                due = paid if kind == "refund" else invoice.sum - paid
                amounts.append((invoice, due if amount is None else amount))
            total = sum((amount for _, amount in amounts), Decimal(0))
            if total <= 0:
                raise BadActError("Возвращать нечего" if kind == "refund" else "Счёт уже оплачен, назовите сумму")
            moment = self._base.now() if cash else datetime.combine(on or self._base.now().date(), MIDNIGHT)
            values = based_on(self._base, role, amounts[0][0]) | {
                "Date": moment,
                role.sum: total,
                role.purpose: purpose_of(kind, amounts),
                role.parts: parts_of(self._base, role, amounts, linked=linked),
                **dict.fromkeys(role.dated, moment),
            }
            if role.incoming:
                values[role.incoming] = str(500 + len(self._base.all(role.set)))
            return self._written(role, values)

    def _shipped_from(self, paper: Paper) -> Paper:
        if paper.kind not in ("invoice", "order"):
            raise BadActError(f"Отгрузить можно по счёту или заказу, а {paper.number} — {paper.kind}")
        goods = self._base.papers.goods(paper)
        if goods.kind == "order":
            return goods
        return next((one for one in self._orders(goods) if one.counts), goods)

    def _orders(self, invoice: Paper) -> Iterator[Paper]:
        """The orders that an invoice stands on or that were made from it."""
        bases = (self._base.papers.of(basis.ref) for basis in invoice.bases)
        yield from (paper for paper in bases if paper.kind == "order")
        yield from self._base.papers.children(invoice.ref, "order")

    def _written(self, role: DocumentRole, values: Mapping[str, Any]) -> Paper:
        record = self._base.write(role.set, {**values, **role.fill})
        self._base.post(role.set, record["Ref_Key"])
        return self._base.papers.of(record["Ref_Key"])

    def _role(self, kind: Kind, *, cash: bool = False) -> DocumentRole:
        role = self._base.configuration.role(kind, cash=cash)
        if role is None:
            raise BadActError(f"В конфигурации «{self._base.configuration.title}» нет документа «{kind}»")
        return role

    def _counterparty(self, word: str) -> str:
        name = self._base.configuration.roles.counterparty
        if self._base.get(name, word):
            return word
        found = [one["Ref_Key"] for one in self._base.all(name) if one["Code"] == word]
        if not found:
            raise BadActError(f"Контрагента {word} нет")
        return str(found[0])
