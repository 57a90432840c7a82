"""`invoice`: an invoice for the lead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal, Self

from pydantic import Field, model_validator

from provodka.crm import Crm, NewInvoice, ProductLine, Write
from provodka.errors import Rejected
from provodka.operation import Done
from provodka.settings import Strict
from rules.actions.base import Decision, Delivery, Outside, Planning
from rules.actions.desk import Desk
from rules.actions.lead import LeadAction
from rules.actions.lines import NO_ORDER, Line, order_lines, order_of, planned_lines, read_lines
from rules.actions.targets import Target

NO_PRODUCTS: Final = "У сделки нет товаров: поставьте перед счётом products или перечислите строки в lines"


class InvoiceParams(Strict):
    """`title` holds the invoice's own number: by it an invoice is recognised. Without `lines` it is for the products of
    the lead (`from: lead`), or for the form's order (`from: order`)."""

    title: str = Field(min_length=1)
    lines: tuple[Line, ...] = ()
    source: Literal["lead", "order"] | None = Field(default=None, alias="from")
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

    def reading(self, params: InvoiceParams) -> frozenset[str]:
        return frozenset({"order"}) if params.source == "order" else frozenset()

    def doubles(self, earlier: InvoiceParams, later: InvoiceParams) -> bool:
        return earlier.title == later.title

    def decide(self, items: Sequence[Delivery], outside: Outside) -> list[Decision]:
        idle = {item.key for item in items if item.params["from"] == "order" and order_of(item.event) is None}
        rest = [item for item in items if item.key not in idle]
        decisions = dict(zip((item.key for item in rest), super().decide(rest, outside) if rest else [], strict=True))
        nothing = Done(values={"reason": NO_ORDER}, found=True)
        return [decisions.get(item.key, nothing) for item in items]

    def build(self, item: Delivery, target: Target, desk: Desk) -> NewInvoice:
        lines = _lines(item, target, desk)
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


def _lines(item: Delivery, target: Target, desk: Desk) -> tuple[ProductLine, ...]:
    match item.params["from"]:
        case "lead":
            return tuple(desk.crm.lead_lines([target.lead_id]).get(target.lead_id, ()))
        case "order":
            order = order_of(item.event)
            return order_lines(order) if order else ()
        case _:
            return read_lines(item.params["lines"])
