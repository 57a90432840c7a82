"""`/api/v4/catalogs` and their elements: lists, products, invoices; the switch of products at both its addresses."""

from __future__ import annotations

import time
from collections.abc import Iterable

from sandbox.amocrm import fields, filters
from sandbox.amocrm.api_cards import search
from sandbox.amocrm.call import Call
from sandbox.amocrm.model import Element, Json
from sandbox.amocrm.problems import Checks, missing
from sandbox.amocrm.records import Record
from sandbox.amocrm.shelf import Member, Shelf

KINDS = frozenset({"regular", "products", "invoices", "suppliers"})
ABSENT = "Catalog not found"
SWITCH = "products_settings"
BILL_STATUS = "BILL_STATUS"
FILTERS: dict[str, filters.Maker] = {
    "id": filters.one_of("id"),
    "name": filters.one_of("name"),
    "updated_at": filters.spaced("updated_at"),
    "created_at": filters.spaced("created_at"),
    "custom_fields_values": filters.by_custom_fields,
    "custom_fields": filters.by_custom_fields,
}

CATALOGS = Shelf(
    "catalogs",
    "catalogs",
    "/catalogs",
    {
        "name": Member(str, required=True),
        "sort": Member(int, 10),
        "type": Member(str, "regular", choices=KINDS),
        "can_add_elements": Member(bool, default=True),
        "can_show_in_cards": Member(bool, default=True),
        "can_link_multiple": Member(bool, default=True),
        "can_be_deleted": Member(bool, default=True),
        "sdk_widget_code": Member(str),
    },
    ABSENT,
    stamped=True,
    total=False,
)


def list_catalogs(call: Call) -> Json | None:
    """`GET /catalogs`, with `type`."""
    call.rights.need_access("catalog_access")
    wanted = str(call.params.get("type") or "")
    rows = [row for row in call.store.catalogs.values() if wanted in ("", row.values["type"])]
    return call.listing("catalogs", rows, lambda row: CATALOGS.get(call, row.id))


def list_elements(call: Call, catalog_id: int) -> Json | None:
    """`GET /catalogs/{id}/elements`, with `query` and `filter[id]`."""
    _catalog(call, catalog_id)
    rows: Iterable[Element] = [one for one in call.store.elements.values() if one.catalog_id == catalog_id]
    query = str(call.params.get("query") or "")
    found = search(rows, query, call.switches.search_delay) if query else rows
    kept = filters.apply(found, call.filters(), FILTERS)
    return call.listing("elements", kept, lambda row: show_element(call, row))


def get_element(call: Call, catalog_id: int, element_id: int) -> Json | None:
    """`GET /catalogs/{id}/elements/{id}`; 204 for an id that does not exist."""
    _catalog(call, catalog_id)
    row = call.store.elements.get(element_id)
    return None if row is None or row.catalog_id != catalog_id else show_element(call, row)


def create_elements(call: Call, catalog_id: int) -> Json:
    """`POST /catalogs/{id}/elements`; a name is required, of an invoice its status too."""
    catalog, checks, wishes = _catalog(call, catalog_id), Checks(), []
    for request_id, item in call.items():
        checks.item(request_id)
        checks.name(item)
        wishes.append((request_id, item, _read(call, catalog, item, checks)))
        if catalog.values["type"] == "invoices":
            _check_invoice(call, catalog, wishes[-1][2], checks)
    checks.finish()
    rows = []
    for request_id, item, values in wishes:
        row = _new(call, catalog, item, values)
        call.changes.element_changed(row, "add")
        rows.append({**_short(call, row), "request_id": request_id, "catalog_id": catalog_id})
    return call.created("elements", [{**row, "account_id": call.store.seed.account_id} for row in rows])


def patch_elements(call: Call, catalog_id: int) -> Json:
    """`PATCH /catalogs/{id}/elements`: an array with `id` inside each item."""
    return call.created("elements", _patch(call, catalog_id, call.items()))


def patch_element(call: Call, catalog_id: int, element_id: int) -> Json:
    """`PATCH /catalogs/{id}/elements/{id}`."""
    row = call.store.elements.get(element_id)
    if row is None or row.catalog_id != catalog_id:
        raise missing("Element not found")
    return _patch(call, catalog_id, [("0", {**call.item(), "id": element_id})])[0]


