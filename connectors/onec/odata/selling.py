"""Invoices and orders of one base, in the order that its configuration wants them."""

from __future__ import annotations

from typing import Final

from connectors.onec.account import key_of
from connectors.onec.odata.base import Base
from connectors.onec.odata.counterparties import Counterparties
from connectors.onec.odata.drafting import Draft
from connectors.onec.odata.furnishing import Furnishing
from connectors.onec.odata.metadata import reference
from connectors.onec.odata.papers import Papers
from connectors.onec.odata.profile import PaperNames
from connectors.onec.odata.query import Row
from connectors.onec.odata.reading import Reading, money
from connectors.onec.road import Made, Versions
from provodka.accounting import DocumentKind, InvoiceRequest, NewCounterparty, PartyKind, Sale
from provodka.errors import Rejected

NO_ORDERS: Final = (
    "В конфигурации «{title}» нет заказов покупателей: уберите из правила шаг, который делает заказ, отгрузка делается "
    "по счёту."
)
NO_ORDER: Final = "У счёта этой сделки нет заказа в 1С: создайте заказ в 1С на основании счёта."
NO_INVOICE: Final = "Счёта этой сделки в 1С нет: его удалили, или базу восстановили из копии. Выставьте счёт заново."


class Selling:
    """Invoices and orders."""

    def __init__(
        self, base: Base, counterparties: Counterparties, furnishing: Furnishing, papers: Papers, reading: Reading
    ) -> None:
        self._base = base
        self._counterparties = counterparties
        self._furnishing = furnishing
        self._papers = papers
        self._reading = reading

    def invoice(self, asked: InvoiceRequest, ref: str) -> Made:
        """See `connectors.onec.road.Road.create_invoice`."""
        invoice = self._paper(DocumentKind.INVOICE)
        draft = self._draft(asked, ref, invoice)
        order = ""
        if self._base.names.order == "before":
            paper = self._paper(DocumentKind.ORDER)
            row = self._papers.ensure(paper, self._draft(asked, order_key(ref), paper))
            self._papers.post(paper, row)
            order = str(row["Ref_Key"])
            draft = self._draft(asked, ref, invoice, (order, paper.set))
        row = self._papers.ensure(invoice, draft)
        self._papers.post(invoice, row)
        return Made(str(row["Ref_Key"]), _number(row), order)

    def find_invoice(self, asked: InvoiceRequest, ref: str) -> Made | None:
        """See `connectors.onec.road.Road.find_invoice`."""
        invoice = self._paper(DocumentKind.INVOICE)
        row = self._papers.find(invoice, ref, asked.mark)
        if row is None:
            return None
        order = ""
        if self._base.names.order == "before" and invoice.rests_on:
            order = reference(row, invoice.rests_on)
        return Made(str(row["Ref_Key"]), _number(row), order)

    def order(self, sale: Sale, mark: str, ref: str) -> Made:
        """See `connectors.onec.road.Road.create_order`."""
        if self._base.names.order == "none":
            raise Rejected("no orders here", hint=NO_ORDERS.format(title=self._base.names.title))
        paper = self._paper(DocumentKind.ORDER)
        row = self._order(sale, paper) if self._base.names.order == "before" else self._out_of(sale, paper, mark, ref)
        if paper.work and self._idle(paper, row):
            change = self._base.schema.set_to(paper.set, paper.work.attribute, paper.work.value)
            self._base.client.change(paper.set, str(row["Ref_Key"]), change)
        self._papers.post(paper, row)
        return Made(str(row["Ref_Key"]), _number(row))

    def find_order(self, sale: Sale, mark: str, ref: str) -> Made | None:
        """See `connectors.onec.road.Road.find_order`: one that is not yet put into work is not there for it."""
        if self._base.names.order == "none":
            return None
        paper = self._paper(DocumentKind.ORDER)
        if self._base.names.order == "before":
            row = self._base.client.one(paper.set, sale.order) if sale.order else None
            row = None if row is not None and self._idle(paper, row) else row
        else:
            row = self._papers.find(paper, ref, mark) or self._standing(sale, paper)
        return Made(str(row["Ref_Key"]), _number(row)) if row is not None else None

    def cancel(self, sale: Sale, known: Versions) -> None:
        """The order first: it may stand in the way of the invoice, or rest on it."""
        for kind, ref in ((DocumentKind.ORDER, sale.order), (DocumentKind.INVOICE, sale.invoice)):
            if ref:
                self._papers.withdraw(self._paper(kind), ref, known(kind, [ref]).get(ref, ""))

    def _draft(self, asked: InvoiceRequest, ref: str, paper: PaperNames, basis: tuple[str, str] = ("", "")) -> Draft:
        party = self._counterparties.party(asked.counterparty, asked.buyer)
        if party.ours and asked.buyer.account:  # whoever made it may have been stopped before the account
            self._furnishing.account(party.ref, asked.buyer.account)
        contract = self._furnishing.contract(party.ref, asked.currency) if paper.contract else ""
        return Draft(
            ref=ref,
            mark=asked.mark,
            party=party,
            contract=contract,
            lines=asked.lines,
            amount=asked.amount,
            vat_included=asked.vat_included,
            currency=asked.currency,
            comment=asked.comment,
            basis=basis,
        )

    def _order(self, sale: Sale, paper: PaperNames) -> Row:
        """The order that came before the invoice."""
        row = self._base.client.one(paper.set, sale.order) if sale.order else None
        if row is None or row.get("DeletionMark") is True:
            raise Rejected("there is no order", hint=NO_ORDER)
        return row

    def _out_of(self, sale: Sale, paper: PaperNames, mark: str, ref: str) -> Row:
        """An order with the lines that the invoice has now: an accountant may have changed them."""
        if standing := self._standing(sale, paper):
            return standing
        invoice = self._paper(DocumentKind.INVOICE)
        row = self._base.client.one(invoice.set, sale.invoice) if sale.invoice else None
        if row is None or row.get("DeletionMark") is True:
            raise Rejected("there is no invoice", hint=NO_INVOICE)
        document = self._reading.documents(invoice, [row])[0]
        included = row.get((invoice.vat_included or "").removesuffix("?"))
        party = self._counterparties.party(document.counterparty, _buyer(sale))
        draft = Draft(
            ref=ref,
            mark=mark,
            party=party,
            contract=reference(row, invoice.contract) if invoice.contract else "",
            lines=document.lines,
            amount=money(row.get(invoice.amount)),
            vat_included=included is not False,
            currency=document.currency,
            basis=(document.ref, invoice.set),
        )
        return self._papers.ensure(paper, draft)

    def _standing(self, sale: Sale, paper: PaperNames) -> Row | None:
        """An order that rests on the invoice already, whoever has made it."""
        if not (paper.rests_on and sale.invoice):
            return None
        of = self._paper(DocumentKind.INVOICE).set
        rows = self._base.owned(paper.set, paper.rests_on, of, sale.invoice)
        return rows[0] if rows else None

    def _idle(self, paper: PaperNames, row: Row) -> bool:
        """Whether it is not put into work yet."""
        state = paper.valid.state
        return state is not None and str(row.get(state.removesuffix("?")) or "") in paper.valid.not_in

    def _paper(self, kind: DocumentKind) -> PaperNames:
        return self._base.names.paper(kind)


def order_key(ref: str) -> str:
    """The key of the order that has to come before an invoice with this key."""
    return key_of(f"{ref}:order")


def _buyer(sale: Sale) -> NewCounterparty:
    kind = {0: PartyKind.PERSON, 12: PartyKind.SOLE}.get(len(sale.inn), PartyKind.LEGAL)
    return NewCounterparty(sale.mark, kind, sale.buyer, inn=sale.inn)


def _number(row: Row) -> str:
    return str(row.get("Number") or "").strip()
