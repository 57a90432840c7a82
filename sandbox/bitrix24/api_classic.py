"""`crm.lead.*`, `crm.deal.*`, `crm.contact.*` and `crm.company.*`: the classic family."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from sandbox.bitrix24 import project
from sandbox.bitrix24.call import Call, Page
from sandbox.bitrix24.cards import Cards, can_see
from sandbox.bitrix24.errors import Json, denied, plain
from sandbox.bitrix24.lists import candidates, classic_list
from sandbox.bitrix24.params import yes
from sandbox.bitrix24.registry import Methods
from sandbox.bitrix24.schema import CLASSIC, TYPES, EntityType

methods = Methods("crm")
CONVERTED = "CONVERTED"


def card(call: Call, kind: EntityType, number: int) -> Json:
    """A card that the caller may see."""
    row = call.store.get(kind.table, number)
    if row is None:
        raise plain("Not found")
    if not can_see(call, row):
        raise denied()
    return row


def add(call: Call, kind: EntityType) -> int:
    imported = yes(call.map("params").get("IMPORT"))
    return int(Cards(call, kind).create(call.fields(), imported=imported)["ID"])


def get(call: Call, kind: EntityType) -> Json:
    row = card(call, kind, call.id())
    if call.settings.hide_converted and row.get("STATUS_ID") == CONVERTED:
        raise plain("Not found")
    return project.classic(row, project.all_fields(call.store, kind), call.zone, full=True)


def update(call: Call, kind: EntityType) -> bool:
    number = call.id()
    fields = call.fields()
    Cards(call, kind).update(card(call, kind, number), fields)
    return True


def delete(call: Call, kind: EntityType) -> bool:
    Cards(call, kind).delete(card(call, kind, call.id()))
    return True


def fields(call: Call, kind: EntityType) -> Json:
    found = project.all_fields(call.store, kind)
    return {name: project.classic_field(field) for name, field in found.items()}


def listing(call: Call, kind: EntityType) -> Page:
    """Cards the caller may see; those of others are left out without a word."""
    found = project.all_fields(call.store, kind)
    visible = (row for row in candidates(call.store, kind.table, call.map("filter")) if can_see(call, row))

    def show(row: Json, select: set[str] | None) -> Json:
        return project.classic(row, found, call.zone, select)

    return classic_list(call, visible, project.columns(found, camel=False), show)


VERBS: dict[str, Callable[..., Any]] = {
    "add": add,
    "get": get,
    "update": update,
    "delete": delete,
    "fields": fields,
    "list": listing,
}
for entity_type_id in CLASSIC:
    for verb, run in VERBS.items():
        methods.add(f"crm.{TYPES[entity_type_id].word}.{verb}", partial(run, kind=TYPES[entity_type_id]))
