"""Orders of a site in the base: taken as УТ takes them, and found again when something about them changed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from sandbox.onec.cml_goods import Product
from sandbox.onec.cml_read import SiteOrder
from sandbox.onec.cml_write import Buyer, Fact, Line, SentOrder
from sandbox.onec.desk import Desk
from sandbox.onec.drafts import CounterpartyDraft, Gone, InvoiceDraft, LineDraft, Refused, Told
from sandbox.onec.errors import NotFoundError, OnecError
from sandbox.onec.papers import Paper
from sandbox.onec.values import Record

MARK = "[Номер документа на сайте: {}]"
EVERYTHING = 10**9

_MARK = re.compile(re.escape(MARK).replace(r"\{\}", "(.+?)"))
_STATUSES = {"N": "К обеспечению", "P": "К отгрузке", "F": "Закрыт"}


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an order of the site; `number` is 1C's where it has one, `text` says why not."""

    site_id: str
    number: str
    what: Literal["created", "updated", "unchanged", "cancelled", "kept", "refused"]
    text: str = ""


class SiteOrders:
    """The orders that one site and one base share. Whose they are, the base itself remembers."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._base = desk, desk.base
        self._contents: dict[str, str] = {}
        self._belongs: dict[str, frozenset[str]] = {}

    def take(self, order: SiteOrder) -> Taken:
        """Create or change the order and its invoice, the buyer too. One already paid or shipped is kept as it is."""
        try:
            with self._base.lock:
                return self._take(order)
        except (Refused, OnecError) as refusal:
            return Taken(order.id, order.number, "refused", str(refusal))

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

    def _take(self, order: SiteOrder) -> Taken:
        key, content = f"site:{order.id}", repr((order.buyer, order.lines, order.total, order.cancelled))
        record = self._base.bound(key)
        if record is None:
            made = self._create(order, key)
            what: Literal["created", "updated"] = "created"
        else:
            made, what = self._base.papers.of(record["Ref_Key"]), "updated"
            if self._contents.get(key, content) == content:
                return Taken(order.id, made.number, "unchanged")
            if self._facts(made, "payment") or self._facts(made, "shipment"):
                return Taken(order.id, made.number, "kept", "Заказ уже в работе, изменения с сайта не загружены")
        self._contents[key] = content
        if order.cancelled:
            for ref in (self._desk.teller.told(made).invoice_ref, made.ref):
                if ref:
                    self._desk.cancel(ref)
            return Taken(order.id, made.number, "cancelled")
        if what == "updated":
            self._desk.clerk.rewrite(made, self._draft(order))
        return Taken(order.id, made.number, what)

    def _create(self, order: SiteOrder, key: str) -> Paper:
        draft = self._draft(order)
        roles = self._base.configuration.roles
        buyer = self._base.read(roles.counterparty, str(draft.counterparty))
        made = self._desk.clerk.invoice(draft, buyer)
        if self._base.configuration.role("order"):
            made = self._base.accountant.order(made.ref)
            self._base.patch(made.set, made.ref, {"Комментарий": draft.comment})
        self._base.bind(key, made.set, made.ref)
        return self._base.papers.of(made.ref)

    def _draft(self, order: SiteOrder) -> InvoiceDraft:
        buyer = order.buyer
        person = "entrepreneur" if len(buyer.inn) == 12 else "person"
        draft = CounterpartyDraft(
            external_id=f"site:{buyer.id}",
            name=buyer.name,
            inn=buyer.inn,
            kpp=buyer.kpp,
            full_name=buyer.full_name,
            kind="legal" if buyer.kind == "legal" and len(buyer.inn) != 12 else person,
            email=buyer.contacts.get("Почта", ""),
            phone=next((text for kind, text in buyer.contacts.items() if kind.startswith("Телефон")), ""),
            address=buyer.address,
        )
        own = self._base.all(self._base.configuration.roles.organization)[0]
        return InvoiceDraft(
            external_id=order.id,
            organization_inn=own["ИНН"],
            counterparty=self._desk.counterparty(draft).ref,
            date=order.date,
            currency=order.currency,
            price_includes_vat=order.vat_included,
            lines=tuple(
                LineDraft(
                    ref=line.id.partition("#")[0],
                    sku=line.article,
                    name=line.name,
                    unit=line.unit,
                    okei=line.okei,
                    quantity=line.quantity,
                    price=line.price,
                    sum=line.sum,
                    vat_rate=line.vat_rate,
                    vat_sum=line.vat_sum,
                    discount=line.discount,
                    service=line.service,
                )
                for line in order.lines
            ),
            total=order.total,
            comment=f"{MARK.format(order.number)} {order.comment}".strip(),
            create_products=True,
        )

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

    def _facts(self, order: Paper, kind: Literal["payment", "shipment"]) -> list[Paper]:
        """Posted payments or shipments of an order, the oldest first; none once all money was given back."""
        told = self._desk.teller.told(order)
        near = {order.ref, told.invoice_ref} - {""}
        found = {one.ref: one for ref in near for one in self._base.papers.children(ref, kind) if one.counts}
        if kind == "payment" and sum(self._base.papers.paid(ref) for ref in near) <= 0:
            return []
        return sorted(found.values(), key=lambda one: one.date)

    def _sent(self, order: Paper, ours: dict[str, str]) -> SentOrder:
        told = self._desk.teller.told(order)
        payments, shipments = self._facts(order, "payment"), self._facts(order, "shipment")
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
            status=_STATUSES[status],
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
