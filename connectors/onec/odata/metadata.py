"""`$metadata` of a publication, cut down to the sets of a profile: their attributes, tabular sections, enumerations.

The whole is 14 to 17 MB and takes half a minute, so it is read once and the part that counts is kept in the mirror.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final
from xml.etree import ElementTree

from connectors.onec.odata.query import NAMESPACE, ZERO, Row
from provodka.errors import Rejected, Retryable

WRONG_NAME: Final = (
    "В базе 1С нет того, что называет профиль: {what}. Запустите provodka onec probe и впишите верное имя в "
    "accounting.overrides. Администратору 1С: проверьте, что объект есть в составе OData."
)
_COLLECTION: Final = f"Collection({NAMESPACE}"


@dataclass(frozen=True, slots=True)
class SetSchema:
    """Properties of a set by name with their types, and of each tabular section."""

    properties: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Schema:
    """What is published of a profile's sets. `asked` are the sets that were looked for."""

    sets: Mapping[str, SetSchema]
    enums: Mapping[str, tuple[str, ...]]
    asked: tuple[str, ...]

    def has(self, name: str, attribute: str = "", rows: str = "") -> bool:
        """Whether a set is published, and has this attribute."""
        if not attribute:
            return name in self.sets and (not rows or rows in self.sets[name].rows)
        return bool(self.property(name, attribute, rows))

    def property(self, name: str, attribute: str, rows: str = "") -> str:
        """What OData calls an attribute: `Контрагент_Key`, `Контрагент`; empty where there is none."""
        known = self._properties(name, rows)
        bare = attribute.removesuffix("?")
        return next((one for one in (f"{bare}_Key", bare) if one in known), "")

    def composite(self, name: str, attribute: str, rows: str = "") -> bool:
        """Whether an attribute may refer to objects of several sets."""
        known = self._properties(name, rows)
        bare = attribute.removesuffix("?")
        return f"{bare}_Key" not in known and f"{bare}_Type" in known

    def set_to(self, name: str, attribute: str, value: object, rows: str = "", *, of: str = "") -> dict[str, object]:
        """What to send so that an attribute has this value; `of` is the set of a reference.

        Nothing where the attribute is optional and the base has none. Raises Rejected where it has to be there.
        """
        found = self.property(name, attribute, rows)
        if not found:
            if attribute.endswith("?"):
                return {}
            what = ".".join(one for one in (name, rows, attribute) if one)
            raise Rejected(f"{what} is not in the metadata", hint=WRONG_NAME.format(what=what))
        if of and self.composite(name, attribute, rows):
            return {found: value, f"{found}_Type": f"{NAMESPACE}{of}"}
        return {found: value}

    def _properties(self, name: str, rows: str) -> Mapping[str, str]:
        found = self.sets.get(name)
        if found is None:
            return {}
        return found.rows.get(rows, {}) if rows else found.properties


def reference(row: Row, attribute: str) -> str:
    """The key that an attribute refers to; empty for none, be it a zero key or an empty composite."""
    bare = attribute.removesuffix("?")
    found = str(row.get(f"{bare}_Key") or row.get(bare) or "")
    return "" if found == ZERO or len(found) != len(ZERO) else found


def read_edmx(body: bytes, wanted: Collection[str], enumerations: Collection[str]) -> Schema:
    """Only the wanted sets and enumerations are kept; the document is walked without ever being built as a whole.

    Raises Retryable for one that breaks off.
    """
    entities: dict[str, ElementTree.Element] = {}
    complexes: dict[str, ElementTree.Element] = {}
    published: set[str] = set()
    enums: dict[str, tuple[str, ...]] = {}
    prefixes = tuple(f"{one}_" for one in wanted)
    try:
        for element in _elements(body):
            name = element.get("Name", "")
            match _local(element):
                case "EntityType" if name in wanted or name.startswith(prefixes):
                    entities[name] = element
                case "ComplexType" if name.startswith(prefixes):
                    complexes[name.removesuffix("_RowType")] = element
                case "EnumType" if name in enumerations:
                    enums[name] = tuple(str(one.get("Name")) for one in element)
                case "EntitySet":
                    published.add(name)
    except ElementTree.ParseError as error:
        raise Retryable(f"the metadata breaks off or is no XML ({error})") from error
    sets = {}
    for name in wanted:
        if name in entities and name in published:
            own = dict(_properties(entities[name]))
            rows = {
                section: dict(_properties(shape))
                for section, kind in own.items()
                if kind.startswith(_COLLECTION)
                and (shape := complexes.get(f"{name}_{section}", entities.get(f"{name}_{section}"))) is not None
            }
            sets[name] = SetSchema(own, rows)
    return Schema(sets, enums, tuple(sorted(wanted)))


def _elements(body: bytes) -> Iterator[ElementTree.Element]:
    """The parts of the schema one by one; each is let go as soon as the next is read."""
    path: list[ElementTree.Element] = []
    for event, element in ElementTree.iterparse(BytesIO(body), events=("start", "end")):  # noqa: S314 -- see below
        # expat itself refuses entities that grow without end, and the client's own 1C has sent this
        if event == "start":
            path.append(element)
            continue
        path.pop()
        if path and _local(path[-1]) in {"Schema", "EntityContainer"}:
            yield element
            path[-1].remove(element)


def _properties(element: ElementTree.Element) -> Iterator[tuple[str, str]]:
    for one in element:
        if _local(one) == "Property":
            yield one.get("Name", ""), one.get("Type", "")


def _local(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]
