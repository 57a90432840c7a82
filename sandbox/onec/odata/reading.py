"""GET: lists with their filters, order and pages, single objects, properties of them, sections, registers."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.onec.base import Base
from sandbox.onec.odata.addresses import Step, arguments, named_key, single_key
from sandbox.onec.odata.errors import ODataError, bad_option, no_instance, no_segment
from sandbox.onec.odata.filters import Scope, compile_filter
from sandbox.onec.odata.options import Options
from sandbox.onec.odata.published import Interface, Shown
from sandbox.onec.odata.shape import Entry, Shape, address
from sandbox.onec.odata.tables import Tables
from sandbox.onec.odata.values import outward
from sandbox.onec.registers import movements
from sandbox.onec.schema import EntitySet, Property
from sandbox.onec.state import Key
from sandbox.onec.switches import Switches
from sandbox.onec.values import Record

RECORD_SET = "RecordSet"


@dataclass(frozen=True, slots=True)
class Found:
    """What a GET came to: entries of a set, one entry, a plain value, or a bare number.

    `context` goes behind `$metadata#`; `addresses` name each entry for Atom.
    """

    kind: str
    value: Any
    context: str = ""
    count: int | None = None
    shown: Shown | None = None
    addresses: tuple[str, ...] = ()


class Reader:
    """Reads one base through one interface."""

    def __init__(self, base: Base, interface: Interface, switches: Switches, root: str) -> None:
        self._base, self._interface, self._switches, self._root = base, interface, switches, root
        self._tables = Tables(base, lambda shown, text: compile_filter(text, self._scope(shown), "Condition"))

    def find(self, path: list[Step], options: Options) -> Found:
        """What a path leads to; ODataError where it leads nowhere."""
        shown, section = self._interface.find(path[0].name)
        self.check_right(shown, options)
        rest = path[1:]
        if path[0].inside is not None and path[0].inside.strip():
            if section:
                return self._row(shown, section, path[0].inside, options)
            record = shown.view(self.record(shown, path[0].inside))
            return self._inside(shown, record, rest, options) if rest else self._one(shown, record, options)
        if rest and rest[0].name != "$count":
            return self._table(shown, rest, options)
        return self._many(shown, section, options, counted=bool(rest))

    def record(self, shown: Shown, inside: str) -> Record:
        """The record of a key, under the base's own names; ODataError code 9 if there is none."""
        record = self._base.get(shown.about.name, self.key(shown, inside))
        if record is None:
            raise no_instance(shown.name)
        return record

    def key(self, shown: Shown, inside: str) -> Key:
        """The key in a path, as the base has it."""
        if shown.about.is_reference:
            return single_key(inside)
        names = {inner: name for name, inner in shown.names.items() if inner in shown.about.key}
        given = named_key(inside, shown.properties, [names[one] for one in shown.about.key])
        return tuple(given[names[one]] for one in shown.about.key)

    def check_right(self, shown: Shown, options: Options) -> None:
        """RLS: one forbidden row makes the whole request fail, unless the caller takes what is allowed only."""
        if shown.about.name in self._switches.forbid and not options.allowed_only:
            raise ODataError(401, 20, "Нарушение прав доступа!")

    def one(self, shown: Shown, record: Record, options: Options) -> Found:
        """A record of the base as the reply to a write."""
        return self._one(shown, shown.view(record), options)

    def _one(self, shown: Shown, record: Record, options: Options) -> Found:
        entry = Shape(self._base, self._interface, shown, options, many=False).entry(record, self._root)
        return Found("entry", entry, f"{shown.name}/@Element", shown=shown, addresses=(address(shown, record),))

    def _many(self, shown: Shown, section: str, options: Options, *, counted: bool) -> Found:
        if not section and shown.about.kind == "AccumulationRegister":
            return self._record_sets(shown, options, counted=counted)
        table = _as_rows(shown, section) if section in shown.rows else shown
        return self._page(table, self._records(shown, section), options, counted=counted)

    def _records(self, shown: Shown, section: str) -> list[Record]:
        if shown.about.name in self._switches.forbid:
            return []
        if shown.about.kind == "AccumulationRegister":
            return [shown.view(record) for record in movements(self._base, shown.about)]
        records = self._base.all(shown.about.name)
        if not section:
            return records if shown.plain else [shown.view(record) for record in records]
        return [{"Ref_Key": one["Ref_Key"], **row} for one in records for row in shown.view(one)[section]]

    def _page(self, shown: Shown, records: list[Record], options: Options, *, counted: bool) -> Found:
        if condition := options.get("$filter"):
            test = compile_filter(condition, self._scope(shown))
            records = [record for record in records if test(record)]
        if counted:
            return Found("number", len(records))
        total, wanted = len(records), options.get("$inlinecount")
        if wanted not in ("", "none", "allpages"):
            raise bad_option("$inlinecount")
        records = self._ordered(shown, records, options)
        if wanted != "allpages" or self._switches.inlinecount_pages:
            skip, top = options.number("$skip") or 0, options.number("$top")
            records = records[skip : None if top is None else skip + top]
        shape = Shape(self._base, self._interface, shown, options, many=True)
        entries = [shape.entry(record, self._root) for record in records]
        places = tuple(address(shown, one) for one in records) if options.form == "atom" else ()
        return Found("list", entries, shown.name, total if wanted == "allpages" else None, shown, places)

    def _ordered(self, shown: Shown, records: list[Record], options: Options) -> list[Record]:
        orders = [one.split() for one in options.get("$orderby").split(",") if one.strip()]
        if not orders and not self._switches.order:
            return random.sample(records, len(records))
        if shown.about.kind == "AccumulationRegister":
            return records
        for words in reversed(orders):
            read = self._reader(shown, words[0])
            if read is not None:
                records = sorted(records, key=read, reverse=words[-1].lower() == "desc")
        return records

    def _reader(self, shown: Shown, name: str) -> Callable[[Record], Any] | None:
        """How to read what is ordered by; a wrong name is passed over, as live bases do."""
        try:
            node = self._scope(shown).path(name.split("/"))
        except ODataError:
            return None

        def read(record: Record) -> tuple[bool, Any]:
            value = node.read({"": record})
            return value is not None, value if value is not None else ""

        return read

    def _scope(self, shown: Shown) -> Scope:
        return Scope(self._interface, self._base.get, shown, {})

    def _inside(self, shown: Shown, record: Record, rest: list[Step], options: Options) -> Found:
        name, more = rest[0].name, rest[1:]
        known = shown.properties.get(name)
        if known is not None and not more:
            return Found("value", outward(record[name], known.edm), f"{shown.name}/{name}")
        if name in shown.rows and not more:
            rows: list[Record] = [{"Ref_Key": record["Ref_Key"], **row} for row in record[name]]
            return self._page(_as_rows(shown, name), rows, options, counted=False)
        reference = shown.properties.get(f"{name}_Key")
        target = self._interface.by_inner.get(reference.refers[0]) if reference and reference.refers else None
        if target is None:
            raise no_segment(name)
        found = self._base.get(target.about.name, record[f"{name}_Key"])
        if found is None:
            raise no_instance(target.name)
        further = target.view(found)
        return self._inside(target, further, more, options) if more else self._one(target, further, options)

    def _row(self, shown: Shown, section: str, inside: str, options: Options) -> Found:
        if section not in shown.rows:
            raise no_segment(section)
        key = named_key(inside, _as_rows(shown, section).properties, ["Ref_Key", "LineNumber"])
        whole = self._base.get(shown.about.name, str(key["Ref_Key"]))
        rows = [row for row in (shown.view(whole)[section] if whole else ()) if row["LineNumber"] == key["LineNumber"]]
        if not rows:
            raise no_instance(f"{shown.name}_{section}")
        return self._one(_as_rows(shown, section), {"Ref_Key": key["Ref_Key"], **rows[0]}, options)

    def _table(self, shown: Shown, rest: list[Step], options: Options) -> Found:
        if not self._tables.has(shown, rest[0].name):
            raise no_segment(rest[0].name)
        table, rows = self._tables.table(shown, rest[0].name, arguments(rest[0].inside))
        return self._page(table, rows, options, counted=len(rest) > 1 and rest[1].name == "$count")

    def _record_sets(self, shown: Shown, options: Options, *, counted: bool) -> Found:
        """A register under its recorders: each with the set of its records."""
        flat = self._page(shown, self._records(shown, ""), _bare(options), counted=False).value
        sets: dict[tuple[str, str], list[Entry]] = {}
        for row in flat:
            recorder = (row.pop("Recorder"), row.pop("Recorder_Type"))
            sets.setdefault(recorder, []).append({name: one for name, one in row.items() if "@" not in name})
        if counted:
            return Found("number", len(sets))
        skip, top = options.number("$skip") or 0, options.number("$top")
        whole = [{"Recorder": ref, "Recorder_Type": kind, RECORD_SET: rows} for (ref, kind), rows in sets.items()]
        total = len(whole) if options.get("$inlinecount") == "allpages" else None
        return Found("list", whole[skip : None if top is None else skip + top], shown.name, total, shown)


def _bare(options: Options) -> Options:
    return Options({name: value for name, value in options.values.items() if name == "$filter"}, options.form)


def _as_rows(shown: Shown, section: str) -> Shown:
    """A section as a set of its own."""
    about = EntitySet(f"{shown.about.name}_{section}", "Rows", {}, ("Ref_Key", "LineNumber"))
    properties = {"Ref_Key": Property("Ref_Key", "Edm.Guid", ""), **shown.rows[section]}
    name, names = f"{shown.name}_{section}", {one: one for one in properties}
    return Shown(name, about, properties, {}, names, {}, {}, {}, plain=True)
