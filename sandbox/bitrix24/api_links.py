"""`crm.deal.contact.*`, `crm.lead.contact.*`, `crm.company.contact.*` and `crm.contact.company.*`."""

from __future__ import annotations

from functools import partial

from sandbox.bitrix24 import links
from sandbox.bitrix24.api_classic import card
from sandbox.bitrix24.call import Call
from sandbox.bitrix24.errors import Json, RestError, plain
from sandbox.bitrix24.params import whole, yes
from sandbox.bitrix24.registry import Methods
from sandbox.bitrix24.schema import COMPANY, CONTACT, DEAL, LEAD, TYPES, EntityType

methods = Methods("crm")


def _card(call: Call, kind: EntityType) -> Json:
    try:
        return card(call, kind, call.id())
    except RestError as error:
        raise plain("Not found.") if error.text == "Not found" else error from None


def _links(call: Call, kind: EntityType, row: Json) -> list[Json]:
    if kind.id != COMPANY:
        return list(row.get("LINKS", ()))
    table = TYPES[CONTACT].table
    held = [one["ID"] for one in call.store.of(table, ("company", row["ID"]))]
    return [
        {"ID": number, "SORT": links.STEP * (place + 1), "ROLE_ID": 0, "IS_PRIMARY": "N" if place else "Y"}
        for place, number in enumerate(held)
    ]


def _write(call: Call, kind: EntityType, row: Json, word: str, wanted: list[Json]) -> None:
    if kind.id == COMPANY:
        links.set_contacts_of_company(call.store, row["ID"], [{"CONTACT_ID": one["ID"]} for one in wanted])
        return
    links.set_links(call.store, row, word, wanted)
    call.store.put(kind.table, row["ID"], row)


def get_items(call: Call, kind: EntityType, word: str) -> list[Json]:
    key = f"{word}_ID"
    found = _links(call, kind, _card(call, kind))
    return [{key: one["ID"], **{name: one[name] for name in ("SORT", "ROLE_ID", "IS_PRIMARY")}} for one in found]


def set_items(call: Call, kind: EntityType, word: str) -> bool:
    row = _card(call, kind)
    if not isinstance(call.any("items"), list | dict):
        raise plain("The parameter items must be array.")
    _write(call, kind, row, word, links.read_items(call.any("items"), f"{word}_ID"))
    return True


def delete_items(call: Call, kind: EntityType, word: str) -> bool:
    _write(call, kind, _card(call, kind), word, [])
    return True


def add_item(call: Call, kind: EntityType, word: str) -> bool:
    """One more link; false where it was there already."""
    row, fields = _card(call, kind), call.fields()
    number = whole(fields.get(f"{word}_ID"))
    if call.store.get(TYPES[CONTACT if word == "CONTACT" else COMPANY].table, number) is None:
        raise plain("Not found.")
    held = _links(call, kind, row)
    if any(one["ID"] == number for one in held):
        return False
    fresh: Json = {"ID": number, "SORT": whole(fields.get("SORT")) or links.STEP * (len(held) + 1)}
    if yes(fields.get("IS_PRIMARY")):
        fresh["IS_PRIMARY"] = "Y"
        held = [{**one, "IS_PRIMARY": "N"} for one in held]
    _write(call, kind, row, word, [*held, fresh])
    return True


def delete_item(call: Call, kind: EntityType, word: str) -> bool:
    row = _card(call, kind)
    number = whole(call.fields().get(f"{word}_ID"))
    held = _links(call, kind, row)
    _write(call, kind, row, word, [one for one in held if one["ID"] != number])
    return any(one["ID"] == number for one in held)


def link_fields(call: Call, kind: EntityType, word: str) -> Json:
    del call, kind
    types = {f"{word}_ID": "integer", "SORT": "integer", "ROLE_ID": "integer", "IS_PRIMARY": "char"}
    return {
        name: {"type": one, "isRequired": name.startswith(word), "isReadOnly": False} for name, one in types.items()
    }


for entity_type_id, other in ((LEAD, "contact"), (DEAL, "contact"), (COMPANY, "contact"), (CONTACT, "company")):
    head, owner = f"crm.{TYPES[entity_type_id].word}.{other}", TYPES[entity_type_id]
    for verb, run in (
        ("items.get", get_items),
        ("items.set", set_items),
        ("items.delete", delete_items),
        ("add", add_item),
        ("delete", delete_item),
        ("fields", link_fields),
    ):
        methods.add(f"{head}.{verb}", partial(run, kind=owner, word=other.upper()))
