"""`products`: what the lead is about, line by line, and its price."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from provodka.crm import Crm, LeadLines, Write
from provodka.operation import Done
from provodka.settings import Strict
from rules.actions.base import Delivery, Place, Planning
from rules.actions.books import no_accounting
from rules.actions.desk import Desk
from rules.actions.lead import LeadAction
from rules.actions.lines import Line, merged, planned_lines
from rules.actions.sources import NO_INVOICE, no_order, source_lines
from rules.actions.targets import Target
from rules.beside import Beside


class ProductsParams(Strict):
    """`lines`, or those of the form's order (`from: order`), or of the invoice in accounting (`from: invoice`).

    `add` keeps what is there and counts up.

    With `set_price` the lead's price becomes the sum.
    """

    lines: tuple[Line, ...] = ()
    source: Literal["order", "invoice"] | None = Field(default=None, alias="from")
    set_price: bool = True
    add: bool = False

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if bool(self.lines) == bool(self.source):
            raise ValueError("write either lines: [...] or from: order, or from: invoice")
        return self


class Products(LeadAction[ProductsParams, LeadLines]):
    """Sets the product lines of the lead. Values of its result: lead_id, sum."""

    name = "products"
    params = ProductsParams
    templates = frozenset({"lines"})
    request = LeadLines

    def plan(self, planning: Planning[ProductsParams]) -> dict[str, Any]:
        return {**planning.rendered, "lines": planned_lines(planning.rendered["lines"], self.name)}

    def parts(self, params: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """Lines that all came out empty change nothing: nobody has said that the lead has no products."""
        return {"": params} if params["lines"] or params["from"] else {}

    def beside(self, params: ProductsParams, beside: Beside) -> Iterator[tuple[Place, str, str]]:
        if params.source == "invoice":
            yield from no_accounting(beside)

    def reading(self, params: ProductsParams) -> frozenset[str]:
        return frozenset({"order"}) if params.source == "order" else frozenset()

    def idle(self, item: Delivery) -> Done | None:
        return no_order(item)

    def build(self, item: Delivery, target: Target, desk: Desk) -> LeadLines | Done:
        lines = source_lines(item, target, desk)
        if lines is None:
            return Done(values={"reason": NO_INVOICE})
        if item.params["add"]:
            lines = merged(desk.crm.lead_lines([target.lead_id]).get(target.lead_id, ()), lines)
        return LeadLines(target.lead_id, lines, item.params["set_price"])

    def write(self, crm: Crm) -> Write[LeadLines]:
        return crm.set_lead_lines
