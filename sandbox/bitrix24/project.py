"""Showing CRM cards in both families of methods, and the columns their lists can be filtered by."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from sandbox.bitrix24 import multifields, values
from sandbox.bitrix24.errors import Json
from sandbox.bitrix24.filters import Column
from sandbox.bitrix24.schema import LEAD, MULTIFIELDS, EntityType, Field
from sandbox.bitrix24.store import Store

WRITTEN_ONLY = ("CONTACT_IDS", "COMPANY_IDS")
"""Names that classic methods take but never show."""
ALIASES = {
    "phone": ("PHONE", ""),
    "phoneMobile": ("PHONE", "MOBILE"),
    "phoneWork": ("PHONE", "WORK"),
    "phoneMailing": ("PHONE", "MAILING"),
    "email": ("EMAIL", ""),
    "emailWork": ("EMAIL", "WORK"),
    "emailHome": ("EMAIL", "HOME"),
    "emailMailing": ("EMAIL", "MAILING"),
    "web": ("WEB", ""),
    "imol": ("IM", ""),
    "telegram": ("IM", "TELEGRAM"),
}


def all_fields(store: Store, kind: EntityType) -> dict[str, Field]:
    """The schema with the portal's user fields."""
    found = dict(kind.fields)
    for row in store.table("userfields").values():
        if row["ENTITY_ID"] == kind.uf_entity:
            found[row["FIELD_NAME"]] = Field(
                row["FIELD_NAME"],
                row["USER_TYPE_ID"],
                row["TITLE"],
                multiple=row["MULTIPLE"] == "Y",
                required=row["MANDATORY"] == "Y",
                uf=row,
            )
    return found


def columns(fields: dict[str, Field], *, camel: bool) -> dict[str, Column]:
    """What a list may be filtered and sorted by."""
    found = {}
    for field in fields.values():
        if field.type == "crm_multifield":
            found[field.name] = Column("string", _multifield(field.name))
        else:
            is_key = field.name == "ID"
            found[field.camel if camel else field.name] = Column(field.type, _plain(field.name), is_key)
    if camel:
        for alias, (kind, value_type) in ALIASES.items():
            if kind in fields:
                found[alias] = Column("string", _multifield(kind, value_type))
        for kind in MULTIFIELDS:
            found.pop(kind, None)
        found["observers"] = Column("integer", _plain("OBSERVERS"))
    return found


def _plain(name: str) -> Any:  # noqa: ANN401  # Callable[[Json], Any]
    return lambda row: row.get(name)


def _multifield(kind: str, value_type: str = "") -> Any:  # noqa: ANN401  # Callable[[Json], Any]
    return lambda row: multifields.values(row, kind, value_type)


def classic(
    row: Json, fields: dict[str, Field], zone: ZoneInfo, select: set[str] | None = None, *, full: bool = False
) -> Json:
    """A card in `UPPER_SNAKE`. A list (`full` off) has phones and e-mails only where they are named."""
    shown: Json = {}
    for name, field in fields.items():
        if field.type == "crm_multifield":
            held = multifields.classic_rows(row, name)
            if held and (full or (select is not None and name in select)):
                shown[name] = held
        elif name not in WRITTEN_ONLY and (full or _wanted(field, select)):
            shown[name] = values.classic(field, row.get(name), zone)
    return shown


def _wanted(field: Field, select: set[str] | None) -> bool:
    if select is None:
        return field.uf is None
    if field.name in select or field.name == "ID":
        return True
    return ("UF_*" in select) if field.uf is not None else ("*" in select)


def universal(
    row: Json,
    kind: EntityType,
    fields: dict[str, Field],
    zone: ZoneInfo,
    select: set[str] | None = None,
    *,
    original: bool = False,
) -> Json:
    """A card in `camelCase`; `fm` comes with everything only. `original` keeps the names of user fields."""
    shown: Json = {}
    for name, field in fields.items():
        key = name if original and field.uf is not None else field.camel
        if field.type == "crm_multifield" or not (select is None or key in select or name == "ID"):
            continue
        shown[key] = values.universal(field, row.get(name), zone)
    if "PHONE" in fields:
        for alias, (source, value_type) in ALIASES.items():
            if select is None or alias in select:
                shown[alias] = next(iter(multifields.values(row, source, value_type)), "")
        if select is None:
            shown["fm"] = multifields.universal_rows(row)
    if select is None or "observers" in select:
        shown["observers"] = list(row.get("OBSERVERS", ()))
    if select is None:
        shown["entityTypeId"] = kind.id
    return shown


def classic_field(field: Field) -> Json:
    """One entry of `crm.lead.fields`."""
    shown: Json = {
        "type": field.type,
        "isRequired": field.required,
        "isReadOnly": field.read_only,
        "isImmutable": False,
        "isMultiple": field.multiple,
        "isDynamic": field.uf is not None,
    }
    if field.status_type:
        shown["statusType"] = field.status_type
    if field.uf is not None:
        if field.type == "enumeration":
            shown["items"] = [{"ID": str(one["ID"]), "VALUE": one["VALUE"]} for one in field.uf["LIST"]]
        shown |= {"listLabel": field.title, "formLabel": field.title, "filterLabel": field.title}
    shown["title"] = field.name if field.uf is not None else field.title
    if field.type == "money" and field.uf is None:
        shown["type"] = "double"
    return shown


def universal_field(field: Field) -> Json:
    """One entry of `crm.item.fields`."""
    shown = {key: value for key, value in classic_field(field).items() if not key.endswith("Label")}
    return {**shown, "title": field.title, "upperName": field.name}


def person_name(row: Json) -> str:
    """The name of a person's card; of a lead without one, its title."""
    name = " ".join(row[key] for key in ("NAME", "LAST_NAME") if row.get(key))
    return name or str(row.get("TITLE") or "")


def classic_names(kind: EntityType, fields: dict[str, Field], *, original: bool = False) -> dict[str, str]:
    """Names of the universal family to those of the store."""
    found = {field.camel: name for name, field in fields.items()}
    if original:
        found |= {name: name for name, field in fields.items() if field.uf is not None}
    if kind.id == LEAD:
        found["stageId"] = "STATUS_ID"
    return found
