"""`invoice`: an invoice for the lead."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal, Self

from pydantic import Field, model_validator

from provodka.crm import Crm, NewInvoice, Write
from provodka.errors import Rejected
from provodka.operation import Done
from provodka.settings import Strict
from rules.actions.base import Delivery, Place, Planning
from rules.actions.books import no_accounting
from rules.actions.desk import Desk
from rules.actions.lead import LeadAction
from rules.actions.lines import Line, planned_lines
from rules.actions.sources import NO_INVOICE, no_order, source_lines
from rules.actions.targets import Target
from rules.beside import Beside

NO_PRODUCTS: Final = "У сделки нет товаров: поставьте перед счётом products или перечислите строки в lines"


class InvoiceParams(Strict):
    """`title` holds the invoice's own number: by it an invoice is recognised. Without `lines` it is for the products of
    the lead (`from: lead`), for the form's order (`from: order`), or as in accounting (`from: invoice`)."""

    title: str = Field(min_length=1)
    lines: tuple[Line, ...] = ()
    source: Literal["lead", "order", "invoice"] | None = Field(default=None, alias="from")
    comment: str = ""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.lines and self.source:
            raise ValueError("write either lines: [...] or from:")
        return self


class InvoiceAction(LeadAction[InvoiceParams, NewInvoice]):
    """Creates an invoice; the contact and its company are its payers."""

    name = "invoice"
    params = InvoiceParams
    templates = frozenset({"title", "lines", "comment"})
    operations = frozenset({"create_invoices"})
    request = NewInvoice

    def plan(self, planning: Planning[InvoiceParams]) -> dict[str, Any]:
        given = planning.rendered
        lines = planned_lines(given["lines"], self.name)
        return {**given, "lines": lines, "from": given["from"] or ("" if planning.params.lines else "lead")}

    def beside(self, params: InvoiceParams, beside: Beside) -> Iterator[tuple[Place, str, str]]:
        if params.source == "invoice":
            yield from no_accounting(beside)

    def reading(self, params: InvoiceParams) -> frozenset[str]:
        return frozenset({"order"}) if params.source == "order" else frozenset()

    def doubles(self, earlier: InvoiceParams, later: InvoiceParams) -> bool:
        return earlier.title == later.title

    def idle(self, item: Delivery) -> Done | None:
        return no_order(item)

    def build(self, item: Delivery, target: Target, desk: Desk) -> NewInvoice | Done:
        lines = source_lines(item, target, desk)
        if lines is None:
            return Done(values={"reason": NO_INVOICE})
        if not lines:
            raise Rejected(f"lead {target.lead_id} has no products for an invoice", hint=NO_PRODUCTS)
        contact = desk.crm.contacts([target.contact_id]).get(target.contact_id) if target.contact_id else None
        return NewInvoice(
            title=item.params["title"],
            lead_id=target.lead_id,
            lines=lines,
            contact_id=contact.id if contact else "",
            company_id=contact.company_id if contact else "",
            comment=item.params["comment"],
        )

    def write(self, crm: Crm) -> Write[NewInvoice]:
        return crm.create_invoices
