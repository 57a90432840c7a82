"""Products of leads: elements of the list of products, hung on the lead with a quantity."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from connectors.amocrm.catalogs import PRODUCTS, Catalogs, value_of
from connectors.amocrm.client import Json, embedded
from connectors.amocrm.lead_changes import GONE, LeadChanges
from connectors.amocrm.patching import LONGEST_NAME, ROBOT
from connectors.amocrm.problems import refusal
from connectors.amocrm.room import Room
from connectors.crm.names import plain
from provodka.crm import LeadChange, LeadLines, ProductLine
from provodka.errors import Ambiguous, ConnectorError, Rejected
from provodka.operation import Done, Outcome, Request
from provodka.stores import Snapshot

PRODUCT: Final = "product"  # the mirror's kind: products that we made ourselves, by what they are recognised by
NO_LINE: Final = "В строке заказа нет ни артикула, ни названия, или её количество не больше нуля."
SKU, PRICE, UNIT = ("SKU", "Артикул"), ("PRICE", "Цена"), ("UNIT", "Единица измерения")


class Lines:
    """`lead_lines` and `set_lead_lines` of one account."""

    def __init__(self, room: Room, catalogs: Catalogs, changes: LeadChanges) -> None:
        self._room = room
        self._catalogs = catalogs
        self._changes = changes

    def read(self, lead_ids: Sequence[str]) -> dict[str, list[ProductLine]]:
        """The price is the product's: amoCRM keeps none for a line."""
        rows = self._catalogs.of_leads(lead_ids, PRODUCTS)
        ids = dict.fromkeys(str(row["id"]) for some in rows.values() for row in some)
        elements = self._catalogs.elements(PRODUCTS, list(ids))
        return {
            lead: [self._line(elements[str(row["id"])], row) for row in some if str(row["id"]) in elements]
            for lead, some in rows.items()
        }

    def write(self, requests: Sequence[Request[LeadLines]]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for request in requests:
            try:
                outcomes.append(self._set(request))
            except ConnectorError as error:  # it is this lead's own, and costs the others nothing
                outcomes.append(error)
        return outcomes

    def _set(self, request: Request[LeadLines]) -> Outcome:
        wanted = request.params
        if any(line.quantity <= 0 or not (line.sku.strip() or line.name.strip()) for line in wanted.lines):
            raise Rejected("a line without a product or a quantity", hint=NO_LINE)
        rows = self._catalogs.of_leads([wanted.lead_id], PRODUCTS).get(wanted.lead_id)
        if rows is None:
            raise Rejected(f"lead {wanted.lead_id} is not in the account", hint=GONE)
        self._room.settled([request], [None])  # a product made just now could not be found yet
        quantities: dict[int, Decimal] = {}
        for line in wanted.lines:
            product = self._product(line)
            quantities[product] = quantities.get(product, Decimal(0)) + line.quantity
        self._hang(wanted.lead_id, rows, quantities)
        total = sum((line.quantity * line.price for line in wanted.lines), Decimal(0))
        if not wanted.set_price or (wanted.lines and not total):
            return Done(wanted.lead_id)
        change = LeadChange(wanted.lead_id, price=total)
        return self._changes.update([Request(request.key, change)])[0]

    def _product(self, line: ProductLine) -> int:
        """Known by its article, else by its name; made where there is none."""
        sku = self._catalogs.field(PRODUCTS, *SKU)
        by_sku = bool(line.sku.strip()) and sku is not None
        mark = f"sku:{plain(line.sku)}" if by_sku else f"name:{plain(line.name)}"

        def fits(item: Json) -> bool:
            if by_sku:
                return plain(str(value_of(item, sku).get("value") or "")) == plain(line.sku)
            return plain(str(item.get("name") or "")) == plain(line.name)

        ours = self._room.mirrored(PRODUCT, [mark])
        remembered = self._catalogs.elements(PRODUCTS, [ours[mark].body]) if ours else {}
        found = [int(item["id"]) for item in remembered.values() if fits(item)]
        if not found:
            text = line.sku.strip() if by_sku else line.name.strip()
            found = [int(item["id"]) for item in self._catalogs.search(PRODUCTS, text) if fits(item)]
        if found:
            return min(found)
        made = self._make(line)
        self._room.put(PRODUCT, [Snapshot(mark, str(made), self._room.now())])
        return made

    def _make(self, line: ProductLine) -> int:
        values = [(SKU, line.sku.strip()), (PRICE, _number(line.price) if line.price else ""), (UNIT, line.unit)]
        fields = [(self._catalogs.field(PRODUCTS, *names), value) for names, value in values if value != ""]
        body: Json = {
            "name": (line.name.strip() or line.sku.strip())[:LONGEST_NAME],
            "created_by": ROBOT,
            "custom_fields_values": [
                {"field_id": field.id, "values": [{"value": value}]} for field, value in fields if field is not None
            ],
        }
        reply = self._room.client.write("POST", self._catalogs.path(PRODUCTS), [body], accept=(400,))
        if reply.status >= 400:
            raise refusal(reply)
        made = embedded(reply.data, "elements")
        if not made:
            raise Ambiguous("the answer does not name the product")
        return int(made[0]["id"])

    def _hang(self, lead_id: str, rows: Sequence[Json], quantities: dict[int, Decimal]) -> None:
        """Only what differs: take off what is not wanted, hang the others with their quantities."""
        there = {int(row["id"]): Decimal(str((row.get("metadata") or {}).get("quantity") or 0)) for row in rows}
        catalog = self._catalogs.id(PRODUCTS)
        wrong = [one for one in there if one not in quantities]
        new = {one: quantity for one, quantity in quantities.items() if there.get(one) != quantity}
        links = [_link(one, catalog, quantity) for one, quantity in new.items()]
        for what, items in (("unlink", [_link(one, catalog, there[one]) for one in wrong]), ("link", links)):
            if not items:
                continue
            reply = self._room.client.write("POST", f"/leads/{lead_id}/{what}", items, accept=(400, 404))
            if reply.status >= 400:
                raise refusal(reply, GONE)

    def _line(self, item: Json, row: Json) -> ProductLine:
        def text(names: tuple[str, str]) -> str:
            return str(value_of(item, self._catalogs.field(PRODUCTS, *names)).get("value") or "")

        quantity = Decimal(str((row.get("metadata") or {}).get("quantity") or 1))
        return ProductLine(str(item.get("name") or ""), quantity, Decimal(text(PRICE) or 0), text(SKU), text(UNIT))


def _link(element: int, catalog: int, quantity: Decimal) -> Json:
    metadata = {"quantity": _number(quantity), "catalog_id": catalog, "updated_by": ROBOT}
    return {"to_entity_id": element, "to_entity_type": "catalog_elements", "metadata": metadata}


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)
