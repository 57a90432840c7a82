"""YAML that remembers where everything stands: every key, value and item keeps its line and column.

What differs from plain PyYAML, which follows YAML 1.1: `on`, `yes` and `no` are texts and not truth values (rules
have a key `on`), `09:00` is a text and not 540, `0101` and `+79160001122` keep their zero and plus, dates stay texts
for the model to read, and keys are always texts. Duplicate keys, which PyYAML accepts silently, are mistakes.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, TypeAlias

import yaml

from provodka.errors import Problem
from provodka.yaml_words import in_plain_words

DocumentPath: TypeAlias = tuple[str | int, ...]
Place: TypeAlias = tuple[int, int]
Plain: TypeAlias = "str | int | float | bool | list[Plain] | dict[str, Plain] | None"

MAX_DEPTH: Final = 60
MAX_VALUES: Final = 100_000
MAX_BYTES: Final = 4_000_000

_TAG: Final = "tag:yaml.org,2002:"
_NAME: Final = re.compile(r"[\w-]+")


def written(path: DocumentPath) -> str:
    """The path as people read it: `rules[2].do[0].intake.stage`, `rules[0].when["lead.stage"]`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _NAME.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f'["{step}"]'
    return text


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file: plain data (`None` where it could not be parsed), the place of every part, and the text itself."""

    file: str
    data: Any
    problems: list[Problem]
    keys: dict[DocumentPath, Place] = field(default_factory=dict, repr=False)
    values: dict[DocumentPath, Place] = field(default_factory=dict, repr=False)
    source: str = field(default="", repr=False)

    @property
    def directory(self) -> Path:
        """What relative file names in the document are relative to."""
        return Path(self.file).absolute().parent

    def place(self, path: DocumentPath, *, key: bool = False) -> Place:
        """Line and column, from 1, of a value or of its key; of the nearest parent where there is no such thing."""
        for length in range(len(path), -1, -1):
            place = (self.keys.get(path[:length]) if key else None) or self.values.get(path[:length])
            if place:
                return place
        return 1, 1

    def text_of(self, path: DocumentPath) -> str:
        """The lines of a part, moved to the left edge; comments that stand behind it belong to what follows."""
        begin = self.place(path)
        others = (
            place for places in (self.keys, self.values) for at, place in places.items() if at[: len(path)] != path
        )
        line, _ = min((place for place in others if place > begin), default=(self.source.count("\n") + 2, 1))
        last = max(line - 1, begin[0])
        lines = self.source.splitlines()[begin[0] - 1 : last]
        while lines and lines[-1].strip().partition("#")[0] == "":
            lines.pop()
        return textwrap.dedent("\n".join(lines))

    def problem(self, path: DocumentPath, text: str, hint: str = "", *, key: bool = False) -> Problem:
        """A mistake at this path of the document."""
        line, column = self.place(path, key=key)
        return Problem(self.file, line, column, written(path), text, hint)


def read_document(path: Path) -> Document:
    """Read and parse; never raises for what is in the file: see `problems`."""
    try:
        if path.stat().st_size > MAX_BYTES:
            return _hopeless(path, 1, 1, f"the file is larger than {MAX_BYTES // 1_000_000} MB")
        raw = path.read_bytes()
    except OSError as error:
        return _hopeless(path, 1, 1, f"cannot read the file: {error.strerror}")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = _line_column(raw[: error.start].decode("utf-8", "replace"))
        return _hopeless(path, line, column, "the file is not UTF-8 text", "save it in the encoding UTF-8")
    return parse_document(text, str(path))


def parse_document(text: str, file: str) -> Document:
    """Parse a text that was read already; `file` is the name that problems will carry."""
    if unreadable := yaml.reader.Reader.NON_PRINTABLE.search(text):
        line, column = _line_column(text[: unreadable.start()])
        return _hopeless(Path(file), line, column, "a control character stands here", "delete it")
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        words = in_plain_words(error)
        return _hopeless(Path(file), words.line, words.column, words.text, words.hint)
    finally:
        loader.dispose()
    return replace(_Builder(file).build(root), source=text)


def _hopeless(path: Path, line: int, column: int, text: str, hint: str = "") -> Document:
    return Document(str(path), None, [Problem(str(path), line, column, "", text, hint)])


def _line_column(before: str) -> Place:
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


class _Loader(yaml.SafeLoader):
    """Composes nodes by the core schema of YAML 1.2, refusing what is nested without end."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 (the base declares it so)
    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise yaml.composer.ComposerError(None, None, "nested too deeply", self.get_mark())
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


