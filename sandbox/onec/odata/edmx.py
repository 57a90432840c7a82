"""`$metadata`: the EDMX document of what is published, written from the configuration."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.onec.configuration import Configuration
from sandbox.onec.odata.published import Interface, Shown
from sandbox.onec.odata.tables import SLICES, TOTALS
from sandbox.onec.schema import NAMESPACE, Properties, Property

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<edmx:Edmx xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx" Version="1.0">
<edmx:DataServices xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata" \
m:DataServiceVersion="3.0" m:MaxDataServiceVersion="3.0">
<Schema xmlns="http://schemas.microsoft.com/ado/2009/11/edm" Namespace="StandardODATA">
"""
TAIL = "</Schema>\n</edmx:DataServices>\n</edmx:Edmx>\n"
BASE64 = "_Base64Data"


class Metadata:
    """Writes the document of one interface."""

    def __init__(self, configuration: Configuration, interface: Interface) -> None:
        self._configuration, self._interface = configuration, interface

    def text(self) -> str:
        shown = list(self._interface.sets.values())
        parts = [HEAD]
        for one in shown:
            parts += self._associations(one)
        for one in shown:
            parts += self._types(one)
        for one in shown:
            parts += [_complex(f"{one.name}_{section}_RowType", rows) for section, rows in one.rows.items()]
            if one.about.kind == "AccumulationRegister":
                parts.append(_complex(f"{one.name}_RowType", _records(one)))
        parts += [_enum(name, values) for name, values in self._configuration.enums.items()]
        parts += ['<EntityContainer Name="EnterpriseV8" m:IsDefaultEntityContainer="true">\n']
        for one in shown:
            parts += [_set(name) for name in set_names(one)]
        for one in shown:
            parts += _functions(one)
        return "".join([*parts, "</EntityContainer>\n", TAIL])

    def _associations(self, shown: Shown) -> Iterator[str]:
        for known, target in self._references(shown):
            yield (
                f'<Association Name="{shown.name}_{known.navigation}">'
                f'<End Role="Begin" Type="{NAMESPACE}.{shown.name}" Multiplicity="*"/>'
                f'<End Role="End" Type="{NAMESPACE}.{target}" Multiplicity="0..1"/></Association>\n'
            )

    def _types(self, shown: Shown) -> Iterator[str]:
        """The entity type of a set and those of its sections."""
        if shown.about.kind == "AccumulationRegister":
            recorder = {name: shown.properties[name] for name in ("Recorder", "Recorder_Type")}
            records = _collection("RecordSet", f"{shown.name}_RowType")
            yield _entity(shown.name, list(recorder), recorder, records)
            yield _entity(f"{shown.name}_RecordType", [*recorder, "LineNumber"], shown.properties)
            return
        keys = [name for name, inner in shown.names.items() if inner in shown.about.key]
        sections = "".join(_collection(section, f"{shown.name}_{section}_RowType") for section in shown.rows)
        navigation = "".join(
            f'<NavigationProperty Name="{known.navigation}" Relationship="{NAMESPACE}.{shown.name}_{known.navigation}"'
            ' FromRole="Begin" ToRole="End"/>\n'
            for known, _ in self._references(shown)
        )
        opened = any(known.composite for known in shown.properties.values())
        yield _entity(shown.name, keys, shown.properties, sections + navigation, opened=opened)
        for section, rows in shown.rows.items():
            whole = {"Ref_Key": Property("Ref_Key", "Edm.Guid", ""), **rows}
            yield _entity(f"{shown.name}_{section}", ["Ref_Key", "LineNumber"], whole)

    def _references(self, shown: Shown) -> Iterator[tuple[Property, str]]:
        for known in shown.properties.values():
            if known.refers and not known.composite and known.refers[0] in self._interface.by_inner:
                yield known, self._interface.by_inner[known.refers[0]].name


def set_names(shown: Shown) -> list[str]:
    """The sets that one object gives: itself, its sections, the records of a register."""
    names = [shown.name, *(f"{shown.name}_{section}" for section in shown.rows)]
    return [*names, f"{shown.name}_RecordType"] if shown.about.kind == "AccumulationRegister" else names


def _records(shown: Shown) -> Properties:
    return {name: one for name, one in shown.properties.items() if not name.startswith("Recorder")}


def _entity(name: str, keys: list[str], properties: Properties, more: str = "", *, opened: bool = False) -> str:
    mark = ' OpenType="true"' if opened else ""
    refs = "".join(f'<PropertyRef Name="{key}"/>' for key in keys)
    lines = "".join(_property(one, nullable=one.name not in keys) for one in properties.values())
    return f'<EntityType Name="{name}"{mark}>\n<Key>{refs}</Key>\n{lines}{more}</EntityType>\n'


def _property(known: Property, *, nullable: bool = True) -> str:
    line = f'<Property Name="{known.name}" Type="{known.edm}" Nullable="{str(nullable).lower()}"/>\n'
    if known.edm != "Edm.Binary":
        return line
    return f'<Property Name="{known.name.removesuffix(BASE64)}" Type="Edm.Stream" Nullable="true"/>\n{line}'


def _collection(name: str, kind: str) -> str:
    return f'<Property Name="{name}" Type="Collection({NAMESPACE}.{kind})" Nullable="true"/>\n'


def _complex(name: str, properties: Properties) -> str:
    return f'<ComplexType Name="{name}">\n{"".join(map(_property, properties.values()))}</ComplexType>\n'


def _enum(name: str, values: tuple[str, ...]) -> str:
    members = "".join(f'<Member Name="{value}"/>' for value in values)
    return f'<EnumType Name="{name}">{members}</EnumType>\n'


def _set(name: str) -> str:
    return f'<EntitySet Name="{name}" EntityType="{NAMESPACE}.{name}"/>\n'


def _functions(shown: Shown) -> Iterator[str]:
    """Post and Unpost of documents, the virtual tables of registers."""
    if shown.about.kind == "Document":
        mode = '<Parameter Name="PostingModeOperational" Type="Edm.Boolean"/>'
        yield from (_function(name, shown, mode, "true") for name in ("Post", "Unpost"))
    elif shown.about.kind == "AccumulationRegister":
        yield from (_function(name, shown) for name in TOTALS)
    elif "Period" in shown.about.key:
        yield from (_function(name, shown) for name in SLICES)


def _function(name: str, shown: Shown, more: str = "", effect: str = "false") -> str:
    bound = f'<Parameter Name="bindingParameter" Type="{NAMESPACE}.{shown.name}"/>'
    return (
        f'<FunctionImport Name="{name}" IsBindable="true" IsSideEffecting="{effect}">{bound}{more}</FunctionImport>\n'
    )
