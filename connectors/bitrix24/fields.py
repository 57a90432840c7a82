"""Values of a portal's fields: from the texts of a config to what `crm.item.*` takes, and back to what people see."""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo

from connectors.crm.names import CustomField, Id
from connectors.crm.values import flag_of, moment_of, number_of, options_of, plain_number

LISTS: Final = frozenset({"enumeration", "crm_status"})
OWN: Final = "RUB"  # the currency that is not named
NUMBERS: Final = frozenset({"integer", "double"})

Value = str | int | float | list[str | int | float]


def encode(field: CustomField, text: str, zone: ZoneInfo) -> Value:
    """What to write; an empty text clears the field. Raises Rejected for what cannot be meant."""
    text = text.strip()
    if not text:
        return "" if not field.multiple else [""]
    values = _values(field, text, zone)
    return values if field.multiple else values[0]


def decode(field: CustomField, value: object) -> str:
    """The text of a value as an answer shows it; `false`, `null`, `[]` and `""` all mean that there is none."""
    rows = value if isinstance(value, list) else [value]
    return ", ".join(_show(field, one) for one in rows if not _is_nothing(field, one))


def _values(field: CustomField, text: str, zone: ZoneInfo) -> list[str | int | float]:
    if field.type in LISTS:
        return list(options_of(field, text, many=field.multiple))
    if field.type in NUMBERS:
        return [number_of(field, text)]
    if field.type == "money":
        return [text if "|" in text else f"{number_of(field, text)}|{OWN}"]
    if field.type == "date":
        return [moment_of(field, text, zone).astimezone(zone).strftime("%Y-%m-%d")]
    if field.type == "datetime":
        return [moment_of(field, text, zone).astimezone(zone).isoformat(timespec="seconds")]
    if field.type == "boolean":
        return [int(flag_of(field, text))]
    return [text]


def _show(field: CustomField, value: object) -> str:
    text = str(value)
    if field.type in LISTS:
        return _option(field, text)
    if field.type == "boolean":
        return "да" if value is True or text in {"1", "Y"} else "нет"
    if field.type == "date":
        return text[:10]
    if field.type == "datetime":
        return text[:16]
    if field.type in NUMBERS:
        return plain_number(text)
    if field.type == "money":
        amount, _, currency = text.partition("|")
        return plain_number(amount) if currency in ("", OWN) else f"{plain_number(amount)}|{currency}"
    return text


def _is_nothing(field: CustomField, value: object) -> bool:
    return value is None or value in ("", []) or (value is False and field.type != "boolean")


def _option(field: CustomField, value: str) -> str:
    """The text of an option; its id where somebody has just removed it."""
    names: dict[Id, str] = {str(option): name for name, option in field.options.items()}
    return names.get(value, value)
