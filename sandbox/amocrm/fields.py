"""Custom field values: what a write may contain, how it is stored, how an answer shows it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sandbox.amocrm.model import Card, Field, Json
from sandbox.amocrm.problems import Checks
from sandbox.amocrm.store import Store, field_owner

TEXTS = ("text", "textarea", "url", "streetaddress", "tracking_data")
NUMBERS = ("numeric", "price", "monetary")
DATES = ("date", "date_time", "birthday")
LISTS = ("select", "radiobutton", "multiselect")
OTHERS = (
    "category",
    "chained_list",
    "file",
    "items",
    "legal_entity",
    "linked_entity",
    "org_legal_name",
    "payer",
    "smart_address",
    "supplier",
)
TYPES = {*TEXTS, *NUMBERS, *DATES, *LISTS, *OTHERS, "checkbox", "multitext"}

Reader = Callable[[Field, Json, Checks, str], Json | None]


def read_all(store: Store, entity: str, raw: object, checks: Checks, path: str) -> dict[int, list[Json]]:
    """Values to store by field id; an empty list clears the field. Failures go to `checks`."""
    if raw is None:
        return {}
    if not isinstance(raw, list):
        checks.wrong_type(path, "array")
        return {}
    found: dict[int, list[Json]] = {}
    for index, item in enumerate(raw):
        here = f"{path}.{index}"
        field = _field(store, entity, item, checks, here)
        if field is not None:
            found[field.id] = _values(field, item, checks, here)
    return found


def present(store: Store, card: Card) -> list[Json] | None:
    """`custom_fields_values` of an answer; null where the card has none."""
    entity = field_owner(card)
    rows = []
    for field_id, values in card.fields.items():
        field = store.field(entity, field_id)
        if field is not None:
            rows.append(
                {
                    "field_id": field.id,
                    "field_name": field.name,
                    "field_code": field.code,
                    "field_type": field.type,
                    "values": values,
                }
            )
    return rows or None


def _field(store: Store, entity: str, item: object, checks: Checks, path: str) -> Field | None:
    if not isinstance(item, dict):
        checks.wrong_type(path, "object")
        return None
    field_id, code = item.get("field_id"), item.get("field_code")
    if field_id is None and code is None:
        checks.fail(f"{path}.field_id", "FieldMissing")
        return None
    field = store.field(entity, field_id) if field_id is not None else store.field_by_code(entity, str(code))
    if field is None:
        checks.fail(f"{path}.{'field_code' if field_id is None else 'field_id'}", "NotSupportedChoice")
    return field


def _values(field: Field, item: Json, checks: Checks, path: str) -> list[Json]:
    raw = item.get("values")
    if raw is None:
        if "values" not in item:
            checks.fail(f"{path}.values", "FieldMissing")
        return []
    if not isinstance(raw, list):
        checks.wrong_type(f"{path}.values", "array")
        return []
    read = READERS.get(field.type, _any)
    rows = []
    for index, value in enumerate(raw):
        here = f"{path}.values.{index}"
        if not isinstance(value, dict):
            checks.wrong_type(here, "object")
        elif (row := read(field, value, checks, here)) is not None:
            rows.append(row)
    return rows


def _text(_: Field, raw: Json, checks: Checks, path: str) -> Json | None:
    value = raw.get("value")
    if isinstance(value, str):
        return {"value": value}
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"value": str(value)}
    checks.wrong_type(f"{path}.value", "string")
    return None


def _number(_: Field, raw: Json, checks: Checks, path: str) -> Json | None:
    value = raw.get("value")
    if isinstance(value, str):
        try:
            float(value)
        except ValueError:
            value = None
    if value is None or isinstance(value, bool) or not isinstance(value, int | float | str):
        checks.wrong_type(f"{path}.value", "numeric")
        return None
    return {"value": value}


def _checkbox(_: Field, raw: Json, checks: Checks, path: str) -> Json | None:
    value = raw.get("value")
    if not isinstance(value, bool):
        checks.wrong_type(f"{path}.value", "bool")
        return None
    return {"value": value}


def _date(_: Field, raw: Json, checks: Checks, path: str) -> Json | None:
    value = raw.get("value")
    if isinstance(value, int) and not isinstance(value, bool):
        return {"value": value}
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        checks.fail(f"{path}.value", "InvalidDateTime")
        return None
    return {"value": int(moment.timestamp())}


def _option(field: Field, raw: Json, checks: Checks, path: str) -> Json | None:
    for key, column in (("enum_id", "id"), ("enum_code", "code"), ("value", "value")):
        if raw.get(key) is None:
            continue
        for option in field.enums:
            if option[column] == raw[key]:
                return {"value": option["value"], "enum_id": option["id"], "enum_code": option["code"]}
        checks.fail(f"{path}.{key}", "NotSupportedChoice")
        return None
    checks.fail(f"{path}.value", "FieldMissing")
    return None


def _multitext(field: Field, raw: Json, checks: Checks, path: str) -> Json | None:
    text = _text(field, raw, checks, path)
    enum_id, code = raw.get("enum_id"), raw.get("enum_code")
    wanted = [one for one in field.enums if enum_id in (None, one["id"]) and code in (None, one["value"])]
    if not wanted:
        checks.fail(f"{path}.{'enum_code' if enum_id is None else 'enum_id'}", "NotSupportedChoice")
        return None
    return text and {**text, "enum_id": wanted[0]["id"], "enum_code": wanted[0]["value"]}


def _any(_field: Field, raw: Json, _checks: Checks, _path: str) -> Json:
    return raw


READERS: dict[str, Reader] = {
    **dict.fromkeys(TEXTS, _text),
    **dict.fromkeys(NUMBERS, _number),
    **dict.fromkeys(DATES, _date),
    **dict.fromkeys(LISTS, _option),
    "checkbox": _checkbox,
    "multitext": _multitext,
}