def get_switch(call: Call) -> Json:
    """`GET /api/v2/products_settings`, `GET /catalogs/products/settings`."""
    return call.store.setting(SWITCH) or {"is_enabled": True, "catalog_id": _products_id(call)}


def set_switch(call: Call) -> Json:
    """`PATCH /api/v2/products_settings`."""
    call.rights.need_admin()
    enabled = call.item().get("is_enabled")
    checks = Checks()
    if not isinstance(enabled, bool):
        checks.wrong_type("is_enabled", "bool")
    checks.finish()
    call.store.set_setting(SWITCH, {"is_enabled": enabled, "catalog_id": _products_id(call) if enabled else None})
    return get_switch(call)


def show_element(call: Call, row: Element) -> Json:
    """The HAL body of an element."""
    catalog = call.store.catalogs[row.catalog_id]
    extra: Json = {}
    if "invoice_link" in call.with_():
        is_invoice = catalog.values["type"] == "invoices"
        extra["invoice_link"] = f"{call.base}/billing/invoice/print/{row.id}" if is_invoice else None
    return {
        "id": row.id,
        "catalog_id": row.catalog_id,
        "name": row.name,
        "created_by": row.created_by,
        "updated_by": row.updated_by,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "is_deleted": row.is_deleted,
        "custom_fields_values": fields.present(call.store, row),
        **extra,
        "account_id": call.store.seed.account_id,
        "_links": call.links(f"catalogs/{row.catalog_id}/elements/{row.id}"),
    }


def _catalog(call: Call, catalog_id: int) -> Record:
    call.rights.need_access("catalog_access")
    return CATALOGS.known(call, catalog_id, {})


def _products_id(call: Call) -> int | None:
    return next((row.id for row in call.store.catalogs.values() if row.values["type"] == "products"), None)


def _read(call: Call, catalog: Record, item: Json, checks: Checks) -> dict[int, list[Json]]:
    checks.integers(item, "created_at", "updated_at", "created_by", "updated_by")
    owner = f"catalogs/{catalog.id}"
    return fields.read_all(call.store, owner, item.get("custom_fields_values"), checks, "custom_fields_values")


def _check_invoice(call: Call, catalog: Record, values: dict[int, list[Json]], checks: Checks) -> None:
    status = call.store.field_by_code(f"catalogs/{catalog.id}", BILL_STATUS)
    if status is not None and not values.get(status.id):
        checks.fail("custom_fields_values", "FieldMissing", f"The field {BILL_STATUS} is missing.")


def _new(call: Call, catalog: Record, item: Json, values: dict[int, list[Json]]) -> Element:
    created_at = item.get("created_at") or call.now
    row = Element(
        id=call.store.new_id("elements"),
        name=item["name"],
        responsible_user_id=0,
        created_by=item.get("created_by", call.user_id),
        updated_by=item.get("updated_by", call.user_id),
        created_at=created_at,
        updated_at=created_at,
        fields={key: rows for key, rows in values.items() if rows},
        born=time.monotonic(),
        catalog_id=catalog.id,
    )
    call.store.add("elements", row)
    return row


def _patch(call: Call, catalog_id: int, items: list[tuple[str, Json]]) -> list[Json]:
    catalog, checks, wishes = _catalog(call, catalog_id), Checks(), []
    for request_id, item in items:
        checks.item(request_id)
        element_id = item.get("id")
        row = call.store.elements.get(element_id) if isinstance(element_id, int) else None
        if row is None or row.catalog_id != catalog_id:
            checks.fail("id", "FieldMissing" if element_id is None else "NotSupportedChoice")
            continue
        if "name" in item:
            checks.name(item)
        wishes.append((row, item, _read(call, catalog, item, checks)))
    checks.finish()
    for row, item, values in wishes:
        row.name = item.get("name") or row.name
        row.fields = {key: rows for key, rows in {**row.fields, **values}.items() if rows}
        row.updated_at, row.updated_by = call.now, call.user_id
        call.store.save(row)
        call.changes.element_changed(row, "update")
    return [{**_short(call, row), "updated_at": row.updated_at} for row, _, _ in wishes]


def _short(call: Call, row: Element) -> Json:
    links = call.links(f"catalogs/{row.catalog_id}/elements/{row.id}")
    return {"id": row.id, "name": row.name, "_links": links}
