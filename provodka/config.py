"""The reading of a config, section by section.

Every section is validated by itself, and every item of a mapping or a list too, so that one mistake does not hide
another:

    sections = {
        "client": Section(TypeAdapter(str), required=True),
        "crm": Section(one_of_kinds(CRMS), required=True, noun="crm"),
        "channels": Section(one_of_kinds(CHANNELS), each="mapping", noun="channel"),
        "rules": Section(TypeAdapter(Rule), each="list", noun="rule"),
    }
    parsed = read_config(path, sections, os.environ)
    parsed.report(names_that_do_not_exist(parsed.values))
    parsed.settle()    # raises ConfigError with all problems, sorted by place
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, Field, TypeAdapter, ValidationError, ValidationInfo, create_model

from provodka.errors import ConfigError, Problem
from provodka.mistakes import Explainer, Finding
from provodka.redact import secrets_of
from provodka.shape import Shape
from provodka.substitution import Filled, fill
from provodka.wording import did_you_mean, nearest
from provodka.yaml_marks import Document, DocumentPath, Plain, read_document

DIRECTORY: Final = "directory"
_CONFINED: Final = "confined"
_NO_SHAPE: Final = Shape({})


@dataclass(frozen=True, slots=True)
class Section:
    """How one top-level key is read.

    `read` validates the value, or with `each` every item of the mapping or list. An adapter is given the folder of the
    config as `info.context["directory"]`; a function may raise pydantic's ValidationError or `Mistakes`, and brings
    its own JSON `schema` for editors. `absent` is read in place of a section that is not there. `noun` is what
    one item is called ("channel").
    """

    read: TypeAdapter[Any] | OneOfKinds | Callable[[Any], Any]
    required: bool = False
    each: Literal["one", "mapping", "list"] = "one"
    noun: str = ""
    absent: Any = None
    schema: Mapping[str, Any] | None = None


Sections: TypeAlias = Mapping[str, Section]


@dataclass(slots=True)
class Parsed:
    """A config as far as it could be read.

    `values` has every section: what was read; None for a single one that is absent or wrong; for mappings and lists
    a dict of the items that are right, by their name or by their index in the file (so that a later check can
    say where they stand). `secrets` are all texts that logs must mask, `named` what came
    from outside, by place and name.
    """

    document: Document
    values: dict[str, Any]
    problems: list[Problem]
    secrets: frozenset[str] = field(repr=False)
    named: Mapping[DocumentPath, Mapping[str, str]] = field(repr=False)
    _explainer: Explainer = field(repr=False)

    def report(self, findings: Iterable[Finding | tuple[DocumentPath, str, str]]) -> None:
        """Add what a check of meanings has found."""
        self.problems = sorted({*self.problems, *(self.problem(Finding(*f)) for f in findings)})

    def problem(self, finding: Finding) -> Problem:
        """A finding with its place in the file, and with everything hidden that must not be shown."""
        return self._explainer.problem(finding)

    def placed(self, findings: Iterable[Finding]) -> list[Problem]:
        """What a check has found, with its lines and columns, sorted by place, without making it a mistake."""
        return sorted({self.problem(finding) for finding in findings})

    def settle(self) -> None:
        """Raise ConfigError with all problems, sorted by place, if there is any."""
        if self.problems:
            raise ConfigError(self.problems)


def load(
    path: Path,
    sections: Sections,
    *,
    environ: Mapping[str, str],
    check: Callable[[Parsed], Iterable[Finding | tuple[DocumentPath, str, str]]] | None = None,
) -> Parsed:
    """Read a config and check its meaning, or raise ConfigError with all problems at once.

    `check` runs on whatever could be read, even if other parts are wrong.
    """
    parsed = read_config(path, sections, environ)
    if check is not None:
        parsed.report(check(parsed))
    parsed.settle()
    return parsed


def read_config(path: Path, sections: Sections, environ: Mapping[str, str]) -> Parsed:
    """Read a config as far as possible; never raises for what is in it: see `problems`."""
    document = read_document(path)
    return read_filled(document, fill(document, environ), sections)


def read_filled(document: Document, filled: Filled, sections: Sections, *, confined: bool = False) -> Parsed:
    """The same of a document that is filled in already. `confined`: no file that it names is looked at."""
    reader = _Reader(document, filled, confined=confined)
    values = reader.read(sections)
    explainer = reader.explainer
    secrets = frozenset(filter(None, filled.secrets | secrets_of(values)))
    return Parsed(document, values, sorted(set(document.problems)), secrets, filled.named, explainer)


def is_confined(info: ValidationInfo) -> bool:
    """Whether the config comes from somebody who may not look into files by it: a validator leaves them alone then."""
    return bool((info.context or {}).get(_CONFINED))


Kinds: TypeAlias = Mapping[str, type[BaseModel] | Callable[[], type[BaseModel]]]
"""Models by kind, or what loads them."""


class OneOfKinds:
    """Chooses the model by the value under `key`; a model without this field is given it.

    A model is loaded when a config first names its kind. All of them are only for a mistake, which names the kinds that
    there are, and for the JSON Schema.
    """

    def __init__(self, kinds: Kinds, key: str = "type") -> None:
        self._kinds = kinds
        self._key = key
        self._adapters: dict[str, TypeAdapter[Any]] = {}

    def validate_python(self, value: object, *, context: Mapping[str, Any]) -> Any:  # noqa: ANN401 -- of the kind's model
        """As an adapter does; the mistakes are those of the whole union."""
        kind = value.get(self._key) if isinstance(value, dict) else None
        if isinstance(kind, str) and kind in self._kinds:
            try:
                return self._adapter(kind).validate_python(value, context=dict(context))
            except ValidationError:
                pass  # the same again, so that the mistake is told as one of many kinds
        return self.whole.validate_python(value, context=dict(context))

    @cached_property
    def whole(self) -> TypeAdapter[Any]:
        """The union of all models."""
        models = [self._model(kind) for kind in self._kinds]
        union: Any = models[0]
        for model in models[1:]:
            union = union | model
        return TypeAdapter(Annotated[union, Field(discriminator=self._key)] if len(models) > 1 else union)

    def _adapter(self, kind: str) -> TypeAdapter[Any]:
        if kind not in self._adapters:
            self._adapters[kind] = TypeAdapter(self._model(kind))
        return self._adapters[kind]

    def _model(self, kind: str) -> type[BaseModel]:
        found = self._kinds[kind]
        return _with_kind(found if isinstance(found, type) else found(), self._key, kind)


def one_of_kinds(kinds: Kinds, key: str = "type") -> OneOfKinds:
    """The reader of a section, or of its items, that are of several kinds."""
    return OneOfKinds(kinds, key)


def _adapter_of(read: object) -> TypeAdapter[Any] | None:
    """What tells the shape of a section's values; None where a function reads them."""
    return read.whole if isinstance(read, OneOfKinds) else read if isinstance(read, TypeAdapter) else None


