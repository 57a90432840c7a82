"""Values of custom fields: from the texts of a config to what a CRM can take, and back to what people see."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Final
from zoneinfo import ZoneInfo

from connectors.crm.names import UNKNOWN_NAME, CustomField, Id, nearest, plain
from provodka.errors import Rejected

YES: Final = {"да", "1", "true", "yes", "истина"}
NO: Final = {"нет", "0", "false", "no", "ложь", ""}
_RUSSIAN_DATE: Final = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:[ T](\d{1,2}:\d{2}))?")


def options_of(field: CustomField, text: str, *, many: bool) -> list[Id]:
    """The ids of the options that the text names; a list of them where the field takes `many`."""
    known = {plain(name): option for name, option in field.options.items()}
    if plain(text) in known or not many:
        wanted = [text]
    else:
        wanted = [part for part in re.split(r"[,;\n]", text) if part.strip()]
    found = []
    for name in wanted:
        if plain(name) not in known:
            near = ", ".join(f"«{n}»" for n in nearest(name, field.options)) or "нет"
            hint = f"У поля «{field.name}» в CRM нет варианта «{name.strip()}». Похожие: {near}."
            raise Rejected(f"no option «{name.strip()}» of the field «{field.name}»", hint=hint, code=UNKNOWN_NAME)
        found.append(known[plain(name)])
    return found


def number_of(field: CustomField, text: str) -> int | float:
    try:
        number = Decimal(re.sub(r"[\s\u00a0]", "", text).replace(",", "."))
    except InvalidOperation:
        raise _unfit(field, text, "число") from None
    if not number.is_finite():
        raise _unfit(field, text, "число")
    return int(number) if number == number.to_integral_value() else float(number)


def moment_of(field: CustomField, text: str, zone: ZoneInfo) -> datetime:
    """An aware time; a date without a time zone is one of the account's."""
    russian = _RUSSIAN_DATE.fullmatch(text)
    written = text
    if russian:
        day, month, year, clock = russian.groups()
        written = f"{year}-{int(month):02}-{int(day):02}" + (f"T{clock:0>5}" if clock else "")
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        raise _unfit(field, text, "дата") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def flag_of(field: CustomField, text: str) -> bool:
    if plain(text) in YES:
        return True
    if plain(text) in NO:
        return False
    raise _unfit(field, text, "да или нет")


def plain_number(text: str) -> str:
    """A number as people write it: no zeros behind it."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return str(int(number)) if number == number.to_integral_value() else format(number.normalize(), "f")


def _unfit(field: CustomField, text: str, wanted: str) -> Rejected:
    hint = f"Для поля «{field.name}» нужно: {wanted}, а пришло «{text[:80]}»."
    return Rejected(f"«{text[:80]}» does not fit the field «{field.name}» ({field.type})", hint=hint)
