"""Dictionaries (`crm.status.*`), funnels (`crm.category.*`, `crm.dealcategory.*`) and the stage history."""

from __future__ import annotations

from typing import Any

from sandbox.bitrix24 import filters, moments, stages
from sandbox.bitrix24.api_items import kind_of
from sandbox.bitrix24.call import Call, Page
from sandbox.bitrix24.errors import Json, RestError, denied, item_not_found, plain
from sandbox.bitrix24.filters import Comparer
from sandbox.bitrix24.lists import classic_list, classic_order, classic_tests, picked, simple_columns
from sandbox.bitrix24.params import rows, text, whole
from sandbox.bitrix24.registry import Methods
from sandbox.bitrix24.schema import DEAL, LEAD, TYPES
from sandbox.bitrix24.seed import MEANINGS, add_funnel, put_status

methods = Methods("crm")
COLUMNS = simple_columns(
    {
        "ID": "integer",
        "ENTITY_ID": "string",
        "STATUS_ID": "string",
        "NAME": "string",
        "SORT": "integer",
        "SYSTEM": "string",
        "CATEGORY_ID": "integer",
        "SEMANTICS": "string",
    }
)
HISTORY = simple_columns(
    {
        "ID": "integer",
        "TYPE_ID": "integer",
        "OWNER_ID": "integer",
        "CREATED_TIME": "datetime",
        "CATEGORY_ID": "integer",
        "STAGE_ID": "string",
        "STAGE_SEMANTIC_ID": "string",
    }
)
STAGE_MARKS = ("STATUS", "DEAL_STAGE", "QUOTE_STATUS", "SMART_INVOICE_STAGE")


def _shown(row: Json) -> Json:
    found: Json = {key: None if value is None else str(value) for key, value in row.items()}
    if row["ENTITY_ID"].startswith(STAGE_MARKS):
        found["EXTRA"] = {"SEMANTICS": MEANINGS[row["SEMANTICS"] or ""], "COLOR": row["COLOR"]}
    return found


def _status(call: Call) -> Json:
    row = call.store.get("statuses", call.id())
    if row is None:
        raise plain("Not found")
    return row


@methods("crm.status.list")
def status_list(call: Call) -> Page:
    """All rows of the dictionaries at once; this list has no pages."""
    tests = classic_tests(call.map("filter"), COLUMNS, Comparer(call.zone))
    found = [row for row in call.store.table("statuses").values() if all(test(row) for test in tests)]
    order = classic_order(call.map("order"), COLUMNS)
    return Page([_shown(row) for row in filters.sort(found, order, Comparer(call.zone))], len(found))


@methods("crm.status.get")
def status_get(call: Call) -> Json:
    return _shown(_status(call))


@methods("crm.status.add")
def status_add(call: Call) -> int:
    if not call.is_admin:
        raise denied()
    fields = call.fields()
    entity_id, status_id = text(fields.get("ENTITY_ID")), text(fields.get("STATUS_ID"))
    if not entity_id or not text(fields.get("NAME")):
        raise plain("The field 'ENTITY_ID' is required." if not entity_id else "The field 'NAME' is required.")
    category = entity_id.removeprefix("DEAL_STAGE_")
    if category.isdigit() and status_id and not status_id.startswith("C"):
        status_id = f"C{category}:{status_id}"
    number = len(call.store.table("statuses"))
    return put_status(
        call.store,
        entity_id,
        status_id or f"UC_{number:06X}",
        text(fields["NAME"]),
        whole(fields.get("SORT")) or 100,
        color=text(fields.get("COLOR")) or None,
        semantics=text(fields.get("SEMANTICS")) if text(fields.get("SEMANTICS")) in MEANINGS else "",
        category_id=whole(category) if category.isdigit() else None,
    )


@methods("crm.status.update")
def status_update(call: Call) -> bool:
    if not call.is_admin:
        raise denied()
    row, fields = _status(call), call.fields()
    for key in ("NAME", "COLOR"):
        if text(fields.get(key)):
            row[key] = text(fields[key])
    if "SORT" in fields:
        row["SORT"] = whole(fields["SORT"])
    call.store.put("statuses", row["ID"], row)
    return True


@methods("crm.status.delete")
def status_delete(call: Call) -> bool:
    """System rows go only when `params[FORCED]` is Y; a stage that holds cards stays."""
    if not call.is_admin:
        raise denied()
    row = _status(call)
    if row["SYSTEM"] == "Y" and text(call.map("params").get("FORCED")) != "Y":
        raise plain("CRM System Status can be deleted only if parameter FORCED is specified and equal to 'Y'.")
    for kind in TYPES.values():
        if kind.stage and any(card[kind.stage] == row["STATUS_ID"] for card in call.store.table(kind.table).values()):
            raise plain("Cannot delete the stage: it holds items.")
    call.store.drop("statuses", row["ID"])
    return True


