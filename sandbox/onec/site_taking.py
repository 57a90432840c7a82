"""How 1C takes an order of a site: a buyer, an invoice and an order come of it, and change with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sandbox.onec.cml_read import SiteOrder
from sandbox.onec.desk import Desk
from sandbox.onec.drafts import BankAccount, CounterpartyDraft, InvoiceDraft, LineDraft, Refused
from sandbox.onec.errors import OnecError
from sandbox.onec.papers import Paper
from sandbox.onec.site_orders import MARK, SiteOrders

WAITS = {"Статус": "КОбеспечению"}
"""An order of УТ that nobody has paid for on the site."""

What = Literal["created", "updated", "unchanged", "cancelled", "kept", "refused"]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an order of the site; `number` is 1C's where it has one, `text` says why not."""

    site_id: str
    number: str
    what: What
    text: str = ""


class SiteTaking:
    """Takes orders into one base. What it took of each is remembered, so that the same order again changes nothing."""

    def __init__(self, desk: Desk, orders: SiteOrders) -> None:
        self._desk, self._base, self._orders = desk, desk.base, orders
        self._contents: dict[str, str] = {}
        self._paid: set[str] = set()

    def take(self, order: SiteOrder) -> Taken:
        """Create or change the order and its invoice, the buyer too; put it to work once the site says that it is paid.

        What has money or a shipment in 1C keeps its lines.
        """
        try:
            with self._base.lock:
                return self._take(order)
        except (Refused, OnecError) as refusal:
            return Taken(order.id, order.number, "refused", str(refusal))

    def _take(self, order: SiteOrder) -> Taken:
        key, content = f"site:{order.id}", repr((order.buyer, order.lines, order.total, order.cancelled))
        record = self._base.bound(key)
        what: What = "created"
        if record is None:
            self._paid.discard(key)
            made = self._create(order, key)
        else:
            made = self._base.papers.of(record["Ref_Key"])
            what = self._change(order, made) if self._contents.get(key, content) != content else "unchanged"
        if order.cancelled and what not in {"unchanged", "kept"}:
            what = self._cancel(made)
        elif order.paid and key not in self._paid:
            self._put_to_work(made)
            self._paid.add(key)
            what = "updated" if what == "unchanged" else what
        if what != "kept":
            self._contents[key] = content
        text = "Заказ уже в работе, изменения с сайта не загружены" if what == "kept" else ""
        return Taken(order.id, made.number, what, text)

    def _create(self, order: SiteOrder, key: str) -> Paper:
        draft = self._draft(order)
        buyer = self._base.read(self._base.configuration.roles.counterparty, str(draft.counterparty))
        made = self._desk.clerk.invoice(draft, buyer)
        if self._base.configuration.documents[made.set].lines_of_base:
            made = self._base.papers.goods(made)
            self._base.patch(made.set, made.ref, WAITS)
        elif self._base.configuration.role("order"):
            made = self._base.accountant.order(made.ref)
            self._base.patch(made.set, made.ref, {"Комментарий": draft.comment})
        self._base.bind(key, made.set, made.ref)
        return self._base.papers.of(made.ref)

    def _change(self, order: SiteOrder, made: Paper) -> What:
        if self._orders.facts(made, "payment") or self._orders.facts(made, "shipment"):
            return "kept"
        if not order.cancelled:
            self._desk.clerk.rewrite(made, self._draft(order))
        return "updated"

    def _cancel(self, made: Paper) -> What:
        for ref in (self._desk.teller.told(made).invoice_ref, made.ref):
            if ref:
                self._desk.cancel(ref)
        return "cancelled"

    def _put_to_work(self, made: Paper) -> None:
        invoice = self._desk.teller.told(made).invoice_ref
        if made.kind == "order" and invoice:
            self._base.accountant.order(invoice)

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
            account=BankAccount(buyer.account, buyer.bic, buyer.bank) if buyer.account else None,
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
