"""An applied configuration as data (`configurations/<name>.yaml`): sets, enumerations, roles, the seed of a base."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict

from sandbox.onec.schema import EntitySet, make_set

FOLDER = Path(__file__).parent / "configurations"
NAMES = ("bp", "ut", "unf", "erp")

Kind = Literal["invoice", "order", "payment", "refund", "shipment"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LineRole(_Data):
    """Which properties of a row of goods mean what; "" where the configuration has none."""

    product: str
    quantity: str
    price: str
    sum: str
    vat_rate: str
    vat: str
    total: str = ""
    text: str = ""
    base: str = ""


class PartRole(_Data):
    """Which properties of a row of a payment mean what: the document it pays for, the order behind that, the sum."""

    base: str
    order: str = ""
    sum: str
    settled: str = ""
    vat_rate: str = ""
    vat: str = ""
    fill: dict[str, Any] = {}


class DocumentRole(_Data):
    """A document set in its neutral role. `lines` are the sections of goods (and of services), `parts` of a payment."""

    kind: Kind
    set: str
    sum: str
    counterparty: str
    purpose: str = ""
    incoming: str = ""
    """Where the number of the payer's own payment order stands."""
    dated: tuple[str, ...] = ()
    """Further dates that are the payment's own."""
    includes_vat: str = ""
    base: str = ""
    cash: bool = False
    lines: tuple[str, ...] = ()
    line: LineRole | None = None
    parts: str = ""
    part: PartRole | None = None
    fill: dict[str, Any] = {}
    lines_of_base: bool = False
    """Its goods stand in the document it was made from (an invoice of УТ)."""


class Roles(_Data):
    """The sets that are not documents, by what they are, with the properties that differ between configurations."""

    counterparty: str
    contract: str
    product: str
    organization: str
    currency: str
    warehouse: str
    unit: str
    vat_rate: str = ""
    service: str = ""
    status: str = ""
    settlement: str = ""
    files: str = ""


@dataclass(frozen=True, slots=True)
class Configuration:
    """One configuration. `prefix` begins each document's number; `documents` are by set."""

    name: str
    title: str
    prefix: str
    sets: Mapping[str, EntitySet]
    enums: Mapping[str, tuple[str, ...]]
    roles: Roles
    documents: Mapping[str, DocumentRole]
    seed: Mapping[str, list[Mapping[str, Any]]]

    def role(self, kind: Kind, *, cash: bool = False) -> DocumentRole | None:
        """The document that plays this role; a `cash` one among payments and refunds."""
        fitting = [one for one in self.documents.values() if one.kind == kind]
        return next((one for one in fitting if one.cash == cash), None)


@cache
def load(name: str) -> Configuration:
    """Read one by its file's name; `extends` lays a file over another. ValueError names a wrong entry."""
    if name not in NAMES:
        raise ValueError(f"no configuration {name!r}; there are {', '.join(NAMES)}")
    raw = _read(name)
    sets = {key: make_set(key, {**about, "name": key}) for key, about in raw["sets"].items()}
    roles = [DocumentRole.model_validate(one) for one in raw["documents"]]
    return Configuration(
        name=name,
        title=raw["title"],
        prefix=raw["prefix"],
        sets=sets,
        enums={key: tuple(values) for key, values in raw["enums"].items()},
        roles=Roles.model_validate(raw["roles"]),
        documents={role.set: role for role in roles},
        seed={key: records for key, records in raw["seed"].items() if key in sets},
    )


def _read(name: str) -> dict[str, Any]:
    raw: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    parent = raw.pop("extends", None)
    return _over(_read(parent), raw) if parent else raw


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Mappings are joined, anything else is replaced."""
    joined = dict(below)
    for key, value in above.items():
        old = joined.get(key)
        joined[key] = _over(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return joined
