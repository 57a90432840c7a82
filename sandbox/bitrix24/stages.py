"""Funnels and their stages."""

from __future__ import annotations

from sandbox.bitrix24.errors import Json
from sandbox.bitrix24.schema import DEAL, INVOICE, EntityType
from sandbox.bitrix24.seed import INVOICE_FUNNEL, stage_entity
from sandbox.bitrix24.store import Store

OPEN, SUCCESS, FAILURE = "P", "S", "F"
FIRST_SORT = 10
CREATED, MOVED, FINISHED, REFUNNELLED = 1, 2, 3, 5
DEFAULT_FUNNEL = {DEAL: 0, INVOICE: INVOICE_FUNNEL}


def ladder(store: Store, kind: EntityType, category_id: int = 0) -> list[Json]:
    """The stages of a funnel in their order; of leads, which have one ladder."""
    entity = stage_entity(kind.id, category_id)
    found = [row for row in store.table("statuses").values() if row["ENTITY_ID"] == entity]
    return sorted(found, key=lambda row: (row["SORT"], row["ID"]))


def funnel(store: Store, kind: EntityType, number: int) -> Json | None:
    return store.get("categories", f"{kind.id}:{number}")


def funnels(store: Store, entity_type_id: int) -> list[Json]:
    rows = [row for row in store.table("categories").values() if row["entityTypeId"] == entity_type_id]
    return sorted(rows, key=lambda row: (row["sort"], row["id"]))


def stage(store: Store, kind: EntityType, category_id: int, status_id: object) -> Json | None:
    """A stage of that funnel; None where the funnel has no such stage."""
    return next((row for row in ladder(store, kind, category_id) if row["STATUS_ID"] == status_id), None)


def group(row: Json) -> str:
    """P in work, S success, F failure."""
    return row["SEMANTICS"] or OPEN


def set_stage(row: Json, kind: EntityType, found: Json, now: int) -> None:
    """Put a card on a stage, with all that follows from it."""
    row[kind.stage] = found["STATUS_ID"]
    meaning = group(found)
    row["STATUS_SEMANTIC_ID" if kind.stage == "STATUS_ID" else "STAGE_SEMANTIC_ID"] = meaning
    if kind.id == DEAL:
        row["CLOSED"] = "N" if meaning == OPEN else "Y"
        row["IS_NEW"] = "Y" if found["SORT"] == FIRST_SORT else "N"
    elif kind.stage == "STATUS_ID":
        row["DATE_CLOSED"] = None if meaning == OPEN else now


def is_open(row: Json) -> bool:
    """Whether a lead, deal or invoice is still in work."""
    return row.get("STATUS_SEMANTIC_ID", row.get("STAGE_SEMANTIC_ID")) == OPEN


def note(store: Store, kind: EntityType, row: Json, type_id: int, now: int) -> None:
    """A line of the stage history."""
    if not kind.stage:
        return
    number = store.new_id("history")
    line = {
        "ID": number,
        "TYPE_ID": type_id,
        "ENTITY_TYPE_ID": kind.id,
        "OWNER_ID": row["ID"],
        "CREATED_TIME": now,
        "CATEGORY_ID": row.get("CATEGORY_ID"),
        "STAGE_SEMANTIC_ID": row.get("STATUS_SEMANTIC_ID", row.get("STAGE_SEMANTIC_ID")),
        "STAGE_ID": row[kind.stage],
    }
    store.put("history", number, line)
