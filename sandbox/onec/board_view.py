"""What the accountant's desk shows: documents with their state in words, and what can be done with each."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sandbox.onec.base import Base
from sandbox.onec.papers import Line, Paper
from sandbox.pages import gettext

Json = dict[str, Any]

TABS = {"invoice": "Счета", "order": "Заказы", "payment": "Оплаты", "shipment": "Отгрузки", "refund": "Возвраты"}
NAMES = {"invoice": "Счёт", "order": "Заказ", "payment": "Оплата", "shipment": "Отгрузка", "refund": "Возврат"}
PARTIES = "counterparty"
SHOWN = 200


class BoardView:
    """Reads one base; every method is called under its lock."""

    def __init__(self, base: Base) -> None:
        self._base = base

    def tabs(self, wanted: str) -> list[Json]:
        """The kinds that the configuration has, with how many there are of each."""
        kinds = dict.fromkeys(role.kind for role in self._base.configuration.documents.values())
        listed = [(kind, TABS[kind]) for kind in TABS if kind in kinds] + [(PARTIES, "Контрагенты")]
        return [
            {"key": key, "name": gettext(name), "count": self._count(key), "current": key == wanted}
            for key, name in listed
        ]

    def rows(self, kind: str) -> Json:
        """The newest documents of a kind, and how many older ones are left out."""
        papers = self._base.papers.newest(kind, SHOWN)
        return {"rows": [self._row(paper) for paper in papers], "older": self._count(kind) - len(papers)}

    def parties(self) -> list[Json]:
        records = self._base.all(self._base.configuration.roles.counterparty)
        return [
            {
                "name": one["Description"],
                "inn": one["ИНН"],
                "kpp": one["КПП"],
                "code": one["Code"],
                "deleted": one["DeletionMark"],
                "comment": one["Комментарий"],
            }
            for one in reversed(records)
            if not one.get("IsFolder")
        ]

    def document(self, paper: Paper) -> Json:
        """All about one document: its rows with what is left to ship, what stands around it, what can be done."""
        known = self._base.configuration.documents
        goods = self._base.papers.goods(paper) if paper.bases or not known[paper.set].lines_of_base else paper
        payable, shippable = (
            paper.kind in ("invoice", "order"),
            paper.kind in ("invoice", "order") and bool(goods.lines),
        )
        paid = self._base.papers.paid(paper.ref)
        return {
            **self._row(paper),
            "comment": paper.comment,
            "vat": money(goods.vat),
            "lines": [self._line(line, self._shipped(goods)) for line in goods.lines],
            "paid": money(paid) if payable else "",
            "left": money(max(paper.sum - paid, Decimal(0))),
            "around": [self._row(one) for one in self._around(paper)],
            "payable": payable and not paper.deleted,
            "shippable": shippable and not paper.deleted,
            "orderable": paper.kind == "invoice" and self._base.configuration.role("order") is not None,
            "refundable": paper.kind in ("invoice", "payment") and (paid > 0 or paper.kind == "payment"),
        }

    def _count(self, key: str) -> int:
        if key == PARTIES:
            return len(self.parties())
        sets = [role.set for role in self._base.configuration.documents.values() if role.kind == key]
        return sum(len(self._base.all(name)) for name in sets)

    def _row(self, paper: Paper) -> Json:
        return {
            "ref": paper.ref,
            "kind": paper.kind,
            "name": gettext(NAMES[paper.kind]),
            "number": paper.printed,
            "full": paper.number,
            "date": f"{paper.date:%d.%m.%Y}",
            "sum": money(paper.sum),
            "party": paper.counterparty.name or gettext("не указан"),
            "inn": paper.counterparty.inn,
            "posted": paper.posted,
            "deleted": paper.deleted,
            "marks": self._marks(paper),
            "cash": paper.cash,
        }

    def _marks(self, paper: Paper) -> list[Json]:
        """The state in a few words, each with a tone: good, half, plain or bad."""
        she = paper.kind in ("payment", "shipment")
        if paper.deleted:
            return [mark("Помечена на удаление" if she else "Помечен на удаление", "bad")]
        yes, no = ("Проведена", "Не проведена") if she else ("Проведён", "Не проведён")
        marks = [mark(yes, "plain") if paper.posted else mark(no, "bad")]
        if paper.kind == "invoice":
            paid = self._base.papers.paid(paper.ref)
            part = {"text": gettext("Оплачено %s") % money(paid), "tone": "half"}
            marks.append(
                mark("Оплачен", "good") if paid >= paper.sum > 0 else part if paid else mark("Не оплачен", "plain")
            )
        if paper.kind in ("invoice", "order"):
            marks += self._shipping(paper)
        if paper.kind in ("payment", "refund"):
            marks.append(mark("Касса" if paper.cash else "Банк", "plain"))
            marks += [] if paper.bases else [mark("Без счёта", "half")]
        return marks

    def _shipping(self, paper: Paper) -> list[Json]:
        known = self._base.configuration.documents[paper.set]
        goods = self._base.papers.goods(paper) if paper.bases or not known.lines_of_base else paper
        shipped = self._shipped(goods)
        if not shipped:
            return []
        whole = all(shipped.get(line.product, Decimal(0)) >= line.quantity for line in goods.lines)
        return [mark("Отгружен", "good") if whole else mark("Отгружен частично", "half")]

    def _shipped(self, goods: Paper) -> dict[str, Decimal]:
        """Shipped quantities by product, by the document itself and by the orders made from it."""
        sources = [goods.ref, *(one.ref for one in self._base.papers.children(goods.ref, "order"))]
        done: dict[str, Decimal] = {}
        for source in sources:
            for paper in self._base.papers.children(source, "shipment"):
                for line in paper.lines if paper.counts else ():
                    done[line.product] = done.get(line.product, Decimal(0)) + line.quantity
        return done

    def _around(self, paper: Paper) -> list[Paper]:
        """What it was made from and what was made from it, one step further on each side of an order."""
        papers = self._base.papers
        known = {basis.ref for basis in paper.bases}
        for ref in (paper.ref, *known):
            known |= {one.ref for one in papers.children(ref, "order", "invoice", "payment", "refund", "shipment")}
        return sorted((papers.of(ref) for ref in known - {paper.ref}), key=lambda one: one.date)

    def _line(self, line: Line, shipped: dict[str, Decimal]) -> Json:
        left = max(line.quantity - shipped.get(line.product, Decimal(0)), Decimal(0))
        rate = f"{line.vat_rate} %" if line.vat_rate else gettext("без НДС")
        return {
            "number": line.number,
            "name": line.name,
            "article": line.article,
            "quantity": plain(line.quantity),
            "left": plain(left),
            "price": money(line.price),
            "vat": rate,
            "sum": money(line.total),
        }


def mark(text: str, tone: str) -> Json:
    return {"text": gettext(text), "tone": tone}


def money(value: Decimal) -> str:
    """As people write it: 13 028,00."""
    return f"{value:,.2f}".replace(",", "\u00a0").replace(".", ",")


def plain(value: Decimal) -> str:
    """A quantity without needless zeros."""
    return f"{value.normalize():f}"
