"""Values on the wire: what JSON and Atom show of a stored value, and what a body may bring in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sandbox.onec.odata.errors import ODataError, bad_value, internal
from sandbox.onec.odata.published import Shown
from sandbox.onec.odata.tokens import date_literal
from sandbox.onec.schema import EMPTY_REF, NAMESPACE, Properties, Property
from sandbox.onec.values import Record

BIND = "@odata.bind"
_LINK = re.compile(r"(\w+)\(guid'([^']+)'\)$")


def outward(value: Any, edm: str) -> Any:  # noqa: ANN401
    """As JSON has it: whole numbers of 64 bits as strings, fractions as numbers, dates without a zone."""
    if edm == "Edm.Double":
        return int(value) if value == value.to_integral_value() else float(value)
    if edm == "Edm.Int64":
        return str(value)
    return moment(value) if edm == "Edm.DateTime" else value


def moment(value: datetime) -> str:
    return value.isoformat(timespec="seconds")


def row_out(properties: Properties, row: Record) -> dict[str, Any]:
    """A row of a tabular section, or the plain properties of a record."""
    return {name: outward(row[name], known.edm) for name, known in properties.items() if name in row}


def record_out(shown: Shown, record: Record) -> dict[str, Any]:
    """A whole record with its sections."""
    sections = {name: [row_out(shown.rows[name], row) for row in record[name]] for name in shown.rows}
    return row_out(shown.properties, record) | sections


def body_in(shown: Shown, body: Any) -> dict[str, Any]:  # noqa: ANN401
    """The properties of a body by their shown names, parsed. Unknown names fall away, as in 1C.

    ODataError code 1 for a value that is nothing of its type, -1 for a body that is no object or has rows where a
    value is due; the row numbers must run from 1.
    """
    if not isinstance(body, dict):
        raise internal()
    values = _values_in(shown.properties, body)
    for section, properties in shown.rows.items():
        if section in body:
            values[section] = _rows_in(properties, body[section])
    return values


def _rows_in(properties: Properties, rows: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise internal()
    parsed = [_values_in(properties, row) for row in rows]
    if any("LineNumber" not in row for row in parsed):
        raise internal()
    if [row["LineNumber"] for row in parsed] != list(range(1, len(parsed) + 1)):
        raise ODataError(400, 4, "Номера строк табличной части должны идти подряд, начиная с 1")
    return parsed


def _values_in(properties: Properties, body: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in body.items():
        if name.endswith(BIND):
            values |= _bound(properties, name.removesuffix(BIND), value)
        elif name in properties:
            try:
                values[name] = _value_in(properties[name], value)
            except _Ignored:
                continue
    return values


class _Ignored(Exception):
    """A value that 1C passes over without a word."""


def _value_in(known: Property, value: Any) -> Any:  # noqa: ANN401
    if value is None:
        return known.empty
    if isinstance(value, list | dict):
        raise internal()
    reader: Callable[[Any], Any] = _READERS.get(known.edm, _whole)
    return reader(value)


def _text(value: Any) -> str:  # noqa: ANN401
    return value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)


def _guid(value: Any) -> str:  # noqa: ANN401
    try:
        return str(UUID(value))
    except (ValueError, AttributeError, TypeError):
        raise bad_value(value, "Edm.Guid") from None


def _bool(value: Any) -> bool:  # noqa: ANN401
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise bad_value(value, "Edm.Boolean")


def _date(value: Any) -> datetime:  # noqa: ANN401
    try:
        return date_literal(str(value))
    except ValueError:
        raise bad_value(value, "Edm.DateTime") from None


def _double(value: Any) -> Decimal:  # noqa: ANN401
    try:
        number = Decimal(str(value))
    except ArithmeticError:
        raise bad_value(value, "Edm.Double") from None
    if isinstance(value, bool) or not number.is_finite():
        raise bad_value(value, "Edm.Double")
    return number


def _whole(value: Any) -> int:  # noqa: ANN401
    try:
        return int(value)
    except (ValueError, TypeError):
        raise _Ignored from None


_READERS: dict[str, Callable[[Any], Any]] = {
    "Edm.String": _text,
    "Edm.Binary": _text,
    "Edm.Guid": _guid,
    "Edm.Boolean": _bool,
    "Edm.DateTime": _date,
    "Edm.Double": _double,
}


def _bound(properties: Properties, name: str, link: Any) -> dict[str, Any]:  # noqa: ANN401
    """`X@odata.bind: "Catalog_Y(guid'…')"` sets the reference X; an empty link clears it."""
    found = _LINK.search(str(link or ""))
    if found is None and link:
        raise bad_value(link, "Edm.Guid")
    key = _guid(found[2]) if found else EMPTY_REF
    if f"{name}_Key" in properties:
        return {f"{name}_Key": key}
    if name in properties and properties[name].composite and found:
        return {name: key, f"{name}_Type": f"{NAMESPACE}.{found[1]}"}
    return {}
