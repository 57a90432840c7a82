"""What an administrator published: the sets and properties as the interface names them, some left out or renamed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sandbox.onec.configuration import Configuration, load
from sandbox.onec.odata.errors import no_set
from sandbox.onec.schema import NAMESPACE, EntitySet, Properties
from sandbox.onec.switches import Switches
from sandbox.onec.values import Record

Names = dict[str, str]
"""Inner names by the shown ones."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A set as the interface shows it. `names` and `row_names` lead from shown names to the base's own."""

    name: str
    about: EntitySet
    properties: Properties
    rows: dict[str, Properties]
    names: Names
    sections: Names
    row_names: dict[str, Names]
    types: Names
    """Shown names of reference types by the inner ones, where they differ."""
    plain: bool

    def view(self, record: Record) -> Record:
        """A record of the base under the shown names."""
        if self.plain:
            return record
        shown = {name: self._typed(record[inner]) for name, inner in self.names.items() if inner in record}
        for section, inner in self.sections.items():
            names = self.row_names[section]
            shown[section] = [{name: self._typed(row[own]) for name, own in names.items()} for row in record[inner]]
        return shown

    def inward(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values under shown names, as the base names them; unknown names fall away."""
        back = {shown: inner for inner, shown in self.types.items()}
        inner = {own: back.get(values[name], values[name]) for name, own in self.names.items() if _plain(values, name)}
        for section, own in self.sections.items():
            if section in values:
                names = self.row_names[section]
                inner[own] = [
                    {names[name]: back.get(value, value) for name, value in row.items() if name in names}
                    for row in values[section]
                ]
        return inner

    def _typed(self, value: Any) -> Any:  # noqa: ANN401
        return self.types.get(value, value) if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class Interface:
    """The sets by their shown names, in the order of the service document."""

    sets: dict[str, Shown]
    by_inner: dict[str, Shown]

    def find(self, name: str) -> tuple[Shown, str]:
        """A set, and the tabular section if the name goes on with one; ODataError code 8 if there is none."""
        for shown, rest in self._beginning(name):
            if not rest or rest in shown.rows or (rest == "RecordType" and shown.about.kind == "AccumulationRegister"):
                return shown, rest
        raise no_set(name)

    def _beginning(self, name: str) -> Iterable[tuple[Shown, str]]:
        if name in self.sets:
            yield self.sets[name], ""
        for known, shown in self.sets.items():
            if name.startswith(f"{known}_"):
                yield shown, name[len(known) + 1 :]


def interface(configuration: Configuration, switches: Switches) -> Interface:
    """The interface as the switches `unpublish` and `rename` leave it."""
    return _made(configuration.name, switches.unpublish, tuple(sorted(switches.rename.items())))


@lru_cache(maxsize=32)
def _made(name: str, unpublish: tuple[str, ...], rename: tuple[tuple[str, str], ...]) -> Interface:
    configuration = load(name)
    if "*" in unpublish:
        return Interface({}, {})
    names = {key: value.rpartition(".")[2] for key, value in rename}
    types = {f"{NAMESPACE}.{inner}": f"{NAMESPACE}.{names[inner]}" for inner in configuration.sets if inner in names}
    shown = [
        _shown(about, unpublish, names, types) for about in configuration.sets.values() if about.name not in unpublish
    ]
    return Interface({one.name: one for one in shown}, {one.about.name: one for one in shown})


def _shown(about: EntitySet, unpublish: tuple[str, ...], rename: Names, types: Names) -> Shown:
    hidden = {key.removeprefix(f"{about.name}.") for key in unpublish if key.startswith(f"{about.name}.")}
    renamed = {key.removeprefix(f"{about.name}."): to for key, to in rename.items() if key.startswith(f"{about.name}.")}
    names = _names(about.properties, hidden, renamed)
    sections = {renamed.get(section, section): section for section in about.rows if section not in hidden}
    row_names = {
        shown: _names(
            about.rows[inner],
            _below(inner, hidden),
            {k[len(inner) + 1 :]: v for k, v in renamed.items() if k.startswith(f"{inner}.")},
        )
        for shown, inner in sections.items()
    }
    return Shown(
        name=rename.get(about.name, about.name),
        about=about,
        properties=_under(names, about.properties),
        rows={shown: _under(row_names[shown], about.rows[inner]) for shown, inner in sections.items()},
        names=names,
        sections=sections,
        row_names=row_names,
        types=types,
        plain=not (hidden or renamed or types),
    )


def _below(section: str, hidden: set[str]) -> set[str]:
    return {name.removeprefix(f"{section}.") for name in hidden if name.startswith(f"{section}.")}


def _under(names: Names, properties: Properties) -> Properties:
    return {shown: replace(properties[inner], name=shown) for shown, inner in names.items()}


def _names(properties: Properties, hidden: set[str], renamed: Names) -> Names:
    names: Names = {}
    for name in properties:
        stem, suffix = _stem(name, properties)
        if name in hidden or stem in hidden:
            continue
        if name in renamed:
            names[renamed[name]] = name
        else:
            names[f"{renamed.get(stem, stem)}{suffix}"] = name
    return names


def _stem(name: str, properties: Properties) -> tuple[str, str]:
    """An attribute's own name and what OData added to it: `Контрагент` and `_Key`."""
    for suffix in ("_Key", "_Type", "_Base64Data"):
        stem = name.removesuffix(suffix)
        own = suffix == "_Key" or stem in properties or f"{stem}_Base64Data" in properties
        if stem != name and own:
            return stem, suffix
    return name, ""


def _plain(values: Mapping[str, Any], name: str) -> bool:
    return name in values and not isinstance(values[name], list)
