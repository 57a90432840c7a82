"""`products`: what the lead is about, line by line, and its price."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from provodka.crm import Crm, LeadLines, Write
from provodka.operation import Done
from provodka.settings import Strict
from rules.actions.base import Decision, Delivery, Outside, Planning
from rules.actions.desk import Desk
from rules.actions.lead import LeadAction
from rules.actions.lines import NO_ORDER, Line, merged, order_lines, order_of, planned_lines, read_lines
from rules.actions.targets import Target


class ProductsParams(Strict):
    """`lines`, or those of the form's order (`from: order`). `add` keeps what is there and counts up.

    With `set_price` the lead's price becomes the sum.
    """

    lines: tuple[Line, ...] = ()
    source: Literal["order"] | None = Field(default=None, alias="from")
    set_price: bool = True
    add: bool = False

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if bool(self.lines) == bool(self.source):
            raise ValueError("write either lines: [...] or from: order")
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

    def reading(self, params: ProductsParams) -> frozenset[str]:
        return frozenset({"order"}) if params.source == "order" else frozenset()

    def decide(self, items: Sequence[Delivery], outside: Outside) -> list[Decision]:
        idle = {item.key for item in items if item.params["from"] and not _ordered(item)}
        rest = [item for item in items if item.key not in idle]
        decisions = dict(zip((item.key for item in rest), super().decide(rest, outside) if rest else [], strict=True))
        nothing = Done(values={"reason": NO_ORDER}, found=True)
        return [decisions.get(item.key, nothing) for item in items]

    def build(self, item: Delivery, target: Target, desk: Desk) -> LeadLines:
        lines = _ordered(item) if item.params["from"] else read_lines(item.params["lines"])
        if item.params["add"]:
            lines = merged(desk.crm.lead_lines([target.lead_id]).get(target.lead_id, ()), lines)
        return LeadLines(target.lead_id, lines, item.params["set_price"])

    def write(self, crm: Crm) -> Write[LeadLines]:
        return crm.set_lead_lines


def _ordered(item: Delivery) -> tuple[Any, ...]:
    order = order_of(item.event)
    return order_lines(order) if order else ()
