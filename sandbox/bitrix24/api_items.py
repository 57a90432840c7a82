"""`crm.item.*`: the universal family over the same cards."""

from __future__ import annotations

from typing import Any

from sandbox.bitrix24 import filters, project
from sandbox.bitrix24.call import Call, Page
from sandbox.bitrix24.cards import Cards, can_see
from sandbox.bitrix24.errors import Json, RestError, item_not_found
from sandbox.bitrix24.filters import Column, Comparer, Test
from sandbox.bitrix24.lists import candidates, needed
from sandbox.bitrix24.params import rows, text, whole, yes
from sandbox.bitrix24.registry import Methods
from sandbox.bitrix24.schema import TYPES, EntityType, Field

methods = Methods("crm")
IMPORT_MOST = 20


class Items:
    """One call of the family: the kind, its fields and their names."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.kind = kind_of(call.exact("entityTypeId"))
        self.fields: dict[str, Field] = project.all_fields(call.store, self.kind)
        self.original = yes(call.params.get("useOriginalUfNames"))
        self.names = project.classic_names(self.kind, self.fields, original=self.original)

    def wanted(self) -> Json:
        """The written fields by classic names; unknown ones are dropped."""
        raw = self.call.exact("fields")
        if not isinstance(raw, dict):
            raise RestError("100", "Invalid value to match with parameter {fields}. Should be value of type array.")
        return self.translated(raw)

    def translated(self, raw: Json) -> Json:
        found = {self.names[key]: value for key, value in raw.items() if key in self.names}
        return found | {key: raw[key] for key in ("fm", "observers") if key in raw}

    def card(self) -> Json:
        row = self.call.store.get(self.kind.table, whole(self.call.exact("id")))
        if row is None:
            raise item_not_found()
        if not can_see(self.call, row):
            raise RestError("ACCESS_DENIED", "Доступ запрещён")
        return row

    def show(self, row: Json, select: set[str] | None = None) -> Json:
        return project.universal(row, self.kind, self.fields, self.call.zone, select, original=self.original)

    def columns(self) -> dict[str, Column]:
        found = project.columns(self.fields, camel=True)
        if self.original:
            found |= {name: found[field.camel] for name, field in self.fields.items() if field.uf is not None}
        return found


def kind_of(raw: object) -> EntityType:
    kind = TYPES.get(whole(raw))
    if kind is None and whole(raw) == 5:
        raise RestError("ENTITY_TYPE_NOT_SUPPORTED", "Entity type `Счёт (старая версия)` is not supported")
    if kind is None:
        raise RestError("NOT_FOUND", "Смарт-процесс не найден")
    return kind


@methods("crm.item.add")
def add(call: Call) -> Json:
    items = Items(call)
    row = Cards(call, items.kind, strict=True).create(items.wanted())
    return {"item": items.show(row)}


@methods("crm.item.get")
def get(call: Call) -> Json:
    items = Items(call)
    return {"item": items.show(items.card())}


@methods("crm.item.update")
def update(call: Call) -> Json:
    items = Items(call)
    row = items.card()
    Cards(call, items.kind, strict=True).update(row, items.wanted())
    return {"item": items.show(row)}


@methods("crm.item.delete")
def delete(call: Call) -> list[Any]:
    items = Items(call)
    Cards(call, items.kind, strict=True).delete(items.card())
    return []


@methods("crm.item.fields")
def fields(call: Call) -> Json:
    items = Items(call)
    shown = {
        (name if items.original and field.uf is not None else field.camel): project.universal_field(field)
        for name, field in items.fields.items()
        if field.type != "crm_multifield"
    }
    return {"fields": shown}


@methods("crm.item.import")
def import_one(call: Call) -> Json:
    """Like add, with the times and authors of the source."""
    items = Items(call)
    row = Cards(call, items.kind, strict=True).create(items.wanted(), imported=call.is_admin)
    return {"item": {"id": row["ID"]}}


@methods("crm.item.batchImport")
def import_many(call: Call) -> Json:
    """Up to 20 items, each with its own outcome."""
    items = Items(call)
    data = rows(call.exact("data"))
    if len(data) > IMPORT_MOST:
        raise RestError("MAX_IMPORT_BATCH_SIZE_EXCEEDED", f"Превышено количество элементов: {IMPORT_MOST}")
    cards = Cards(call, items.kind, strict=True)
    outcome: list[Json] = []
    for one in data:
        try:
            row = cards.create(items.translated(one if isinstance(one, dict) else {}), imported=call.is_admin)
        except RestError as error:
            outcome.append(error.body)
        else:
            outcome.append({"item": {"id": row["ID"]}})
    return {"items": outcome}


@methods("crm.item.list")
def listing(call: Call) -> Page:
    """Items in pages of 50; `start` is an offset here."""
    items = Items(call)
    columns = items.columns()
    comparer = Comparer(call.zone, keep_offset=call.settings.filter_offset)
    wanted = _map(call.params.get("filter"))
    test = _test(wanted, items, columns, comparer)
    order = _order(_map(call.params.get("order")), items, columns)
    select = {text(one) for one in rows(call.params.get("select"))}
    table = candidates(call.store, items.kind.table, {} if "logic" in wanted else wanted, "id")
    found = needed(call, (row for row in table if can_see(call, row) and test(row)), order)
    page = call.paged(filters.sort(found, order, comparer), wrap="items")
    chosen = None if not select or "*" in select else select
    return Page({"items": [items.show(row, chosen) for row in page.result["items"]]}, page.total, page.next)


def _map(raw: object) -> Json:
    if isinstance(raw, list):
        return {str(place): value for place, value in enumerate(raw)}
    return raw if isinstance(raw, dict) else {}


def _test(wanted: Json, items: Items, columns: dict[str, Column], comparer: Comparer) -> Test:
    """Conditions joined by AND, or by OR where `logic` says so; numbered keys hold nested groups."""
    tests: list[Test] = []
    for key, raw in wanted.items():
        if key == "logic":
            continue
        if isinstance(raw, dict) and (key.isdigit() or not key):
            tests.append(_test(raw, items, columns, comparer))
            continue
        operator, name = filters.split(key)
        tests.append(comparer.test(operator, _column(name, items, columns, "filter"), raw))
    if text(wanted.get("logic")).upper() == "OR":
        return lambda row: any(test(row) for test in tests)
    return lambda row: all(test(row) for test in tests)


def _order(wanted: Json, items: Items, columns: dict[str, Column]) -> list[tuple[Column, bool]]:
    found = [(_column(key, items, columns, "order"), text(way).upper() == "DESC") for key, way in wanted.items()]
    return found or [(columns["id"], False)]


def _column(name: str, items: Items, columns: dict[str, Column], where: str) -> Column:
    column = columns.get(name)
    if column is not None:
        return column
    if name in items.fields:
        raise RestError(100, f"Unknown field definition `{name}` for entity")
    raise RestError("INVALID_ARG_VALUE", f"Invalid {where}: field '{name}' is not allowed in {where}")
