"""Product rows of leads, deals and invoices in both families, and payments."""

from __future__ import annotations

from functools import partial
from typing import Any

from sandbox.bitrix24 import filters
from sandbox.bitrix24.activities import owner_card
from sandbox.bitrix24.api_classic import card
from sandbox.bitrix24.call import Call, Page
from sandbox.bitrix24.errors import Json, RestError, item_not_found, plain
from sandbox.bitrix24.filters import Comparer
from sandbox.bitrix24.lists import classic_order, classic_tests, simple_columns
from sandbox.bitrix24.params import number, rows, text, whole, yes
from sandbox.bitrix24.registry import Methods
from sandbox.bitrix24.schema import BY_CODE, DEAL, INVOICE, LEAD, TYPES, EntityType

methods = Methods("crm")
PIECE = 796
BY_PERCENT = 2
COLUMNS = simple_columns(
    {
        "id": "integer",
        "ownerId": "integer",
        "ownerType": "string",
        "productId": "integer",
        "productName": "string",
        "sort": "integer",
        "price": "double",
    }
)
OLD_NAMES = {
    "PRODUCT_ID": "productId",
    "PRODUCT_NAME": "productName",
    "PRICE": "price",
    "QUANTITY": "quantity",
    "DISCOUNT_TYPE_ID": "discountTypeId",
    "DISCOUNT_RATE": "discountRate",
    "DISCOUNT_SUM": "discountSum",
    "TAX_RATE": "taxRate",
    "TAX_INCLUDED": "taxIncluded",
    "MEASURE_CODE": "measureCode",
    "SORT": "sort",
}


def owner_of(call: Call, code: object, raw_id: object) -> tuple[EntityType, Json]:
    """The card that rows belong to, by its short code and number."""
    kind = BY_CODE.get(text(code).upper())
    if kind is None or kind.id not in (LEAD, DEAL, INVOICE):
        raise RestError("ENTITY_TYPE_NOT_SUPPORTED", f"Entity type `{text(code)}` is not supported")
    return kind, owner_card(call, kind.id, whole(raw_id))


def _row(call: Call, kind: EntityType, owner_id: int, raw: Json, place: int) -> Json:
    """One line; its price holds discount and tax."""
    price = number(raw.get("price"))
    quantity = number(raw.get("quantity")) if "quantity" in raw else 1.0
    rate = number(raw["taxRate"]) if text(raw.get("taxRate")) else None
    included = yes(raw.get("taxIncluded"))
    exclusive = round(price / (1 + (rate or 0) / 100), 2) if included and (rate or 0) > -100 else price
    discount = number(raw.get("discountSum"))
    return {
        "id": call.store.new_id("rows"),
        "ownerId": owner_id,
        "ownerType": kind.code,
        "productId": whole(raw.get("productId")),
        "productName": text(raw.get("productName")),
        "price": shortest(price),
        "priceAccount": shortest(price),
        "priceExclusive": shortest(exclusive),
        "priceNetto": shortest(exclusive + discount),
        "priceBrutto": shortest(price + discount),
        "quantity": shortest(quantity),
        "discountTypeId": whole(raw.get("discountTypeId")) or BY_PERCENT,
        "discountRate": shortest(number(raw.get("discountRate"))),
        "discountSum": shortest(discount),
        "taxRate": None if rate is None else shortest(rate),
        "taxIncluded": "Y" if included else "N",
        "customized": "Y",
        "measureCode": whole(raw.get("measureCode")) or PIECE,
        "measureName": "шт",
        "sort": whole(raw.get("sort")) or 10 * (place + 1),
        "xmlId": text(raw.get("xmlId")),
        "type": 4,
    }


def shortest(value: float) -> float | int:
    """A number without a needless fraction, as JSON shows it."""
    return int(value) if value == int(value) else round(value, 4)


def held(call: Call, kind: EntityType, owner_id: int) -> list[Json]:
    return sorted(call.store.of("rows", (kind.code, owner_id)), key=lambda row: row["sort"])


def replace(call: Call, kind: EntityType, owner: Json, raw: list[Any]) -> list[Json]:
    """All rows anew; the card's amount follows unless it was set by hand."""
    for row in held(call, kind, owner["ID"]):
        call.store.drop("rows", row["id"])
    for place, one in enumerate(raw):
        if isinstance(one, dict):
            row = _row(call, kind, owner["ID"], one, place)
            call.store.put("rows", row["id"], row)
    _sum(call, kind, owner)
    return held(call, kind, owner["ID"])


