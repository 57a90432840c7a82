"""Accumulation registers, counted from the posted documents whenever they are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from sandbox.onec.base import Base
from sandbox.onec.configuration import DocumentRole
from sandbox.onec.papers import NO_REF
from sandbox.onec.schema import NAMESPACE, UNDEFINED, EntitySet
from sandbox.onec.values import Record, frozen


def movements(base: Base, about: EntitySet) -> list[Record]:
    """The register's records: one for each part of a payment, one for each other document; in order of dates."""
    records: list[Record] = []
    with base.lock:
        for role in base.configuration.documents.values():
            plan = about.movements.get(role.kind)
            for record in base.all(role.set) if plan else ():
                if record["Posted"] and not record["DeletionMark"]:
                    parts = _parts(role, record)
                    rows = (_movement(about, role, record, part, plan or {}) for part in parts)
                    filled = (row for row in rows if any(row[name] for name in about.resources))
                    records += [frozen({**row, "LineNumber": number}) for number, row in enumerate(filled, 1)]
    return sorted(records, key=lambda record: record["Period"])


def turned(
    about: EntitySet, records: Iterable[Record], dimensions: tuple[str, ...]
) -> Iterator[tuple[dict[str, Any], dict[str, Decimal]]]:
    """The sums of the resources for each combination of dimensions."""
    groups: dict[tuple[Any, ...], dict[str, Decimal]] = {}
    for record in records:
        sums = groups.setdefault(tuple(record[name] for name in dimensions), dict.fromkeys(about.resources, Decimal(0)))
        for name in about.resources:
            sums[name] += record[name]
    for values, sums in groups.items():
        yield dict(zip(dimensions, values, strict=True)), sums


def between(records: Iterable[Record], start: datetime | None, end: datetime | None) -> list[Record]:
    """Those of a period, both its ends included."""
    return [
        one for one in records if (start is None or start <= one["Period"]) and (end is None or one["Period"] <= end)
    ]


def dimensions(about: EntitySet) -> tuple[str, ...]:
    """The properties a register's sums are told apart by."""
    fixed = ("Recorder", "Recorder_Type", "Period", "LineNumber", "Active", *about.resources)
    return tuple(name for name in about.properties if name not in fixed)


def _parts(role: DocumentRole, record: Record) -> Iterable[Record]:
    return record[role.parts] if role.part else (record,)


def _movement(
    about: EntitySet, role: DocumentRole, record: Record, part: Record, plan: Mapping[str, str]
) -> dict[str, Any]:
    row: dict[str, Any] = {name: known.empty for name, known in about.properties.items()}
    place = {"Recorder": record["Ref_Key"], "Recorder_Type": f"{NAMESPACE}.{role.set}"}
    row |= {**place, "Period": record["Date"], "Active": True}
    amount = part[role.part.sum] if role.part else record[role.sum]
    for name, word in plan.items():
        if word in ("sum", "-sum"):
            row[name] = amount if word == "sum" else -amount
        elif word in ("self", "base", "order"):
            row |= _reference(about, name, role, record, part, word)
        else:
            row[name] = record.get(word, row[name])
    return row


def _reference(
    about: EntitySet, name: str, role: DocumentRole, record: Record, part: Record, word: str
) -> dict[str, str]:
    if word == "self":
        return {name: record["Ref_Key"], f"{name}_Type": f"{NAMESPACE}.{role.set}"}
    asked = role.part.order if role.part and word == "order" else role.part.base if role.part else role.base
    ref = part[asked] if asked else ""
    if ref in NO_REF:
        return {name: "", f"{name}_Type": UNDEFINED}
    # A reference of one type does not say which: the register's own dimension does.
    only = f"{NAMESPACE}.{about.properties[name].refers[0]}"
    return {name: ref, f"{name}_Type": part.get(f"{asked}_Type", only)}
