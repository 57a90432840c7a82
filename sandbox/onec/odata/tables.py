"""Virtual tables: slices of information registers, balances and turnovers of accumulation registers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sandbox.onec.base import Base
from sandbox.onec.odata.errors import ODataError, bad_option
from sandbox.onec.odata.published import Shown
from sandbox.onec.odata.tokens import date_literal
from sandbox.onec.registers import between, dimensions, movements, turned
from sandbox.onec.schema import Property
from sandbox.onec.values import Record

Condition = Callable[[Shown, str], Callable[[Record], bool]]
SLICES = ("SliceLast", "SliceFirst")
TOTALS: dict[str, tuple[str, ...]] = {
    "Balance": ("Balance",),
    "Turnovers": ("Turnover",),
    "BalanceAndTurnovers": ("OpeningBalance", "Turnover", "ClosingBalance"),
}
"""What each table adds to a resource's name."""


class Tables:
    """The virtual tables of one base. `condition` compiles the argument of that name over a set."""

    def __init__(self, base: Base, condition: Condition) -> None:
        self._base, self._condition = base, condition

    def has(self, shown: Shown, name: str) -> bool:
        """Whether the set has this table."""
        if shown.about.kind == "InformationRegister":
            return name in SLICES and "Period" in shown.about.key
        return name in TOTALS and shown.about.kind == "AccumulationRegister"

    def table(self, shown: Shown, name: str, given: Mapping[str, str]) -> tuple[Shown, list[Record]]:
        """The rows under the names of the set, and the set as this table shows it."""
        if name in SLICES:
            return shown, self._slice(shown, name, given)
        return self._totals(shown, name, given)

    def _slice(self, shown: Shown, name: str, given: Mapping[str, str]) -> list[Record]:
        moment, last = _moment(given, "Period"), name == "SliceLast"
        records = sorted(self._base.all(shown.about.name), key=lambda one: one["Period"], reverse=not last)
        found: dict[tuple[Any, ...], Record] = {}
        for record in records:
            if moment is None or (record["Period"] <= moment if last else record["Period"] >= moment):
                found[tuple(record[key] for key in shown.about.dimensions)] = record
        return self._fitting(shown, given, map(shown.view, found.values()))

    def _totals(self, shown: Shown, name: str, given: Mapping[str, str]) -> tuple[Shown, list[Record]]:
        about = shown.about
        records = self._fitting(shown, given, map(shown.view, movements(self._base, about)))
        kept = self._dimensions(shown, given)
        about = replace(about, resources=tuple(one for one in shown.names if shown.names[one] in about.resources))
        wide: Property = next(shown.properties[one] for one in about.resources)
        rows: dict[tuple[Any, ...], dict[str, Any]] = {}
        for suffix, part in _portions(name, given, records).items():
            for values, sums in turned(about, part, kept):
                empty = {f"{one}{add}": wide.empty for one in about.resources for add in TOTALS[name]}
                row = rows.setdefault(tuple(values.values()), {**values, **empty})
                row |= {f"{one}{suffix}": total for one, total in sums.items()}
        properties = {one: shown.properties[one] for one in kept}
        for one in about.resources:
            properties |= {f"{one}{add}": replace(wide, name=f"{one}{add}") for add in TOTALS[name]}
        whole = (
            row for row in rows.values() if name != "Balance" or any(row[f"{one}Balance"] for one in about.resources)
        )
        names = {one: shown.names[one] for one in kept}
        return replace(shown, properties=properties, rows={}, names=names), list(whole)

    def _dimensions(self, shown: Shown, given: Mapping[str, str]) -> tuple[str, ...]:
        known = [name for name, inner in shown.names.items() if inner in dimensions(shown.about)]
        asked = {one.strip() for one in given.get("Dimensions", "").split(",") if one.strip()}
        if not asked:
            return tuple(known)
        kept = tuple(name for name in known if asked & {name, name.removesuffix("_Key"), name.removesuffix("_Type")})
        if not kept:
            raise ODataError(400, 10, f'Свойство "{sorted(asked)[0]}" не найдено!')
        return kept

    def _fitting(self, shown: Shown, given: Mapping[str, str], records: Iterable[Record]) -> list[Record]:
        if not given.get("Condition"):
            return list(records)
        test = self._condition(shown, given["Condition"])
        return [record for record in records if test(record)]


def _portions(name: str, given: Mapping[str, str], records: list[Record]) -> dict[str, list[Record]]:
    """The movements that each sum of the table takes. A balance stands at the start of its moment."""
    if name == "Balance":
        moment = _moment(given, "Period")
        return {"Balance": [one for one in records if moment is None or one["Period"] < moment]}
    start, end = _moment(given, "StartPeriod"), _moment(given, "EndPeriod")
    turns = between(records, start, end)
    if name == "Turnovers":
        return {"Turnover": turns}
    opening = [one for one in records if start is not None and one["Period"] < start]
    return {"OpeningBalance": opening, "Turnover": turns, "ClosingBalance": opening + turns}


def _moment(given: Mapping[str, str], name: str) -> datetime | None:
    text = given.get(name)
    if text is None:
        return None
    try:
        return date_literal(text.removeprefix("datetime").strip("'"))
    except ValueError:
        raise bad_option(name) from None
