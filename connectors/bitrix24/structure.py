"""The structure of a portal, as the `bitrix24:` section of a sandbox's seed file."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from connectors.bitrix24.client import PAGE, mapping, rows_of
from connectors.bitrix24.directory import SIMPLE
from connectors.bitrix24.query import Command, Json
from connectors.bitrix24.room import Room
from provodka.crm import LeadState, Pipeline

ENTITIES: Final = {"lead": 1, "deal": 2, "contact": 3, "company": 4}
OWN_FIELD: Final = "UF_CRM_"


def read_structure(room: Room) -> dict[str, Any]:
    """Funnels, stages, staff (name and login only), fields, sources. Nothing of clients, leads or deals.

    The owner of our entry stands for the application and the board there, so that the twin needs nobody else.
    """
    client, directory = room.client, room.directory
    directory.refresh(0)
    profile = mapping(client.call("profile"))
    owner = int(profile.get("ID") or 0)
    simple = str(client.call("crm.settings.mode.get")) == str(SIMPLE)
    domain = urlsplit(room.settings.portal).hostname or ""
    leads = _ladder(directory.lead_pipeline())
    return {
        "name": domain.partition(".")[0],
        "domain": domain,
        "timezone": str(profile.get("TIME_ZONE") or "Europe/Moscow"),
        "crm_mode": "simple" if simple else "classic",
        "app_user": owner,
        "board_user": owner,
        "users": [_user(row, admin=row.get("ID") == str(owner) and bool(profile.get("ADMIN"))) for row in _users(room)],
        "webhooks": [{"user": owner, "secret": "sandbox"}],
        "funnels": [{"name": one.name, **_ladder(one)} for one in directory.deal_pipelines()],
        **{f"lead_{key}": names for key, names in leads.items()},
        "sources": _sources(room),
        "fields": _fields(room),
    }


def _ladder(pipeline: Pipeline) -> Json:
    """The stages in work, the winning one, and the losing ones: a portal may have several, one for each reason."""

    def names(state: LeadState) -> list[str]:
        return [stage.name for stage in pipeline.stages if stage.state is state]

    won, lost = names(LeadState.WON), names(LeadState.LOST)
    return {"stages": names(LeadState.OPEN), **({"won": won[0]} if won else {}), **({"lost": lost} if lost else {})}


def _users(room: Room) -> list[Json]:
    found: list[Json] = []
    while True:
        rows = rows_of(room.client.call("user.get", {"sort": "ID", "order": "ASC", "start": len(found)}))
        found += rows
        if len(rows) < PAGE:
            return found


def _user(row: Json, *, admin: bool) -> Json:
    """A portal does not tell who else is an administrator."""
    one = str(row["ID"])
    return {
        "id": int(one),
        "name": str(row.get("NAME") or one),
        "last_name": str(row.get("LAST_NAME") or ""),
        "email": str(row.get("EMAIL") or f"{one}@no-login.invalid").lower(),
        "admin": admin,
        "active": row.get("ACTIVE", True) in (True, "Y", "1", "true"),
    }


def _sources(room: Room) -> list[Json]:
    asked = {"filter": {"ENTITY_ID": "SOURCE"}, "order": {"SORT": "ASC"}}
    rows = rows_of(room.client.call("crm.status.list", asked))
    return [{"code": str(row["STATUS_ID"]), "name": str(row.get("NAME") or "")} for row in rows]


def _fields(room: Room) -> list[Json]:
    answers = room.client.ask([Command("crm.item.fields", {"entityTypeId": one}) for one in ENTITIES.values()])
    found = []
    for entity, answer in zip(ENTITIES, answers, strict=True):
        for key, row in mapping(mapping(answer).get("fields")).items():
            name = str(row.get("upperName") or key)
            if row.get("isDynamic") and name.startswith(OWN_FIELD):
                found.append(_field(entity, name, row))
    return found


def _field(entity: str, name: str, row: Json) -> Json:
    found = {"entity": entity, "name": name, "type": str(row.get("type"))}
    found["title"] = str(row.get("formLabel") or row.get("title") or name)
    options = [str(item.get("VALUE")) for item in rows_of(row.get("items"))]
    given: Json = {"options": options} if options else {}
    return {**found, **given, "multiple": bool(row.get("isMultiple"))}