def _sum(call: Call, kind: EntityType, owner: Json) -> None:
    if owner.get("IS_MANUAL_OPPORTUNITY") != "Y":
        lines = held(call, kind, owner["ID"])
        owner["OPPORTUNITY"] = round(float(sum(row["price"] * row["quantity"] for row in lines)), 2)
        owner["TAX_VALUE"] = round(
            float(sum((row["price"] - row["priceExclusive"]) * row["quantity"] for row in lines)), 2
        )
        call.store.put(kind.table, owner["ID"], owner)


@methods("crm.item.productrow.set")
def set_rows(call: Call) -> Json:
    kind, owner = owner_of(call, call.exact("ownerType"), call.exact("ownerId"))
    raw = call.exact("productRows")
    if not isinstance(raw, list | dict):
        raise RestError("100", "Invalid value to match with parameter {productRows}. Should be value of type array.")
    return {"productRows": replace(call, kind, owner, rows(raw))}


@methods("crm.item.productrow.list")
def list_rows(call: Call) -> Page:
    """Rows of one owner, whom the filter must name."""
    raw = call.params.get("filter")
    wanted = {key.lstrip("="): value for key, value in raw.items()} if isinstance(raw, dict) else {}
    if "ownerType" not in wanted or "ownerId" not in wanted:
        raise RestError("100", "Required filter fields: ownerType, ownerId")
    kind, owner = owner_of(call, wanted["ownerType"], wanted["ownerId"])
    comparer = Comparer(call.zone)
    tests = classic_tests(
        {key: value for key, value in wanted.items() if not key.startswith("owner")}, COLUMNS, comparer
    )
    found = [row for row in held(call, kind, owner["ID"]) if all(test(row) for test in tests)]
    order = call.params.get("order")
    found = filters.sort(found, classic_order(order if isinstance(order, dict) else {}, COLUMNS), comparer)
    return call.paged(found, wrap="productRows")


@methods("crm.item.productrow.add")
def add_row(call: Call) -> Json:
    fields = call.exact("fields")
    fields = fields if isinstance(fields, dict) else {}
    kind, owner = owner_of(call, fields.get("ownerType"), fields.get("ownerId"))
    row = _row(call, kind, owner["ID"], fields, len(held(call, kind, owner["ID"])))
    call.store.put("rows", row["id"], row)
    _sum(call, kind, owner)
    return {"productRow": row}


def _line(call: Call) -> tuple[EntityType, Json, Json]:
    row = call.store.get("rows", whole(call.exact("id")))
    if row is None:
        raise item_not_found()
    kind, owner = owner_of(call, row["ownerType"], row["ownerId"])
    return kind, owner, row


@methods("crm.item.productrow.get")
def get_row(call: Call) -> Json:
    return {"productRow": _line(call)[2]}


@methods("crm.item.productrow.update")
def update_row(call: Call) -> Json:
    kind, owner, row = _line(call)
    fields = call.exact("fields")
    fresh = _row(call, kind, owner["ID"], {**row, **(fields if isinstance(fields, dict) else {})}, 0)
    fresh["id"] = row["id"]
    call.store.put("rows", row["id"], fresh)
    _sum(call, kind, owner)
    return {"productRow": fresh}


@methods("crm.item.productrow.delete")
def delete_row(call: Call) -> None:
    kind, owner, row = _line(call)
    call.store.drop("rows", row["id"])
    _sum(call, kind, owner)


def old_set(call: Call, kind: EntityType) -> bool:
    owner = card(call, kind, call.id())
    if not isinstance(call.any("rows"), list | dict):
        raise plain("The parameter 'rows' must be array.")
    wanted = []
    for one in rows(call.any("rows")):
        if isinstance(one, dict):
            wanted.append({OLD_NAMES[key]: value for key, value in one.items() if key in OLD_NAMES})
    replace(call, kind, owner, wanted)
    return True


def old_get(call: Call, kind: EntityType) -> list[Json]:
    owner = card(call, kind, call.id())
    found = []
    for row in held(call, kind, owner["ID"]):
        old = {name: row[key] for name, key in OLD_NAMES.items()}
        found.append({"ID": str(row["id"]), "OWNER_ID": str(owner["ID"]), "OWNER_TYPE": kind.code, **old})
    return found


for entity_type_id in (LEAD, DEAL):
    kind = TYPES[entity_type_id]
    methods.add(f"crm.{kind.word}.productrows.set", partial(old_set, kind=kind))
    methods.add(f"crm.{kind.word}.productrows.get", partial(old_get, kind=kind))
