"""`$select` and `$expand`: which members a record shows, and the links and marks around them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.onec.base import Base
from sandbox.onec.odata.errors import no_property
from sandbox.onec.odata.options import Form, Options
from sandbox.onec.odata.presentation import SUFFIX, presentable, words_for
from sandbox.onec.odata.published import Interface, Shown
from sandbox.onec.odata.values import outward, record_out, row_out
from sandbox.onec.schema import NAMESPACE, Properties
from sandbox.onec.values import Record

Entry = dict[str, Any]


class Shape:
    """How the records of one answer look. ODataError code 10 for a name that is not there."""

    def __init__(self, base: Base, interface: Interface, shown: Shown, options: Options, *, many: bool) -> None:
        self._base, self._interface, self._shown, self._form = base, interface, shown, options.form
        wanted = [one.strip() for one in options.get("$select").split(",") if one.strip()]
        self._sections: dict[str, list[str]] = {}
        self._words: list[str] = []
        self._names = self._chosen(wanted)
        expanded = [one.strip().split("/")[0] for one in options.get("$expand").split(",") if one.strip()]
        # A single object is never expanded, and a list only by what it selects.
        self._expanded = [name for name in expanded if many and self._known(name) and self._shows(name, wanted)]

    def entry(self, record: Record, root: str) -> Entry:
        """One record as JSON has it, after `view`."""
        whole = self._names is None
        known = self._shown.properties if self._names is None else self._names
        entry = record_out(self._shown, record) if whole else row_out(known, record)
        for section, names in self._sections.items():
            properties = {name: self._shown.rows[section][name] for name in names}
            entry[section] = [row_out(properties, row) for row in record[section]]
        entry |= words_for(self._base, self._shown.properties, record, self._words)
        for name in self._expanded:
            entry |= self._referred(record, name)
        return {
            **marks(self._shown, record, self._form, root),
            **entry,
            **links(self._shown, record, known, self._form),
        }

    def _chosen(self, wanted: list[str]) -> Properties | None:
        """The plain properties to show; None for the whole record."""
        properties, chosen = self._shown.properties, dict[str, bool]()
        for name in wanted or ["*"]:
            section, _, inner = name.partition("/")
            if name in ("*", "**"):
                chosen |= dict.fromkeys(properties, True)
                if name == "*":
                    self._sections |= {one: list(rows) for one, rows in self._shown.rows.items()}
            elif name == f"*{SUFFIX}":
                self._words += presentable(properties)
            elif name.endswith(SUFFIX):
                self._words.append(self._worded(name.removesuffix(SUFFIX)))
            elif section in self._shown.rows:
                self._select_row(section, inner)
            elif name in properties:
                chosen[name] = True
            elif not self._known(section):
                raise no_property(name)
        if not wanted:
            self._sections.clear()
            return None
        return {name: known for name, known in properties.items() if name in chosen}

    def _select_row(self, section: str, inner: str) -> None:
        rows = self._shown.rows[section]
        if inner and inner != "*" and inner not in rows:
            raise no_property(f"{section}/{inner}")
        names = list(rows) if inner in ("", "*") else [inner]
        self._sections.setdefault(section, [])
        self._sections[section] += [name for name in names if name not in self._sections[section]]

    def _worded(self, name: str) -> str:
        if name not in self._shown.properties and f"{name}_Key" not in self._shown.properties:
            raise no_property(f"{name}{SUFFIX}")
        return name

    def _known(self, name: str) -> bool:
        known = self._shown.properties.get(name) or self._shown.properties.get(f"{name}_Key")
        return known is not None and bool(known.navigation)

    def _shows(self, name: str, wanted: list[str]) -> bool:
        return not wanted or "*" in wanted or "**" in wanted or any(one.split("/")[0] == name for one in wanted)

    def _referred(self, record: Record, name: str) -> Entry:
        known = self._shown.properties.get(f"{name}_Key")
        if known is not None:
            target = self._interface.by_inner.get(known.refers[0])
            found = target and self._base.get(target.about.name, record[known.name])
            return {name: record_out(target, target.view(found)) if target and found else None}
        target = self._interface.sets.get(record[f"{name}_Type"].removeprefix(f"{NAMESPACE}."))
        found = target and self._base.get(target.about.name, record[name])
        return {f"{name}_Expanded": record_out(target, target.view(found)) if target and found else None}


def marks(shown: Shown, record: Record, form: Form, root: str) -> Entry:
    """What full metadata says of each entry."""
    if form != "fullmetadata":
        return {}
    place = address(shown, record)
    return {"odata.type": f"{NAMESPACE}.{shown.name}", "odata.id": f"{root}{place}", "odata.editLink": place}


def links(shown: Shown, record: Record, known: Properties, form: Form) -> Entry:
    """Where the references lead, unless metadata is unwanted."""
    if form in ("nometadata", "atom"):
        return {}
    names = [one.navigation for one in known.values() if one.refers and not one.composite]
    place = address(shown, record) if names else ""
    return {f"{name}@navigationLinkUrl": f"{place}/{name}" for name in names}


def address(shown: Shown, record: Record) -> str:
    """The set with the key of a record."""
    if shown.about.is_reference:
        return f"{shown.name}(guid'{record['Ref_Key']}')"
    keys = (name for name, inner in shown.names.items() if inner in shown.about.key)
    return f"{shown.name}({','.join(f'{name}={literal(record[name], shown.properties[name].edm)}' for name in keys)})"


def literal(value: Any, edm: str) -> str:  # noqa: ANN401
    """A value in a key."""
    writer: Callable[[Any], str] = {"Edm.Guid": "guid'{}'".format, "Edm.DateTime": "datetime'{}'".format}.get(
        edm, "'{}'".format
    )
    return writer(outward(value, edm))