for _kind, _pattern, _first in (
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^-?(?:0|[1-9][0-9]*)$", list("-0123456789")),
    ("float", r"^-?(?:0|[1-9][0-9]*)\.[0-9]+(?:[eE][-+]?[0-9]+)?$", list("-0123456789")),
    ("merge", r"^<<$", ["<"]),
):
    _Loader.add_implicit_resolver(_TAG + _kind, re.compile(_pattern), _first)


def _scalar(node: yaml.ScalarNode) -> str | int | float | bool | None:
    """The value of a scalar; raises KeyError for an unknown tag and ValueError for text that the tag does not fit."""
    if not node.tag.startswith(_TAG):
        raise KeyError(node.tag)
    match node.tag.removeprefix(_TAG):
        case "str" | "merge":
            return str(node.value)
        case "null":
            return None
        case "bool":
            return {"true": True, "false": False}[node.value.lower()]
        case "int":
            return int(node.value)
        case "float":
            return float(node.value)
        case other:
            raise KeyError(other)


class _TooLargeError(Exception):
    pass


class _Builder:
    """Walks the nodes once, making plain data and noting the places."""

    def __init__(self, file: str) -> None:
        self.document = Document(file, None, [])
        self._open: set[int] = set()
        self._count = 0

    def build(self, root: yaml.Node | None) -> Document:
        found = self.document
        try:
            data = None if root is None else self._value(root, ())
        except _TooLargeError:
            return _hopeless(Path(found.file), 1, 1, f"the aliases unfold to more than {MAX_VALUES} values")
        return Document(found.file, data, found.problems, found.keys, found.values)

    def _refuse(self, node: yaml.Node, path: DocumentPath, text: str, hint: str = "") -> None:
        line, column = node.start_mark.line + 1, node.start_mark.column + 1
        self.document.problems.append(Problem(self.document.file, line, column, written(path), text, hint))

    def _value(self, node: yaml.Node, path: DocumentPath) -> Plain:
        self._count += 1
        if self._count > MAX_VALUES:
            raise _TooLargeError
        self.document.values[path] = (node.start_mark.line + 1, node.start_mark.column + 1)
        if id(node) in self._open:
            self._refuse(node, path, "this anchor contains itself")
            return None
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        if node.tag not in (_TAG + "map", _TAG + "seq"):
            self._refuse(node, path, "unknown tag", "remove the word that begins with !")
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return [self._value(item, (*path, index)) for index, item in enumerate(node.value)]
            return self._mapping(node, path)
        finally:
            self._open.discard(id(node))

    def _scalar(self, node: yaml.ScalarNode, path: DocumentPath) -> Plain:
        try:
            return _scalar(node)
        except LookupError:
            self._refuse(node, path, "unknown tag", "a text that begins with ! needs quotes")
        except ValueError:
            self._refuse(node, path, "this number cannot be read")
        return None

    def _mapping(self, node: yaml.Node, path: DocumentPath) -> dict[str, Plain]:
        merged: dict[str, Plain] = {}
        own: dict[str, Plain] = {}
        for key, value in self._pairs(node, path):
            if key.tag == _TAG + "merge":
                merged = self._merge(value, path) | merged
            else:
                own[key.value] = self._value(value, (*path, key.value))
        return merged | own

    def _pairs(self, node: yaml.Node, path: DocumentPath) -> Iterator[tuple[yaml.Node, yaml.Node]]:
        """The pairs with a usable key; the merged ones come first, so that own keys overwrite them."""
        seen: dict[str, Place] = {}
        usable = []
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                hint = "a text that begins with { or [ needs quotes, a template {{ … }} too"
                self._refuse(key, path, "a key must be a text", hint)
            elif not key.value:
                self._refuse(key, path, "a key is missing before the colon")
            else:
                usable.append((key, value))
                place = (key.start_mark.line + 1, key.start_mark.column + 1)
                if first := seen.get(key.value):
                    where = f"it was written at line {first[0]}, column {first[1]} already"
                    self._refuse(key, (*path, key.value), f'duplicate key "{key.value}"', where)
                seen.setdefault(key.value, place)
                if key.tag != _TAG + "merge":
                    self.document.keys[(*path, key.value)] = place
        yield from sorted(usable, key=lambda pair: pair[0].tag != _TAG + "merge")

    def _merge(self, node: yaml.Node, path: DocumentPath) -> dict[str, Plain]:
        if isinstance(node, yaml.SequenceNode):
            parts = [self._merge(item, path) for item in node.value]
            return {key: value for part in reversed(parts) for key, value in part.items()}
        if isinstance(node, yaml.MappingNode) and id(node) not in self._open:
            self._count += 1
            self._open.add(id(node))
            data = self._mapping(node, path)
            self._open.discard(id(node))
            return data
        self._refuse(node, path, "<< takes a mapping or a list of mappings")
        return {}
