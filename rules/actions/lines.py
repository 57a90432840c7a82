"""Product lines as `products` and `invoice` write them: in the config, or out of a form's order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from provodka.crm import ProductLine
from provodka.event import Event
from provodka.payloads import Order
from provodka.settings import Strict
from rules.faults import RuleError
from rules.text import fold, number

KOPECK: Final = Decimal("0.01")
NO_ORDER: Final = "the event brought no order"


class Line(Strict):
    """A product by its name or article, or both; `quantity` and `price` may be texts («1 500,50»)."""

    name: str = ""
    quantity: str | int | float = 1
    price: str | int | float = 0
    sku: str = ""
    unit: str = ""


def planned_lines(rendered: Sequence[Mapping[str, Any]], action: str) -> list[dict[str, str]]:
    """The lines as the journal keeps them; those without name and article, or of nothing, are left out.

    Raises RuleError on a quantity or price that is no number.
    """
    lines: list[dict[str, str]] = []
    for at, line in enumerate(rendered):
        where = f"{action}: line {at + 1}"
        quantity = _number(line.get("quantity", 1), f"{where}: quantity")
        price = _number(line.get("price", 0), f"{where}: price").quantize(KOPECK, ROUND_HALF_UP)
        if quantity < 0 or price < 0:
            raise RuleError(f"{where}: less than nothing cannot be sold")
        texts = {name: str(line.get(name, "")).strip() for name in ("name", "sku", "unit")}
        if quantity and (texts["name"] or texts["sku"]):
            lines.append({**texts, "quantity": _plain(quantity), "price": str(price)})
    return lines


def read_lines(planned: Sequence[Mapping[str, str]]) -> tuple[ProductLine, ...]:
    """The planned lines as the CRM takes them."""
    return tuple(
        ProductLine(one["name"], Decimal(one["quantity"]), Decimal(one["price"]), one["sku"], one["unit"])
        for one in planned
    )


def order_of(event: Event) -> Order | None:
    """The order that came with a form."""
    return getattr(event.payload, "order", None)


def order_lines(order: Order) -> tuple[ProductLine, ...]:
    """The lines of an order; prices to the kopeck."""
    return tuple(
        ProductLine(line.name, line.quantity, line.price.quantize(KOPECK, ROUND_HALF_UP), line.sku)
        for line in order.lines
        if line.quantity > 0 and (line.name.strip() or line.sku.strip())
    )


def merged(there: Sequence[ProductLine], more: Sequence[ProductLine]) -> tuple[ProductLine, ...]:
    """What is there, and more: a known product gets the new quantity on top, and the new price if there is one."""
    found: dict[str, ProductLine] = {}
    for line in (*there, *more):
        mark = _mark(line)
        old = found.get(mark)
        found[mark] = (
            line
            if old is None
            else replace(
                old, quantity=old.quantity + line.quantity, price=line.price or old.price, unit=old.unit or line.unit
            )
        )
    return tuple(found.values())


def _mark(line: ProductLine) -> str:
    return f"sku:{fold(line.sku)}" if line.sku.strip() else f"name:{fold(line.name)}"


def _number(value: object, what: str) -> Decimal:
    amount = number(value)
    if amount is None:
        raise RuleError(f"{what}: «{value}» is not a number")
    return amount


def _plain(amount: Decimal) -> str:
    """Without an exponent and without zeros at the end."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
