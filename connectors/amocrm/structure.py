"""The structure of an account, as the `amocrm:` section of a sandbox's seed file."""

from __future__ import annotations

from typing import Any, Final

from connectors.amocrm.client import Json, embedded
from connectors.amocrm.directory import FIELD_PAGE, LOST, WON
from connectors.amocrm.room import Room

ENTITIES: Final = ("leads", "contacts", "companies")
BUILT_IN: Final = frozenset({"PHONE", "EMAIL", "IM", "POSITION", "WEB", "ADDRESS"})  # every account has them
LISTS: Final = frozenset({"select", "multiselect", "radiobutton"})


def read_structure(room: Room) -> dict[str, Any]:
    """Pipelines, stages, staff (name and login only), fields, task types, loss reasons. Nothing of people or leads."""
    client = room.client
    account = client.get("/account", [("with", "task_types,datetime_settings")]) or {}
    settings = account.get("_embedded", {}).get("datetime_settings") or {}
    reasons = [row for _, page in client.pages("/leads/loss_reasons", "loss_reasons") for row in page]
    pipelines = [row for row in embedded(client.get("/leads/pipelines"), "pipelines") if not row.get("is_archive")]
    return {
        "name": str(account.get("name") or ""),
        "subdomain": str(account.get("subdomain") or ""),
        "timezone": str(settings.get("timezone") or "Europe/Moscow"),
        "users": [_user(row) for _, page in client.pages("/users", "users") for row in page],
        "pipelines": [_pipeline(row) for row in sorted(pipelines, key=lambda row: int(row.get("sort") or 0))],
        "fields": {entity: _fields(room, entity) for entity in ENTITIES},
        "loss_reasons": [str(row["name"]) for row in sorted(reasons, key=lambda row: int(row.get("sort") or 0))],
        "task_types": [str(row["name"]) for row in embedded(account, "task_types") if not row.get("code")],
    }


def _user(row: Json) -> Json:
    rights = row.get("rights") or {}
    return {
        "name": str(row.get("name") or row["id"]),
        "email": str(row.get("email") or f"{row['id']}@no-login.invalid").lower(),
        "admin": bool(rights.get("is_admin")),
        "active": bool(rights.get("is_active", True)),
    }


def _pipeline(row: Json) -> Json:
    """Closing stages and the incoming one may bear names of the account's own."""
    stages = sorted(embedded(row, "statuses"), key=lambda one: int(one.get("sort") or 0))
    names = {int(one["id"]): str(one["name"]) for one in stages}
    incoming = next((str(one["name"]) for one in stages if one.get("type") == 1), "")
    own = [str(one["name"]) for one in stages if one.get("type") != 1 and int(one["id"]) not in (WON, LOST)]
    closing = {"incoming": incoming, "won": names.get(WON, ""), "lost": names.get(LOST, "")}
    given = {key: name for key, name in closing.items() if name}
    return {"name": str(row["name"]), "stages": own, "main": bool(row.get("is_main")), **given}


def _fields(room: Room, entity: str) -> list[Json]:
    pages = room.client.pages(f"/{entity}/custom_fields", "custom_fields", limit=FIELD_PAGE)
    rows = [row for _, page in pages for row in page if str(row.get("code") or "") not in BUILT_IN]
    return [_field(row) for row in sorted(rows, key=lambda row: int(row["id"]))]


def _field(row: Json) -> Json:
    kind = str(row.get("type") or "text")
    found = {"name": str(row["name"]), "type": kind}
    if row.get("code"):
        found["code"] = str(row["code"])
    if kind in LISTS:
        options = sorted(row.get("enums") or (), key=lambda one: int(one.get("sort") or 0))
        return {**found, "options": [str(one["value"]) for one in options]}
    return found
