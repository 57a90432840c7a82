"""`crm.lead.userfield.*` and its like: fields of the portal's own."""

from __future__ import annotations

import re
from functools import partial

from sandbox.bitrix24.call import Call, Page
from sandbox.bitrix24.errors import Json, denied, plain
from sandbox.bitrix24.lists import classic_list, picked, simple_columns
from sandbox.bitrix24.params import rows, text, whole, yes
from sandbox.bitrix24.registry import Methods
from sandbox.bitrix24.schema import CLASSIC, TYPES, EntityType

methods = Methods("crm")
USER_TYPES = (
    *("string", "integer", "double", "boolean", "datetime", "date", "money", "url", "address", "enumeration", "file"),
    *("employee", "crm_status", "iblock_section", "iblock_element", "crm"),
)
LONGEST = 50
PREFIX = "UF_CRM_"
COLUMNS = simple_columns(
    {
        "ID": "integer",
        "FIELD_NAME": "string",
        "USER_TYPE_ID": "string",
        "XML_ID": "string",
        "SORT": "integer",
        "MULTIPLE": "string",
        "MANDATORY": "string",
    }
)
SETTINGS = {"enumeration": {"DISPLAY": "LIST", "LIST_HEIGHT": 1, "CAPTION_NO_VALUE": "", "SHOW_NO_VALUE": "Y"}}


def _shown(row: Json, *, full: bool) -> Json:
    found = {
        "ID": str(row["ID"]),
        "ENTITY_ID": row["ENTITY_ID"],
        "FIELD_NAME": row["FIELD_NAME"],
        "USER_TYPE_ID": row["USER_TYPE_ID"],
        "XML_ID": row["XML_ID"],
        "SORT": str(row["SORT"]),
        "MULTIPLE": row["MULTIPLE"],
        "MANDATORY": row["MANDATORY"],
        "SHOW_FILTER": "N",
        "SHOW_IN_LIST": "Y",
        "EDIT_IN_LIST": "Y",
        "IS_SEARCHABLE": "N",
        "SETTINGS": row["SETTINGS"] or SETTINGS.get(row["USER_TYPE_ID"], []),
    }
    if full:
        found["EDIT_FORM_LABEL"] = {"ru": row["TITLE"], "en": row["TITLE"]}
    if row["USER_TYPE_ID"] == "enumeration":
        found["LIST"] = [{**one, "ID": str(one["ID"]), "SORT": str(one["SORT"])} for one in row["LIST"]]
    return found


def _field(call: Call, kind: EntityType) -> Json:
    row = call.store.get("userfields", call.id())
    if row is None or row["ENTITY_ID"] != kind.uf_entity:
        raise plain(f"The entity with ID '{call.id()}' is not found.")
    return row


def add(call: Call, kind: EntityType) -> int:
    """A new field; its name gets the prefix, options of a list get numbers."""
    if not call.is_admin:
        raise denied()
    fields = call.fields()
    name, user_type = text(fields.get("FIELD_NAME")).upper(), text(fields.get("USER_TYPE_ID"))
    if not user_type:
        raise plain("The 'USER_TYPE_ID' field is not found.")
    if user_type not in USER_TYPES:
        raise plain(f"The user type '{user_type}' is not supported.")
    name = name if name.startswith(PREFIX) else f"{PREFIX}{name or call.now}"
    if len(name) > LONGEST or not re.fullmatch(r"[A-Z0-9_]+", name):
        raise plain("The 'FIELD_NAME' field is invalid: A-Z, 0-9 and _ only, 50 characters at most.")
    known = call.store.table("userfields").values()
    if any(row["FIELD_NAME"] == name and row["ENTITY_ID"] == kind.uf_entity for row in known):
        raise plain(f"Поле {name} для объекта {kind.uf_entity} уже существует.")
    number = call.store.new_id("userfields")
    row: Json = {
        "ID": number,
        "ENTITY_ID": kind.uf_entity,
        "FIELD_NAME": name,
        "USER_TYPE_ID": user_type,
        "XML_ID": text(fields.get("XML_ID")) or None,
        "SORT": whole(fields.get("SORT")) or 100,
        "MULTIPLE": "Y" if yes(fields.get("MULTIPLE")) else "N",
        "MANDATORY": "Y" if yes(fields.get("MANDATORY")) else "N",
        "TITLE": _label(fields) or name,
        "LIST": _options(call, [], fields.get("LIST")),
        "SETTINGS": fields["SETTINGS"] if isinstance(fields.get("SETTINGS"), dict) else {},
    }
    call.store.put("userfields", number, row)
    return number


