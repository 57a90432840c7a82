"""Leads and deals with everything that hangs on them, names in place of ids: for tests, and for the board."""

from __future__ import annotations

from typing import Any

from sandbox.bitrix24 import multifields, project, stages
from sandbox.bitrix24.activities import CALL as PHONE_CALL
from sandbox.bitrix24.activities import EMAIL, TELEPHONY, TODO
from sandbox.bitrix24.errors import Json
from sandbox.bitrix24.schema import COMPANY, CONTACT, TYPES, EntityType
from sandbox.bitrix24.store import Store


def dump_card(store: Store, kind: EntityType, row: Json) -> Json:
    """A card with its people, tasks, reminders, comments and calls; times are unix seconds."""
    category = row.get("CATEGORY_ID") or 0
    found = stages.stage(store, kind, category, row[kind.stage])
    funnel = stages.funnel(store, kind, category) if kind.has_funnels else None
    done = activities_of(store, kind, row)
    company = store.get(TYPES[COMPANY].table, row.get("COMPANY_ID") or 0)
    return {
        "id": row["ID"],
        "title": row.get("TITLE"),
        "pipeline": funnel["name"] if funnel else None,
        "stage": found["NAME"] if found else row[kind.stage],
        "stage_id": row[kind.stage],
        "is_open": stages.is_open(row),
        "price": row.get("OPPORTUNITY"),
        "responsible": user_name(store, row["ASSIGNED_BY_ID"]),
        "responsible_email": user_email(store, row["ASSIGNED_BY_ID"]),
        "created_by": row["CREATED_BY_ID"],
        "created_at": row["DATE_CREATE"],
        "updated_at": row["DATE_MODIFY"],
        "source": row.get("SOURCE_ID"),
        "originator_id": row.get("ORIGINATOR_ID"),
        "origin_id": row.get("ORIGIN_ID"),
        "tags": list(row.get("UF_CRM_TAGS") or ()),
        "fields": field_texts(store, kind, row),
        "person": person(row) if "FM" in row else None,
        "contacts": [person(one) for one in contacts_of(store, row)],
        "company": person(company) if company else None,
        "tasks": [task(store, one) for one in tasks_of(store, kind, row)],
        "todos": [activity(store, one) for one in done if one["PROVIDER_ID"] == TODO],
        "calls": [activity(store, one) for one in done if is_call(one)],
        "emails": [activity(store, one) for one in done if one["TYPE_ID"] == EMAIL],
        "comments": [comment(store, one) for one in comments_of(store, kind, row)],
    }


def is_call(row: Json) -> bool:
    return bool(row["TYPE_ID"] == PHONE_CALL or row["PROVIDER_ID"] == TELEPHONY)


def user_name(store: Store, user_id: int) -> str:
    row = store.get("users", user_id)
    return f"{row['name']} {row['last_name']}" if row else f"№ {user_id}"


def user_email(store: Store, user_id: int) -> str | None:
    row = store.get("users", user_id)
    return row["email"] if row else None


def field_texts(store: Store, kind: EntityType, row: Json) -> dict[str, list[Any]]:
    """Filled user fields by title; options by their text."""
    found = {}
    for name, field in project.all_fields(store, kind).items():
        value = row.get(name)
        if field.uf is None or value in (None, [], ""):
            continue
        options = {one["ID"]: one["VALUE"] for one in field.uf["LIST"]}
        held = value if isinstance(value, list) else [value]
        found[field.title] = [options.get(one, one) if field.type == "enumeration" else one for one in held]
    return found


def contacts_of(store: Store, row: Json) -> list[Json]:
    """The contacts of a card, the primary first."""
    held = sorted(row.get("LINKS", ()), key=lambda link: link["IS_PRIMARY"] != "Y")
    found = [store.get(TYPES[CONTACT].table, link["ID"]) for link in held]
    return [one for one in found if one]


def tasks_of(store: Store, kind: EntityType, row: Json) -> list[Json]:
    return store.of("tasks", f"{kind.code}_{row['ID']}")


def _with_people(kind: EntityType, row: Json) -> list[tuple[int, int]]:
    owners = [(kind.id, row["ID"])]
    return owners + [(CONTACT, one) for one in row.get("CONTACT_IDS") or ()]


def activities_of(store: Store, kind: EntityType, row: Json) -> list[Json]:
    """Of the card and of its contacts."""
    found = {one["ID"]: one for owner in _with_people(kind, row) for one in store.of("activities", owner)}
    return list(found.values())


def comments_of(store: Store, kind: EntityType, row: Json) -> list[Json]:
    """Of the card and of its contacts."""
    found = {one["ID"]: one for owner in _with_people(kind, row) for one in store.of("comments", owner)}
    return list(found.values())


def person(row: Json) -> Json:
    return {
        "id": row["ID"],
        "name": project.person_name(row),
        "phones": multifields.values(row, "PHONE"),
        "emails": multifields.values(row, "EMAIL"),
    }


def task(store: Store, row: Json) -> Json:
    return {
        "id": row["ID"],
        "title": row["TITLE"],
        "deadline": row["DEADLINE"],
        "responsible": user_name(store, row["RESPONSIBLE_ID"]),
        "status": row["STATUS"],
        "result": row["RESULTS"][-1]["text"] if row["RESULTS"] else None,
    }


def activity(store: Store, row: Json) -> Json:
    return {
        "id": row["ID"],
        "subject": row["SUBJECT"],
        "text": row["DESCRIPTION"],
        "deadline": row["DEADLINE"],
        "direction": row["DIRECTION"],
        "completed": row["COMPLETED"] == "Y",
        "responsible": user_name(store, row["RESPONSIBLE_ID"]),
        "origin_id": row["ORIGIN_ID"],
        "created_at": row["CREATED"],
    }


def comment(store: Store, row: Json) -> Json:
    author = user_name(store, row["AUTHOR_ID"])
    held = [store.get("files", one) for one in row["FILES"]]
    files = [one["name"] for one in held if one]
    return {"id": row["ID"], "text": row["COMMENT"], "author": author, "created_at": row["CREATED"], "files": files}