def json_schema(sections: Sections) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a config, for editors. `${NAME}` may stand for any number or truth value."""
    found = ((name, _adapter_of(section.read)) for name, section in sections.items() if not section.schema)
    adapters = [(name, adapter) for name, adapter in found if adapter is not None]
    made, shared = TypeAdapter.json_schemas([(name, "validation", adapter) for name, adapter in adapters])
    properties = {}
    for name, section in sections.items():
        item = section.schema or made.get((name, "validation"), {})
        properties[name] = {"one": item, "mapping": _OBJECT | {"additionalProperties": item}}.get(
            section.each, {"type": "array", "items": item}
        )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": _with_references(properties),
        "required": [name for name, section in sections.items() if section.required],
        "additionalProperties": False,
        "$defs": _with_references(shared.get("$defs", {})),
    }


_OBJECT: Final[dict[str, Any]] = {"type": "object"}
_REFERENCE: Final[dict[str, Any]] = {"type": "string", "pattern": r"^\$\{"}


def _with_references(schema: Any) -> Any:  # noqa: ANN401 (any JSON)
    if isinstance(schema, list):
        return [_with_references(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") in ("integer", "number", "boolean") and not schema.keys() & {"const", "enum"}:
        return {"anyOf": [schema, _REFERENCE]}
    return {key: part if key == "default" else _with_references(part) for key, part in schema.items()}


def _with_kind(model: type[BaseModel], key: str, kind: str) -> type[BaseModel]:
    if key in model.model_fields:
        return model
    fields: Any = {key: (Literal[kind], ...)}
    return create_model(model.__name__, __base__=model, __module__=model.__module__, **fields)


class _Reader:
    def __init__(self, document: Document, filled: Filled, *, confined: bool) -> None:
        self._document = document
        self._filled = filled
        self._context = {DIRECTORY: document.directory, _CONFINED: confined}
        self._shapes: dict[int, Shape] = {}
        self.explainer = Explainer(document, filled)

    def read(self, sections: Sections) -> dict[str, Any]:
        data = self._filled.data
        if isinstance(data, dict):
            written = self._names(data, sections)
            return {name: self._section(written.get(name, name), s, data) for name, s in sections.items()}
        if not self._document.problems:
            self._note((), "the file is empty" if data is None else "a config is a mapping (key: value)")
        return {name: None if section.each == "one" else {} for name, section in sections.items()}

    def _names(self, data: dict[str, Plain], sections: Sections) -> dict[str, str]:
        """Note wrong and missing names; misspelt sections as written, so that they are read all the same."""
        misspelt: dict[str, str] = {}
        for name in data:
            if name not in sections:
                absent = [known for known in sections if known not in data]
                self._note(
                    (name,), f'unknown key "{name}"', did_you_mean(name, absent or sections, "known keys"), key=True
                )
                if meant := nearest(name, absent):
                    misspelt[meant] = name
        for name, section in sections.items():
            if section.required and name not in data and name not in misspelt:
                self._note((), f'missing key "{name}"')
        return misspelt

    def _section(self, name: str, section: Section, data: dict[str, Plain]) -> Any:  # noqa: ANN401
        value = data.get(name)
        if section.each == "one":
            if name not in data:
                return None if section.absent is None else self._item((name,), section, section.absent)
            return self._item((name,), section, value)
        pairs = [] if value is None else _items(value, section.each)
        if pairs is None:
            wanted = "a mapping (name: …)" if section.each == "mapping" else "a list (- …)"
            self._note((name,), f"must be {wanted}")
            return {}
        read = {key: self._item((name, key), section, item) for key, item in pairs}
        return {key: item for key, item in read.items() if item is not None}

    def _item(self, path: DocumentPath, section: Section, value: object) -> Any:  # noqa: ANN401
        """The value as read, or None after its mistakes have been noted."""
        try:
            if isinstance(section.read, TypeAdapter | OneOfKinds):
                return section.read.validate_python(value, context=self._context)
            return section.read(value)
        except (ValidationError, ValueError) as error:
            shape = self._shape(section)
            self._document.problems.extend(self.explainer.explain(error, path, shape, section.noun))
            return None

    def _shape(self, section: Section) -> Shape:
        if id(section) not in self._shapes:
            adapter = _adapter_of(section.read)
            self._shapes[id(section)] = Shape(section.schema or {}) if adapter is None else Shape.of(adapter)
        return self._shapes[id(section)]

    def _note(self, path: DocumentPath, text: str, hint: str = "", *, key: bool = False) -> None:
        self._document.problems.append(self._document.problem(path, text, hint, key=key))


def _items(value: Plain, each: str) -> list[tuple[str | int, Plain]] | None:
    if each == "mapping" and isinstance(value, dict):
        return list(value.items())
    if each == "list" and isinstance(value, list):
        return list(enumerate(value))
    return None
