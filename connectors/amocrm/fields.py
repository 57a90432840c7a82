"""Values of custom fields: from the texts of a config to what amoCRM takes, and back to what people see."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from zoneinfo import ZoneInfo

from connectors.amocrm.client import Json
from connectors.crm.names import UNKNOWN_NAME, CustomField, nearest, plain
from provodka.errors import Rejected

NUMBERS: Final = {"numeric", "price", "monetary"}
DATES: Final = {"date", "date_time", "birthday"}
LISTS: Final = {"select", "radiobutton", "multiselect"}
YES: Final = {"да", "1", "true", "yes", "истина"}
NO: Final = {"нет", "0", "false", "no", "ложь", ""}
_RUSSIAN_DATE: Final = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:[ T](\d{1,2}:\d{2}))?")


def encode(field: CustomField, text: str, zone: ZoneInfo) -> Json:
    """One item of `custom_fields_values`; an empty text clears the field. Raises Rejected for what cannot be meant."""
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
        return [{"enum_id": option} for option in _options(field, text)]
    if field.type in NUMBERS:
        return [{"value": _number(field, text)}]
    if field.type in DATES:
        return [{"value": _moment(field, text, zone)}]
    if field.type == "checkbox":
        return [{"value": _flag(field, text)}]
    return [{"value": text}]


def _options(field: CustomField, text: str) -> list[int]:
    known = {plain(name): option for name, option in field.options.items()}
    if plain(text) in known or field.type != "multiselect":
        wanted = [text]
    else:
        wanted = [part for part in re.split(r"[,;\n]", text) if part.strip()]
    found = []
    for name in wanted:
        if plain(name) not in known:
            near = ", ".join(f"«{n}»" for n in nearest(name, field.options)) or "нет"
            hint = f"У поля «{field.name}» в amoCRM нет варианта «{name.strip()}». Похожие: {near}."
            raise Rejected(f"no option «{name.strip()}» of the field «{field.name}»", hint=hint, code=UNKNOWN_NAME)
        found.append(known[plain(name)])
    return found


def _number(field: CustomField, text: str) -> int | float:
    try:
        number = Decimal(re.sub(r"[\s\u00a0]", "", text).replace(",", "."))
    except InvalidOperation:
        raise _unfit(field, text, "число") from None
    if not number.is_finite():
        raise _unfit(field, text, "число")
    return int(number) if number == number.to_integral_value() else float(number)


def _moment(field: CustomField, text: str, zone: ZoneInfo) -> int:
    """Unix seconds; a date without a time zone is one of the account's."""
    russian = _RUSSIAN_DATE.fullmatch(text)
    if russian:
        day, month, year, clock = russian.groups()
        text = f"{year}-{int(month):02}-{int(day):02}" + (f"T{clock:0>5}" if clock else "")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _unfit(field, text, "дата") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp())


def _flag(field: CustomField, text: str) -> bool:
    if plain(text) in YES:
        return True
    if plain(text) in NO:
        return False
    raise _unfit(field, text, "да или нет")


def _unfit(field: CustomField, text: str, wanted: str) -> Rejected:
    hint = f"Для поля «{field.name}» нужно: {wanted}, а пришло «{text[:80]}»."
    return Rejected(f"«{text[:80]}» does not fit the field «{field.name}» ({field.type})", hint=hint)


def _show(kind: str, value: Any, zone: ZoneInfo) -> str:  # noqa: ANN401  # any JSON
    if kind == "checkbox":
        return "да" if value in (True, 1, "1") else "нет"
    if kind in DATES and str(value).lstrip("-").isdigit():
        moment = datetime.fromtimestamp(int(value), zone)
        return moment.strftime("%Y-%m-%dT%H:%M") if kind == "date_time" else moment.strftime("%Y-%m-%d")
    if kind in NUMBERS:
        return _plain_number(str(value))
    return str(value)


def _plain_number(text: str) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return str(int(number)) if number == number.to_integral_value() else format(number.normalize(), "f")
