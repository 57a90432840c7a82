"""Product rows as the portal keeps them. They are free lines: each has a price of its own and needs no catalogue."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from connectors.bitrix24.client import PAGE, rows_of
from connectors.bitrix24.directory import Kind
from connectors.bitrix24.query import Command, Json
from connectors.bitrix24.room import Room
from connectors.crm.names import plain
from connectors.crm.values import plain_number
from provodka.crm import ProductLine
from provodka.errors import Rejected

PIECE: Final = 796  # by the Russian classifier of units; these five are on every portal
UNITS: Final = {"шт": PIECE, "м": 6, "л": 112, "г": 163, "кг": 166}
LONGEST_NAME: Final = 255
NO_LINE: Final = "В строке заказа нет ни артикула, ни названия, или её количество не больше нуля."
_ARTICLE: Final = re.compile(r"(?P<name>.*), арт\. (?P<sku>\S.*)", re.DOTALL)


def read_rows(room: Room, kind: Kind, owners: Sequence[str]) -> dict[str, list[ProductLine]]:
    """The lines of these cards in their order; one batch for fifty cards."""
    filters = [{"=ownerType": kind.letter, "=ownerId": one} for one in owners]
    answers = room.client.ask([Command("crm.item.productrow.list", {"filter": one}) for one in filters])
    found: dict[str, list[ProductLine]] = {}
    for one, wanted, answer in zip(owners, filters, answers, strict=True):
        rows = rows_of(answer)
        if len(rows) == PAGE:
            pages = room.client.walk("crm.item.productrow.list", {"filter": wanted}, key="id")
            rows = [row for page in pages for row in page]
        rows.sort(key=lambda row: int(row.get("sort") or 0))
        found[one] = [_line(row) for row in rows]
    return found


def set_rows(kind: Kind, owner: str, lines: Sequence[ProductLine]) -> Command:
    """These rows and no others; lines of the same product at the same price are added up.

    Rejected for a line of nothing.
    """
    sums: dict[tuple[str, Decimal], ProductLine] = {}
    quantities: dict[tuple[str, Decimal], Decimal] = {}
    for line in lines:
        if line.quantity <= 0 or not (line.sku.strip() or line.name.strip()):
            raise Rejected("a line without a product or a quantity", hint=NO_LINE)
        key = (plain(line.sku) or plain(line.name), line.price)
        sums.setdefault(key, line)
        quantities[key] = quantities.get(key, Decimal(0)) + line.quantity
    rows = [_row(line, quantities[key], place) for place, (key, line) in enumerate(sums.items())]
    return Command("crm.item.productrow.set", {"ownerType": kind.letter, "ownerId": owner, "productRows": rows})


def total(lines: Sequence[ProductLine]) -> Decimal:
    return sum((line.quantity * line.price for line in lines), Decimal(0))


def _row(line: ProductLine, quantity: Decimal, place: int) -> Json:
    """The article has no place of its own in a free line, so it stands behind the name."""
    name, sku = line.name.strip() or line.sku.strip(), line.sku.strip()
    if sku and sku != name:
        name = f"{name[: LONGEST_NAME - len(sku) - 7]}, арт. {sku}"
    return {
        "productName": name[:LONGEST_NAME],
        "price": format(line.price, "f"),
        "quantity": format(quantity, "f"),
        "measureCode": UNITS.get(line.unit.strip(" .").casefold(), PIECE),
        "sort": 10 * (place + 1),
    }


def _line(row: Mapping[str, object]) -> ProductLine:
    name = str(row.get("productName") or "")
    marked = _ARTICLE.fullmatch(name)
    return ProductLine(
        name=marked["name"] if marked else name,
        quantity=Decimal(plain_number(str(row.get("quantity") or 0))),
        price=Decimal(plain_number(str(row.get("price") or 0))),
        sku=marked["sku"] if marked else "",
        unit=str(row.get("measureName") or ""),
    )
