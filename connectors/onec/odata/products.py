"""Номенклатура: found by article, code or name; made where the settings say so; all that is missing told at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from connectors.onec.account import key_of
from connectors.onec.odata import query
from connectors.onec.odata.base import Base
from connectors.onec.odata.metadata import reference
from connectors.onec.odata.query import Row, either, text
from connectors.onec.odata.rates import Rates
from provodka.accounting import Line
from provodka.errors import Rejected

LACKING: Final = (
    "Нет в номенклатуре 1С: {names}. Заведите их, исправьте артикулы в сделке, или разрешите заводить новые: "
    "accounting.products.create: true."
)
AMBIGUOUS: Final = "В номенклатуре 1С подходит несколько: {names}. Пометьте лишние на удаление или исправьте артикулы."
_WAYS: Final = {"sku": "артикул", "code": "код", "name": "название"}


@dataclass(frozen=True, slots=True)
class Product:
    """An element of the catalog. `unit` is the ref of its unit, `unit_type` that of the reference where it varies."""

    ref: str
    name: str
    code: str = ""
    sku: str = ""
    unit: str = ""
    unit_type: str = ""


class Products:
    """The products of one base."""

    def __init__(self, base: Base, rates: Rates) -> None:
        self._base = base
        self._rates = rates
        self._names = base.names.product

    def known(self, refs: Sequence[str]) -> dict[str, Product]:
        """Products by their refs, for reading documents; each is asked for once."""
        found = {ref: self._base.kept(("product", ref), lambda: None) for ref in dict.fromkeys(refs) if ref}
        lacking = [ref for ref, product in found.items() if product is None]
        for row in self._base.by_keys(self._names.set, lacking):
            found[str(row["Ref_Key"])] = self._keep(self._product(row))
        return {ref: product for ref, product in found.items() if product is not None}

    def of(self, lines: Sequence[Line]) -> list[Product]:
        """The product of each line. Raises Rejected naming every line that has none, or more than one."""
        found: list[Product | None] = [None] * len(lines)
        doubts: list[str] = []
        named = self.known([line.product for line in lines])
        for n, line in enumerate(lines):
            found[n] = named.get(line.product)
        for way in self._base.settings.products.match:
            self._search(way, lines, found, doubts)
        if doubts:
            raise Rejected(f"{len(doubts)} products are ambiguous", hint=AMBIGUOUS.format(names="; ".join(doubts)))
        lacking = list(dict.fromkeys(_shown(line) for line, one in zip(lines, found, strict=True) if one is None))
        if lacking and not self._base.settings.products.create:
            raise Rejected(f"{len(lacking)} products are not in 1C", hint=LACKING.format(names="; ".join(lacking)))
        return [one or self._made(line) for line, one in zip(lines, found, strict=True)]

    def _search(self, way: str, lines: Sequence[Line], found: list[Product | None], doubts: list[str]) -> None:
        """Find what is still unknown, by one attribute, twenty values in a call."""
        open_ = {n: value for n, line in enumerate(lines) if found[n] is None and (value := _value(way, line))}
        hits: dict[str, list[Product]] = {}
        asked = []
        for value in dict.fromkeys(open_.values()):
            known = self._base.kept(("product by", way, _bare(value)), lambda: None)
            if known is not None:
                hits[_bare(value)] = [known]
            else:
                asked.append(value)
        attribute = {"sku": self._names.sku, "code": "Code", "name": "Description"}[way]
        if not self._base.schema.has(self._names.set, attribute):
            return
        for some in query.parts(asked):
            where = either(f"{attribute} eq {text(value)}" for value in some)
            for row in self._base.living(self._names.set, where):
                hits.setdefault(_bare(str(row.get(attribute, ""))), []).append(self._keep(self._product(row)))
        for n, value in open_.items():
            fitting = hits.get(_bare(value), [])
            if len(fitting) == 1:
                found[n] = fitting[0]
                self._base.keep(("product by", way, _bare(value)), fitting[0])
            elif fitting:
                names = ", ".join(f"«{one.name}» (код {one.code})" for one in fitting)
                doubts.append(f"{_shown(lines[n])} — {names} ({_WAYS[way]} совпадает)")

    def _made(self, line: Line) -> Product:
        """A new element under a key that stands for its article, or name: two who make it at once make one."""
        base, names = self._base, self._names
        body: dict[str, object] = {"Ref_Key": key_of(f"product:{line.sku or line.name}"), "Description": line.name}
        body |= base.schema.set_to(names.set, names.full_name, line.name)
        if line.sku:
            body |= base.schema.set_to(names.set, names.sku, line.sku)
        body |= self._unit(line.unit)
        if names.vat:
            of = base.names.vat.set or ""
            body |= base.schema.set_to(names.set, names.vat, self._rates.written(line.vat), of=of)
        for attribute, value in names.fixed.items():
            body |= base.schema.set_to(names.set, attribute, value)
        return self._keep(self._product(base.ensure(names.set, body, "Номенклатура")))

    def _unit(self, name: str) -> Row:
        units, names = self._base.names.units, self._names
        if units is None or not self._base.schema.has(names.set, names.unit):
            return {}

        def read() -> str:
            wanted = name.strip().rstrip(".")
            for condition in ([f"Description eq {text(wanted)}"] if wanted else []) + [f"Code eq {text(units.usual)}"]:
                rows = self._base.living(units.set, condition, select="Ref_Key", top=1)
                if rows:
                    return str(rows[0]["Ref_Key"])
            return ""

        found = self._base.kept(("unit", name), read)
        return self._base.schema.set_to(names.set, names.unit, found, of=units.set) if found else {}

    def _product(self, row: Row) -> Product:
        unit = self._names.unit.removesuffix("?")
        return Product(
            ref=str(row["Ref_Key"]),
            name=str(row.get(self._names.full_name.removesuffix("?")) or row.get("Description") or ""),
            code=str(row.get("Code") or "").strip(),
            sku=str(row.get(self._names.sku) or "").strip(),
            unit=reference(row, unit),
            unit_type=str(row.get(f"{unit}_Type") or ""),
        )

    def _keep(self, product: Product) -> Product:
        self._base.keep(("product", product.ref), product)
        return product


def named(line: Line, product: Product) -> Line:
    """A line of a document with what the catalog knows of its product."""
    return replace(line, name=line.name or product.name, sku=product.sku, code=product.code)


def _value(way: str, line: Line) -> str:
    return {"sku": line.sku, "code": line.code or line.sku, "name": line.name}[way].strip()


def _bare(value: str) -> str:
    return " ".join(value.split()).casefold()


def _shown(line: Line) -> str:
    return f"«{line.name}» (артикул {line.sku})" if line.sku else f"«{line.name}» (без артикула)"
