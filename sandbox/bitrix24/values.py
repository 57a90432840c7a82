"""Reading what a client wrote into a field, and showing it in either family of methods."""

from __future__ import annotations

import math
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.bitrix24 import moments
from sandbox.bitrix24.errors import RestError
from sandbox.bitrix24.params import number, rows, text, whole, yes
from sandbox.bitrix24.schema import Field

WHOLE = (
    "integer",
    "user",
    "crm_company",
    "crm_contact",
    "crm_lead",
    "crm_deal",
    "crm_quote",
    "crm_category",
    "employee",
)
TIMES = ("date", "datetime")
ZERO_LINKS = ("crm_company", "crm_contact")


class Reader:
    """Reads values for one family. `strict` is the universal one, which refuses what the classic one drops."""

    def __init__(self, zone: ZoneInfo, *, strict: bool) -> None:
        self.zone = zone
        self.strict = strict

    def read(self, field: Field, raw: Any) -> Any:  # noqa: ANN401  # any JSON
        """The stored form of a value; None where it is empty."""
        if not field.multiple:
            return self._one(field, raw)
        if not isinstance(raw, dict | list):
            if self.strict and raw not in (None, "", False):
                raise RestError(100, "Expected iterable value for multiple field, but got scalar instead")
            raw = [raw]
        if field.type == "file" and len(rows(raw)) == 2 and all(isinstance(one, str) for one in rows(raw)):
            raw = [raw]
        found = [self._one(field, one) for one in rows(raw)]
        return [one for one in found if one not in (None, "")]

    def _one(self, field: Field, raw: Any) -> Any:  # noqa: ANN401  # any JSON
        if field.type in WHOLE:
            return whole(raw) or None
        if field.type in ("double", "money"):
            return number(raw) if field.uf is None or text(raw) else (text(raw) or None)
        if field.type == "char":
            return "Y" if yes(raw) else "N"
        if field.type == "boolean":
            return 1 if yes(raw) else 0
        if field.type in TIMES:
            return self._time(field, raw)
        if field.type == "enumeration":
            known = {one["ID"] for one in (field.uf or {}).get("LIST", ())}
            return whole(raw) if whole(raw) in known else None
        if field.type == "file":
            return None  # files are stored by the card's writer, which gives them numbers
        return text(raw) or None

    def _time(self, field: Field, raw: Any) -> int | None:  # noqa: ANN401  # any JSON
        found = moments.read_day(raw) if field.type == "date" else moments.read(raw, self.zone)
        if found is None and self.strict and text(raw):
            raise RestError("CRM_FIELD_ERROR_VALUE_NOT_VALID", f"Значение поля «{field.title}» недопустимо")
        return found


def classic(field: Field, value: Any, zone: ZoneInfo) -> Any:  # noqa: ANN401  # any JSON
    """A value as `crm.lead.get` shows it: nearly everything is a string."""
    if field.multiple:
        if field.uf is not None and not value:
            return False
        return [_classic(field, one, zone) for one in value or ()]
    return _classic(field, value, zone)


def _classic(field: Field, value: Any, zone: ZoneInfo) -> Any:  # noqa: ANN401  # any JSON
    if value is None:
        return "" if field.type in TIMES or field.name == "COMMENTS" else None
    if field.type in TIMES:
        return moments.shown(value, zone)
    if field.type == "money" and field.uf is None:
        return f"{value:.2f}"
    if field.type == "double":
        return _short(value)
    if field.type == "file":
        return value
    if field.uf is not None and field.type in ("integer", "enumeration"):
        return value
    return str(value)


def universal(field: Field, value: Any, zone: ZoneInfo) -> Any:  # noqa: ANN401  # any JSON
    """A value as `crm.item.get` shows it, with real numbers."""
    if field.multiple:
        return [_universal(field, one, zone) for one in value or ()]
    return _universal(field, value, zone)


def _universal(field: Field, value: Any, zone: ZoneInfo) -> Any:  # noqa: ANN401  # any JSON
    if value is None:
        return 0 if field.type in ZERO_LINKS else "" if field.name == "COMMENTS" else None
    if field.type in TIMES:
        return moments.shown(value, zone)
    if field.type in ("money", "double") and isinstance(value, float):
        return int(value) if value == math.trunc(value) else value
    if field.type == "boolean":
        return "Y" if value else "N"
    return value


def _short(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) and abs(value) < 1e6 else str(value)
