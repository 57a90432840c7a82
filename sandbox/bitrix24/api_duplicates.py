"""Finding people by phone and e-mail, and merging them."""

from __future__ import annotations

from typing import Any

from sandbox.bitrix24.api_items import kind_of
from sandbox.bitrix24.call import Call
from sandbox.bitrix24.cards import Cards, can_see
from sandbox.bitrix24.errors import Json, RestError, plain
from sandbox.bitrix24.identity import normal
from sandbox.bitrix24.params import rows, text, whole
from sandbox.bitrix24.registry import Methods
from sandbox.bitrix24.schema import TYPES
from sandbox.bitrix24.store import FOUND_BY_COMMUNICATION

methods = Methods("crm")
MOST = 20
MERGED: tuple[str, ...] = ("NAME", "LAST_NAME", "SECOND_NAME", "COMPANY_ID")


@methods("crm.duplicate.findbycomm")
def find(call: Call) -> Json | list[Any]:
    """Ids by type, only types with hits; `[]` where nothing is found. Values that are no strings are skipped."""
    kind = call.text("type").upper()
    if kind not in ("PHONE", "EMAIL"):
        raise plain("Communication type is not defined.")
    if not isinstance(call.any("values"), list | dict):
        raise plain("Communication values is not defined.")
    wanted = [normal(kind, one) for one in rows(call.any("values"))[:MOST] if isinstance(one, str)]
    only = call.text("entity_type").upper()
    known = [name for _, name in FOUND_BY_COMMUNICATION]
    found: Json = {}
    for entity_type_id, name in FOUND_BY_COMMUNICATION:
        if only in known and name != only:
            continue
        ids = _holders(call, entity_type_id, kind, wanted)
        if ids:
            found[name] = ids[:MOST]
        if len(ids) >= MOST:
            break
    return found or []


def _holders(call: Call, entity_type_id: int, kind: str, wanted: list[str]) -> list[int]:
    table = TYPES[entity_type_id].table
    held = {row["ID"] for one in wanted if one for row in call.store.of(table, (kind, one)) if can_see(call, row)}
    return sorted(held)


@methods("crm.entity.mergeBatch")
def merge(call: Call) -> Json:
    """The first survives and takes what it lacks; different values of one field are a conflict."""
    params = call.map("params")
    kind = kind_of(params.get("entityTypeId"))
    ids = list(dict.fromkeys(whole(one) for one in rows(params.get("entityIds"))))
    if len(ids) < 2:
        raise RestError(0, "The parameter entityIds must contains at least two elements.")
    found = [call.store.get(kind.table, one) for one in ids]
    cards = [row for row in found if row is not None and can_see(call, row)]
    if len(cards) < len(ids):
        return {"STATUS": "ERROR", "ENTITY_IDS": []}
    first, others = cards[0], cards[1:]
    names = [name for name in MERGED if name in kind.fields]
    for name in names:
        if len({text(row.get(name)).casefold() for row in cards if row.get(name)}) > 1:
            return {"STATUS": "CONFLICT", "ENTITY_IDS": []}
    for other in others:
        _absorb(call, first, other, names)
        Cards(call, kind).delete(other)
    Cards(call, kind).update(first, {})
    return {"STATUS": "SUCCESS", "ENTITY_IDS": [row["ID"] for row in others]}


def _absorb(call: Call, first: Json, other: Json, names: list[str]) -> None:
    for name in names:
        first[name] = first.get(name) or other.get(name)
    held = {(one["TYPE_ID"], normal(one["TYPE_ID"], one["VALUE"])) for one in first.get("FM", ())}
    fresh = [one for one in other.get("FM", ()) if (one["TYPE_ID"], normal(one["TYPE_ID"], one["VALUE"])) not in held]
    first.setdefault("FM", []).extend({**one, "ID": call.store.new_id("fm")} for one in fresh)
