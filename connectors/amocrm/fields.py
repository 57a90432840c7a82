"""Values of custom fields: from the texts of a config to what amoCRM takes, and back to what people see."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from connectors.amocrm.client import Json
from connectors.crm.names import CustomField
from connectors.crm.values import flag_of, moment_of, number_of, options_of, plain_number
from provodka.errors import Rejected

NUMBERS: Final = {"numeric", "price", "monetary"}
DATES: Final = {"date", "date_time", "birthday"}
LISTS: Final = {"select", "radiobutton", "multiselect"}
NO_TEXT: Final = {
    "category",
    "chained_list",
    "file",
    "items",
    "legal_entity",
    "linked_entity",
    "multitext",
    "org_legal_name",
    "payer",
    "supplier",
}


def encode(field: CustomField, text: str, zone: ZoneInfo) -> Json:
    """One item of `custom_fields_values`; an empty text clears the field. Raises Rejected for what cannot be meant."""
    if field.type in NO_TEXT:
        hint = f"Поле «{field.name}» нельзя заполнить текстом (его тип в amoCRM: {field.type}): выберите другое поле."
        raise Rejected(f"the field «{field.name}» of the type {field.type} takes no text", hint=hint)
    if not text.strip() and field.type != "checkbox":
        return {"field_id": field.id, "values": None}
    return {"field_id": field.id, "values": _values(field, text.strip(), zone)}


def decode(item: Json, zone: ZoneInfo) -> str:
    """The text of one item of `custom_fields_values` as an answer shows it."""
    kind = str(item.get("field_type") or "")
    texts = []
    for row in item.get("values") or ():
        value = row.get("value") if isinstance(row, dict) else row
        if value is not None:
            texts.append(_show(kind, value, zone))
    return ", ".join(texts)


def shown(field: CustomField, item: Json, zone: ZoneInfo) -> str:
    """What `decode` will make of an encoded item once amoCRM has stored it."""
    names = {option: name for name, option in field.options.items()}
    rows = [{"value": names[row["enum_id"]]} if "enum_id" in row else row for row in item["values"] or ()]
    return decode({"field_type": field.type, "values": rows}, zone)


def _values(field: CustomField, text: str, zone: ZoneInfo) -> list[Json]:
    if field.type in LISTS:
        return [{"enum_id": option} for option in options_of(field, text, many=field.type == "multiselect")]
    if field.type in NUMBERS:
        return [{"value": number_of(field, text)}]
    if field.type in DATES:
        return [{"value": int(moment_of(field, text, zone).timestamp())}]
    if field.type == "checkbox":
        return [{"value": flag_of(field, text)}]
    if field.type == "smart_address":
        return [{"value": text, "enum_code": "address_line_1"}]
    return [{"value": text}]


def _show(kind: str, value: Any, zone: ZoneInfo) -> str:  # noqa: ANN401  # any JSON
    if kind == "checkbox":
        return "да" if value in (True, 1, "1") else "нет"
    if kind in DATES and str(value).lstrip("-").isdigit():
        moment = datetime.fromtimestamp(int(value), zone)
        return moment.strftime("%Y-%m-%dT%H:%M") if kind == "date_time" else moment.strftime("%Y-%m-%d")
    if kind in NUMBERS:
        return plain_number(str(value))
    return str(value)
