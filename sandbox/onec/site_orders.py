"""Orders of a site in the base: found again when something about them changed, and told of as 1C tells."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

from sandbox.onec.cml_goods import Product
from sandbox.onec.cml_write import Buyer, Fact, Line, SentOrder
from sandbox.onec.desk import Desk
from sandbox.onec.drafts import Gone, Told
from sandbox.onec.errors import NotFoundError
from sandbox.onec.papers import Paper
from sandbox.onec.values import Record

MARK = "[Номер документа на сайте: {}]"
EVERYTHING = 10**9

_MARK = re.compile(re.escape(MARK).replace(r"\{\}", "(.+?)"))
_WORDS = {"НеСогласован": "Не согласован", "КОбеспечению": "К обеспечению", "КОтгрузке": "К отгрузке"}
"""States of an order of УТ, as people read them; "F" stands for closed."""


class SiteOrders:
    """The orders that one site and one base share, as the base sees them. Whose they are, it remembers itself."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._base = desk, desk.base
        self._belongs: dict[str, frozenset[str]] = {}

    def changed(self, after: int, *, own: bool) -> list[SentOrder]:
        """Orders that changed after the place in the register, themselves or by a payment or shipment of theirs."""
        with self._base.lock:
            heads: dict[str, None] = {}
            for one in self._desk.changes(str(after), EVERYTHING).items:
                heads |= dict.fromkeys(self._heads(one))
            ours = self._ours()
            papers = [paper for ref in heads if (paper := self._alive(ref))]
            return [self._sent(one, ours) for one in papers if own or one.ref in ours]

    def products(self) -> list[Product]:
        """The goods of the base, those marked for deletion left out."""
        found = self._base.find(self._base.configuration.roles.product)
        kept = [one for one in found if not one.get("IsFolder")]
        return [Product(one["Ref_Key"], one["Артикул"], one["Description"], *self._unit(one)) for one in kept]

    def facts(self, order: Paper, kind: Literal["payment", "shipment"]) -> list[Paper]:
        """Posted payments or shipments of an order, the oldest first; none once all money was given back."""
        told = self._desk.teller.told(order)
        near = {order.ref, told.invoice_ref} - {""}
        found = {one.ref: one for ref in near for one in self._base.papers.children(ref, kind) if one.counts}
        if kind == "payment" and sum(self._base.papers.paid(ref) for ref in near) <= 0:
            return []
        return sorted(found.values(), key=lambda one: one.date)

    def _heads(self, one: Told | Gone) -> frozenset[str]:
        """The orders a document belongs to (invoices where the configuration has no orders), also when it is gone."""
        if isinstance(one, Gone):
            return self._belongs.get(one.ref, frozenset())
        kind = "order" if self._base.configuration.role("order") else "invoice"
        refs = {one.paper.ref} if one.paper.kind == kind else set()
        for invoice, order in [(one.invoice_ref, one.order_ref)] + [(p.invoice_ref, p.order_ref) for p in one.shares]:
            refs.add(order if kind == "order" else invoice)
        known = self._belongs.get(one.paper.ref, frozenset())
        self._belongs[one.paper.ref] = frozenset(refs - {""})
        return self._belongs[one.paper.ref] | known

    def _alive(self, ref: str) -> Paper | None:
        try:
            return self._base.papers.of(ref)
        except NotFoundError:
            return None

    def _ours(self) -> dict[str, str]:
        """The site's Ид by ref."""
        external = self._base.state.external.items()
        return {str(ref): key.removeprefix("site:") for key, (_, ref) in external if key.startswith("site:")}

    def _sent(self, order: Paper, ours: dict[str, str]) -> SentOrder:
        told = self._desk.teller.told(order)
        payments, shipments = self.facts(order, "payment"), self.facts(order, "shipment")
        shipped = sum((one.sum for one in shipments), Decimal(0)) >= order.sum
        status = "F" if shipped and shipments else "P" if payments else "N"
        number = _MARK.search(order.comment)
        warehouses = self._base.all(self._base.configuration.roles.warehouse)
        return SentOrder(
            site_id=ours.get(order.ref, order.ref),
            site_number=number[1] if number else ours.get(order.ref, order.number),
            number=order.number,
            date=order.date,
            version=order.version,
            deleted=order.deleted,
            posted=order.posted,
            buyer=self._buyer(order),
            warehouse=(warehouses[0]["Ref_Key"], warehouses[0]["Description"]),
            currency=told.currency,
            total=order.sum,
            vat=told.vat,
            vat_included=told.vat_included,
            comment=order.comment,
            status="Закрыт" if status == "F" else _WORDS.get(order.record.get("Статус", ""), "К обеспечению"),
            status_id=status,
            lines=tuple(self._lines(told)),
            payment=_fact(payments),
            shipment=_fact(shipments),
        )

    def _buyer(self, order: Paper) -> Buyer:
        record = self._base.read(self._base.configuration.roles.counterparty, order.counterparty.ref)
        names = ("Ref_Key", "DataVersion", "Description", "НаименованиеПолное", "ИНН", "КПП", "DeletionMark")
        return Buyer(*(record[name] for name in names))

    def _lines(self, told: Told) -> Iterable[Line]:
        for line in told.lines:
            okei, unit = self._unit(self._base.read(self._base.configuration.roles.product, line.product))
            yield Line(
                ref=line.product,
                name=line.name,
                okei=okei,
                unit=unit,
                quantity=line.quantity,
                price=line.price,
                sum=line.sum,
                vat_rate=line.vat_rate or "Без НДС",
                vat_sum=line.vat,
            )

    def _unit(self, product: Record) -> tuple[str, str]:
        """Code of ОКЕИ and short name; pieces where the product has none."""
        ref = product.get("ЕдиницаИзмерения_Key") or product.get("ЕдиницаИзмерения", "")
        unit = self._base.get(self._base.configuration.roles.unit, ref)
        return (unit["Code"], unit["Description"]) if unit else ("796", "шт")


def _fact(papers: list[Paper]) -> Fact | None:
    return Fact(papers[-1].number, papers[-1].date) if papers else None
