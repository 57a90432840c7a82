"""A whole record out of what was given: every property of its set, fitted to its type, the rows numbered from 1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.onec.schema import EntitySet, Properties
from sandbox.onec.values import Record, fit


def filled(about: EntitySet, values: Mapping[str, Any]) -> dict[str, Any]:
    """Everything a record of the set has; what was not given is empty. Unknown names fall away."""
    empty = {name: known.empty for name, known in about.properties.items()}
    return {**empty, **dict.fromkeys(about.rows, ()), **fitted(about, values)}


def fitted(about: EntitySet, values: Mapping[str, Any]) -> dict[str, Any]:
    """What was given alone. ValueError or ArithmeticError for a value that is nothing of its type."""
    whole = _fit_all(about.properties, values)
    for section, properties in about.rows.items():
        if section in values:
            empty = {name: known.empty for name, known in properties.items()}
            rows = [{**empty, **_fit_all(properties, row)} for row in values[section]]
            whole[section] = [{**row, "LineNumber": number} for number, row in enumerate(rows, 1)]
    return whole


def turned(record: Record, old: str, new: str) -> dict[str, Any]:
    """The record with every reference to one object turned to another."""
    return {
        name: [turned(row, old, new) for row in value]
        if isinstance(value, tuple)
        else new
        if value == old and name != "Ref_Key"
        else value
        for name, value in record.items()
    }


def _fit_all(properties: Properties, values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: fit(known, values[name]) for name, known in properties.items() if name in values}
