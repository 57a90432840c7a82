"""Sets and properties as OData names them, made from the one-word types of a configuration file.

A type is `String(12)`, `Number(15,2)`, `Date`, `Boolean`, `Guid`, `Storage`, `Enum(Имя)`, the name of a set for a
reference to it (`Catalog_Валюты` becomes `X_Key`), a list of sets for a composite type (`X` and `X_Type`), or `Any`
for a composite of anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

NAMESPACE = "StandardODATA"
UNDEFINED = f"{NAMESPACE}.Undefined"
EMPTY_REF = "00000000-0000-0000-0000-000000000000"
EMPTY_DATE = datetime(1, 1, 1)  # noqa: DTZ001  # 1C keeps no zone
REFERENCES = ("Catalog", "Document", "ChartOfCharacteristicTypes", "ChartOfAccounts", "ExchangePlan")

Fields = Mapping[str, Any]
_WORD = re.compile(r"^(\w+)(?:\((\w+)(?:,\s*(\d+))?\))?$")
_EMPTY: dict[str, Any] = {
    "Edm.String": "",
    "Edm.Guid": EMPTY_REF,
    "Edm.DateTime": EMPTY_DATE,
    "Edm.Double": Decimal(0),
    "Edm.Int16": 0,
    "Edm.Int32": 0,
    "Edm.Int64": 0,
    "Edm.Boolean": False,
    "Edm.Binary": "",
}


@dataclass(frozen=True, slots=True)
class Property:
    """`refers` are the sets a reference may point to; with `composite` its type stands in the property `<name>_Type`.

    `empty` is what 1C holds when nothing was given. `length` 0 is unlimited.
    """

    name: str
    edm: str
    empty: Any
    length: int = 0
    scale: int = 0
    refers: tuple[str, ...] = ()
    enum: str = ""
    composite: bool = False

    @property
    def navigation(self) -> str:
        """The name by which one walks to what it refers to; empty for a plain value."""
        return self.name.removesuffix("_Key") if self.refers or self.composite else ""


Properties = dict[str, Property]


@dataclass(frozen=True, slots=True)
class EntitySet:
    """A catalog, document, register… `key` are the properties that identify a record; `rows` its tabular sections.

    `messages` say in 1C's words what posting answers when a property is empty; `unique` names one that may not repeat.
    """

    name: str
    kind: str
    properties: Properties
    key: tuple[str, ...]
    rows: dict[str, Properties] = field(default_factory=dict)
    messages: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    code_length: int = 9
    code_prefix: str = ""
    unique: str = ""
    movements: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    resources: tuple[str, ...] = ()

    @property
    def is_reference(self) -> bool:
        return self.kind in REFERENCES

    @property
    def dimensions(self) -> tuple[str, ...]:
        """What a register's records are told apart by, the period aside."""
        return tuple(name for name in self.key if name != "Period")


def make_set(name: str, about: Fields) -> EntitySet:
    """One set out of its section in the configuration file."""
    kind = name.partition("_")[0]
    own = _properties(about.get("fields", {}))
    dimensions = _properties(about.get("dimensions", {}))
    resources = _properties(about.get("resources", {}))
    standard = _standard(kind, about)
    key: tuple[str, ...] = ("Ref_Key",)
    if kind == "InformationRegister":
        key = (*(["Period"] if about.get("period") else []), *dimensions)
    elif kind == "AccumulationRegister":
        key = ("Recorder", "Recorder_Type")
    return EntitySet(
        name=name,
        kind=kind,
        properties={**standard, **dimensions, **resources, **own},
        key=key,
        rows={
            section: _properties({"LineNumber": "Int64", **fields}) for section, fields in about.get("rows", {}).items()
        },
        messages=about.get("required", {}),
        defaults=about.get("defaults", {}),
        code_length=about.get("code", {}).get("length", 9),
        code_prefix=about.get("code", {}).get("prefix", ""),
        unique=about.get("unique", ""),
        movements=about.get("movements", {}),
        resources=tuple(resources),
    )


def _standard(kind: str, about: Fields) -> Properties:
    fields: dict[str, Any] = {}
    if kind in REFERENCES:
        fields |= {"Ref_Key": "Guid", "DataVersion": "String", "DeletionMark": "Boolean"}
    if kind == "Document":
        fields |= {"Number": "String(11)", "Date": "Date", "Posted": "Boolean"}
    if kind in ("Catalog", "ChartOfCharacteristicTypes", "ExchangePlan"):
        fields |= {"Code": "String(50)", "Description": f"String({about.get('description', 100)})"}
    if kind == "ExchangePlan":
        fields |= {"SentNo": "Int64", "ReceivedNo": "Int64", "ThisNode": "Boolean"}
    if kind in ("Catalog", "ChartOfCharacteristicTypes"):
        if about.get("hierarchy"):
            fields |= {"Parent_Key": "Guid", "IsFolder": "Boolean"}
        if "owner" in about:
            fields["Owner"] = about["owner"]
        fields |= {"Predefined": "Boolean", "PredefinedDataName": "String"}
    if kind == "InformationRegister" and about.get("period"):
        fields["Period"] = "Date"
    if kind == "AccumulationRegister":
        fields |= {"Recorder": "Any", "Period": "Date", "LineNumber": "Int64", "Active": "Boolean"}
    properties = _properties(fields)
    if "Parent_Key" in properties:
        properties["Parent_Key"] = Property("Parent_Key", "Edm.Guid", EMPTY_REF, refers=(about["name"],))
    return properties


def _properties(fields: Fields) -> Properties:
    return {made.name: made for name, kind in fields.items() for made in _made(name, kind)}


def _made(name: str, kind: str | list[str]) -> Iterable[Property]:
    if isinstance(kind, list) or kind == "Any":
        refers = tuple(kind) if isinstance(kind, list) else ()
        return (
            Property(name, "Edm.String", "", refers=refers, composite=True),
            Property(f"{name}_Type", "Edm.String", UNDEFINED),
        )
    if kind.partition("_")[0] in REFERENCES:
        return (Property(f"{name}_Key", "Edm.Guid", EMPTY_REF, refers=(kind,)),)
    if kind == "Storage":
        return Property(f"{name}_Type", "Edm.String", ""), Property(f"{name}_Base64Data", "Edm.Binary", "")
    return (_plain(name, kind),)


def _plain(name: str, kind: str) -> Property:
    found = _WORD.match(kind)
    if found is None:
        raise ValueError(f"{name}: {kind!r} is not a type")
    word, first, second = found.groups()
    if word == "Enum":
        return Property(name, "Edm.String", "", enum=first)
    if word == "Number":
        return _number(name, int(first), int(second or 0))
    edm = {"String": "Edm.String", "Date": "Edm.DateTime"}.get(word, f"Edm.{word}")
    if edm not in _EMPTY:
        raise ValueError(f"{name}: {kind!r} is not a type")
    return Property(name, edm, _EMPTY[edm], length=int(first or 0))


def _number(name: str, length: int, scale: int) -> Property:
    if scale:
        return Property(name, "Edm.Double", Decimal(0), length, scale)
    edm = "Edm.Int16" if length < 5 else "Edm.Int32" if length < 10 else "Edm.Int64"
    return Property(name, edm, 0, length)
