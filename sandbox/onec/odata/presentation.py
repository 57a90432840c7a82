"""How 1C puts a reference into words: `X____Presentation`."""

from __future__ import annotations

import re
from typing import Any

from sandbox.onec.base import Base
from sandbox.onec.odata.values import outward
from sandbox.onec.papers import NO_REF
from sandbox.onec.schema import NAMESPACE, Properties
from sandbox.onec.values import Record

SUFFIX = "____Presentation"


def presentation(base: Base, properties: Properties, record: Record, name: str) -> str | None:
    """Words for a property by the name it is asked under (`Контрагент` or `Комментарий`); None if there is no such."""
    key = name if name in properties else f"{name}_Key"
    known = properties.get(key)
    if known is None:
        return None
    value = record[key]
    if known.composite:
        kind = record[f"{name}_Type"].removeprefix(f"{NAMESPACE}.")
        return named(base, kind, value) if kind in base.configuration.sets else str(value)
    if known.refers:
        return "" if value in NO_REF else named(base, known.refers[0], value)
    return str(outward(value, known.edm))


def named(base: Base, kind: str, ref: str) -> str:
    """The name of a catalog's item, or a document with its number and date."""
    record = base.get(kind, ref)
    if record is None:
        return f"<Объект не найден> ({ref})"
    if "Number" not in record:
        return str(record["Description"])
    words = re.sub(r"(?<=[а-яё])(?=[А-ЯЁ])", " ", kind.partition("_")[2])
    title = words[:1] + words[1:].lower()
    return f"{title} {record['Number']} от {record['Date']:%d.%m.%Y %H:%M:%S}"


def presentable(properties: Properties) -> list[str]:
    """The names that have words of their own: the references."""
    return [known.navigation for known in properties.values() if known.navigation]


def words_for(base: Base, properties: Properties, record: Record, names: list[str]) -> dict[str, Any]:
    return {f"{name}{SUFFIX}": presentation(base, properties, record, name) for name in names}
