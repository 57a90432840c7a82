"""What a part of the config may look like, read from the JSON Schema of its model: to name keys and to know secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from pydantic import TypeAdapter
from pydantic.errors import PydanticInvalidForJsonSchema

from provodka.yaml_marks import DocumentPath, Plain

Schema: TypeAlias = Mapping[str, Any]

_DEFS: Final = "#/$defs/"


class Shape:
    """The schema of one section or item; an empty one knows nothing."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._definitions: Schema = schema.get("$defs", {})

    @classmethod
    def of(cls, adapter: TypeAdapter[Any]) -> Shape:
        """The shape that an adapter validates; the empty one where it has no JSON Schema."""
        try:
            return cls(adapter.json_schema())
        except PydanticInvalidForJsonSchema:
            return cls({})

    def keys(self, path: DocumentPath, data: Plain) -> list[str]:
        """The keys that the mapping at this path may have, as far as they have fixed names."""
        found = {key: None for schema in self._at(path, data) for key in schema.get("properties", {})}
        return list(found)

    def choices(self, path: DocumentPath, data: Plain) -> list[str]:
        """The values that are allowed at this path, where they are few and fixed."""
        found = [v for s in self._at(path, data) for v in (*s.get("enum", ()), *([s["const"]] if "const" in s else ()))]
        return [str(value) for value in found]

    def is_secret(self, path: DocumentPath, data: Plain) -> bool:
        """Whether a `SecretStr` may stand at this path."""
        return any(schema.get("writeOnly") for schema in self._at(path, data))

    def _at(self, path: DocumentPath, data: Plain) -> list[Schema]:
        here = list(self._open(self._schema, data))
        for step in path:
            data = step_into(data, step)
            here = [deeper for schema in here for part in _parts(schema, step) for deeper in self._open(part, data)]
        return here

    def _open(self, schema: Schema, data: Plain) -> Iterator[Schema]:
        """The plain schemas behind references and alternatives; with a discriminator only the one that is meant."""
        reference = schema.get("$ref", "")
        if reference.startswith(_DEFS):
            yield from self._open(self._definitions.get(reference.removeprefix(_DEFS), {}), data)
            return
        told = schema.get("discriminator", {})
        tag = data.get(told["propertyName"]) if told and isinstance(data, dict) else None
        if isinstance(tag, str) and tag in told.get("mapping", {}):
            yield from self._open({"$ref": told["mapping"][tag]}, data)
            return
        alternatives = [part for word in ("anyOf", "oneOf", "allOf") for part in schema.get(word, ())]
        for part in alternatives:
            yield from self._open(part, data)
        if not alternatives or "properties" in schema:
            yield schema


def step_into(data: Plain, step: str | int) -> Plain:
    """The part of plain data at one step; None where there is none."""
    if isinstance(data, dict) and isinstance(step, str):
        return data.get(step)
    if isinstance(data, list) and isinstance(step, int) and step < len(data):
        return data[step]
    return None


def _parts(schema: Schema, step: str | int) -> Iterator[Schema]:
    if isinstance(step, int):
        fixed = schema.get("prefixItems", ())
        rest = schema.get("items", {})
        part = fixed[step] if step < len(fixed) else rest
    else:
        part = schema.get("properties", {}).get(step, schema.get("additionalProperties", {}))
        yield from schema.get("patternProperties", {}).values()
    if isinstance(part, Mapping) and part:
        yield part
