"""Lists of the account: where products and invoices lie, and the fields that hold their parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from connectors.amocrm.client import Json, Pairs, embedded
from connectors.amocrm.room import Room
from connectors.crm.names import CustomField, plain
from provodka.errors import Rejected

PRODUCTS, INVOICES = "products", "invoices"
OFF: Final = {
    PRODUCTS: "В amoCRM выключены товары: включите их в настройках аккаунта.",
    INVOICES: "В amoCRM выключены счета: включите их в настройках аккаунта.",
}


class Catalogs:
    """The lists of one account."""

    def __init__(self, room: Room) -> None:
        self._room = room

    def path(self, kind: str) -> str:
        """Where the elements of the list of this kind are; Rejected where the account has no such list."""
        return f"/catalogs/{self.id(kind)}/elements"

    def id(self, kind: str) -> int:
        found = self._room.directory.catalogs().get(kind)
        if found is None:
            raise Rejected(f"the account has no list of {kind}", hint=OFF[kind])
        return found

    def field(self, kind: str, code: str, name: str) -> CustomField | None:
        """A field of a list by its code, else by its name: codes of products are not the same everywhere."""
        fields = self._room.directory.fields(f"catalogs/{self.id(kind)}")
        by_code = next((one for one in fields if one.code == code), None)
        return by_code or next((one for one in fields if plain(one.name) == plain(name)), None)

    def of_leads(self, lead_ids: Sequence[str], kind: str) -> dict[str, list[Json]]:
        """What hangs on leads of this list: rows of `id` and `metadata`. Leads that are not there are absent."""
        wanted = self.id(kind)
        leads = self._room.by_ids("leads", lead_ids, "catalog_elements")
        return {
            one: [row for row in embedded(lead, "catalog_elements") if _catalog_of(row) == wanted]
            for one, lead in leads.items()
            if not lead.get("is_deleted")
        }

    def elements(self, kind: str, ids: Sequence[str], with_: str = "") -> dict[str, Json]:
        """Elements of a list by id; missing ones are absent."""
        items = self._room.by_ids(f"catalogs/{self.id(kind)}/elements", ids, with_)
        return {one: item for one, item in items.items() if not item.get("is_deleted")}

    def search(self, kind: str, text: str, params: Pairs = ()) -> list[Json]:
        """Elements in which amoCRM finds this text, wherever in them: look at the values themselves."""
        pages = self._room.client.pages(self.path(kind), "elements", [("query", text), *params])
        return [item for _, items in pages for item in items if not item.get("is_deleted")]


def value_of(item: Json, field: CustomField | None) -> Json:
    """The first value of a field of an element: `value`, and `enum_code` of a list field."""
    for row in item.get("custom_fields_values") or ():
        if field is not None and row.get("field_id") == field.id:
            values = row.get("values") or [{}]
            return values[0] if isinstance(values[0], dict) else {}
    return {}


def values_in(item: Json, field: CustomField | None) -> list[Json]:
    """All values of a field of an element that are objects themselves (lines of an invoice)."""
    rows = [row for row in item.get("custom_fields_values") or () if field is not None and row["field_id"] == field.id]
    values = [value.get("value") for row in rows for value in row.get("values") or ()]
    return [value for value in values if isinstance(value, dict)]


def _catalog_of(row: Json) -> int:
    return int((row.get("metadata") or {}).get("catalog_id") or 0)