@methods("crm.status.entity.types")
def entity_types(call: Call) -> list[Json]:
    found = dict.fromkeys(row["ENTITY_ID"] for row in call.store.table("statuses").values())
    return [{"ID": one, "NAME": one, "SEMANTIC_INFO": []} for one in found]


@methods("crm.status.entity.items")
def entity_items(call: Call) -> list[Json]:
    wanted = call.text("entityId")
    if not wanted:
        raise plain("The parameter entityId is not defined or invalid.")
    found = [row for row in call.store.table("statuses").values() if row["ENTITY_ID"] == wanted]
    found.sort(key=lambda row: row["SORT"])
    return [{"NAME": row["NAME"], "SORT": row["SORT"], "STATUS_ID": row["STATUS_ID"]} for row in found]


@methods("crm.category.list")
def category_list(call: Call) -> Page:
    kind = kind_of(call.exact("entityTypeId"))
    if kind.id == LEAD:
        raise RestError("ENTITY_TYPE_NOT_SUPPORTED", f"Entity type `{kind.title}` is not supported")
    found = stages.funnels(call.store, kind.id)
    return Page({"categories": found}, len(found))


@methods("crm.category.get")
def category_get(call: Call) -> Json:
    row = stages.funnel(call.store, kind_of(call.exact("entityTypeId")), whole(call.exact("id")))
    if row is None:
        raise item_not_found()
    return {"category": row}


@methods("crm.category.add")
def category_add(call: Call) -> Json:
    """A funnel of deals with the portal's usual stages."""
    kind, fields = kind_of(call.exact("entityTypeId")), call.exact("fields")
    if kind.id != DEAL or not isinstance(fields, dict):
        raise RestError("ENTITY_TYPE_NOT_SUPPORTED", f"Entity type `{kind.title}` is not supported")
    number = max((row["id"] for row in stages.funnels(call.store, kind.id)), default=-1) + 1
    add_funnel(call.store, kind.id, number, text(fields.get("name")) or f"Воронка {number}", ["Новая", "Подготовка"])
    return {"category": stages.funnel(call.store, kind, number)}


@methods("crm.dealcategory.list", "crm.deal.category.list")
def deal_categories(call: Call) -> Page:
    """The old list, which leaves the first funnel out."""
    columns = simple_columns({"ID": "integer", "NAME": "string", "SORT": "integer"})
    found = [_old_category(row) for row in stages.funnels(call.store, DEAL) if row["id"]]
    return classic_list(call, found, columns, lambda row, select: picked({**row, "ID": str(row["ID"])}, select))


@methods("crm.dealcategory.default.get")
def default_category(call: Call) -> Json:
    row = stages.funnel(call.store, TYPES[DEAL], 0)
    return {"ID": "0", "NAME": row["name"] if row else ""}


@methods("crm.dealcategory.stage.list", "crm.dealcategory.stages")
def category_stages(call: Call) -> list[Json]:
    found = stages.ladder(call.store, TYPES[DEAL], call.whole("id"))
    return [{"NAME": row["NAME"], "SORT": row["SORT"], "STATUS_ID": row["STATUS_ID"]} for row in found]


def _old_category(row: Json) -> Json:
    return {"ID": row["id"], "NAME": row["name"], "SORT": str(row["sort"]), "IS_LOCKED": "N", "CREATED_DATE": ""}


@methods("crm.stagehistory.list")
def history_list(call: Call) -> Page:
    """Lines with times in UTC; those of leads name the stage `STATUS_ID`."""
    kind = kind_of(call.exact("entityTypeId"))
    columns = dict(HISTORY)
    if kind.id == LEAD:
        columns |= {"STATUS_ID": HISTORY["STAGE_ID"], "STATUS_SEMANTIC_ID": HISTORY["STAGE_SEMANTIC_ID"]}
    comparer = Comparer(call.zone)
    tests = classic_tests(call.map("filter"), columns, comparer)
    found = [row for row in call.store.table("history").values() if row["ENTITY_TYPE_ID"] == kind.id]
    found = [row for row in found if all(test(row) for test in tests)]
    found = filters.sort(found, classic_order(call.map("order"), columns), comparer)
    page = call.paged(found)
    select = {text(one) for one in rows(call.any("select"))} or None
    return Page({"items": [picked(_line(row, kind.id), select) for row in page.result]}, page.total, page.next)


def _line(row: Json, entity_type_id: int) -> Json:
    shown: dict[str, Any] = {key: row[key] for key in ("ID", "TYPE_ID", "OWNER_ID")}
    shown["CREATED_TIME"] = moments.shown_utc(row["CREATED_TIME"])
    if entity_type_id == LEAD:
        return {**shown, "STATUS_SEMANTIC_ID": row["STAGE_SEMANTIC_ID"], "STATUS_ID": row["STAGE_ID"]}
    keys = ("CATEGORY_ID", "STAGE_SEMANTIC_ID", "STAGE_ID")
    return {**shown, **{key: row[key] for key in keys}}