def _label(fields: Json) -> str:
    for key in ("LABEL", "EDIT_FORM_LABEL", "LIST_COLUMN_LABEL"):
        raw = fields.get(key)
        found = text(raw.get("ru") or next(iter(raw.values()), "")) if isinstance(raw, dict) else text(raw)
        if found:
            return found
    return ""


def _options(call: Call, held: list[Json], raw: object) -> list[Json]:
    """Options with an ID change or go (`DEL=Y`), those without are added."""
    found = [dict(one) for one in held]
    for one in rows(raw):
        if not isinstance(one, dict):
            continue
        known = next((row for row in found if row["ID"] == whole(one.get("ID"))), None)
        if known is not None and yes(one.get("DEL")):
            found.remove(known)
        elif known is not None:
            known["VALUE"] = text(one.get("VALUE")) or known["VALUE"]
        elif text(one.get("VALUE")):
            number = call.store.new_id("enums")
            more = {"DEF": "Y" if yes(one.get("DEF")) else "N", "XML_ID": text(one.get("XML_ID")) or f"o{number}"}
            found.append({"ID": number, "SORT": whole(one.get("SORT")) or 500, "VALUE": text(one["VALUE"]), **more})
    return found


def update(call: Call, kind: EntityType) -> bool:
    if not call.is_admin:
        raise denied()
    row, fields = _field(call, kind), call.fields()
    row["TITLE"] = _label(fields) or row["TITLE"]
    if "MANDATORY" in fields:
        row["MANDATORY"] = "Y" if yes(fields["MANDATORY"]) else "N"
    if "SORT" in fields:
        row["SORT"] = whole(fields["SORT"])
    row["LIST"] = _options(call, row["LIST"], fields.get("LIST"))
    call.store.put("userfields", row["ID"], row)
    return True


def get(call: Call, kind: EntityType) -> Json:
    return _shown(_field(call, kind), full=True)


def delete(call: Call, kind: EntityType) -> bool:
    """The field goes with every value of it."""
    if not call.is_admin:
        raise denied()
    row = _field(call, kind)
    call.store.drop("userfields", row["ID"])
    for card in list(call.store.table(kind.table).values()):
        if card.pop(row["FIELD_NAME"], None) is not None:
            call.store.put(kind.table, card["ID"], card)
    return True


def listing(call: Call, kind: EntityType) -> Page:
    """Labels come only where `filter[LANG]` asks for them, as one text."""
    mine = [row for row in call.store.table("userfields").values() if row["ENTITY_ID"] == kind.uf_entity]
    labelled = bool(call.map("filter").get("LANG"))

    def show(row: Json, select: set[str] | None) -> Json:
        label = dict.fromkeys(("EDIT_FORM_LABEL", "LIST_COLUMN_LABEL"), row["TITLE"]) if labelled else {}
        return picked({**_shown(row, full=False), **label}, select)

    return classic_list(call, mine, COLUMNS, show)


for entity_type_id in CLASSIC:
    owner = TYPES[entity_type_id]
    for verb, handler in (("add", add), ("get", get), ("update", update), ("delete", delete), ("list", listing)):
        methods.add(f"crm.{owner.word}.userfield.{verb}", partial(handler, kind=owner))


@methods("crm.userfield.types")
def types(call: Call) -> list[Json]:
    del call
    return [{"ID": one, "title": one} for one in USER_TYPES]
