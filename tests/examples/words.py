"""The words of a config that mean something to the product: keys, names and paths. One letter makes each a mistake.

Not among them: what people write for people (titles, texts, notes), what a sender or a search decides, and addresses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import yaml

LETTERS = re.compile(r"[^\W\d_]{2,}")
"""What a misspelling needs."""

_FREE = {
    *("name", "client", "text", "title", "comment", "note", "subject", "result", "tags", "add", "remove", "default"),
    *("contains", "starts_with", "matches", "lines", "defaults", "aliases", "map", "page", "guard"),
}
_ELSEWHERE = {"dictionaries", "json", "headers"}
"""Mappings whose values are the client's or another service's."""

_ADDRESSES = {"url", "public_url", "host", "user", "own_addresses"}
_NAMED_VALUES = re.compile(
    r"(lead|contact|company|task|event)\.(stage|pipeline|state|responsible|type|channel|fields\..+)"
    r"|change\.(old|new|field|by)|call\.direction|message\.kind|time|tasks\.types"
)
"""The paths whose values are names: of stages, staff, event types and so on."""

_DATA = re.compile(r"dictionaries\.[^.]+\..*|.*\.(?:json|headers)\..*")
"""The keys that are the client's or another service's."""

_CODE = re.compile(r"{[{%].*?[%}]}", re.DOTALL)
_TOKEN = re.compile(r"'[^']*'|[^\W\d]\w*")
_BEFORE_NAMES = re.compile(r"(?:(?:lead|contact|company)\.fields\[|lookup\(|missing\(\[(?:'[^']*', *)*)$")
"""What stands before the name of a field or of a dictionary within a template."""

_REFERENCE = re.compile(r"\$\{\w+\}")


@dataclass(frozen=True, slots=True)
class Word:
    """Where it stands in the text; `line` from 1."""

    line: int
    start: int
    end: int
    text: str


def words(source: str) -> list[Word]:
    """Every word of the config that means something, in their order."""
    places = {*_places(yaml.compose(source, yaml.SafeLoader), source, ())}
    places |= {found.span() for found in re.finditer(r"<<: \*\w+", source)}
    return [
        Word(source.count("\n", 0, start) + 1, start, end, source[start:end])
        for start, end in sorted(places)
        if LETTERS.search(source[start:end])
    ]


def misspelt(word: str, random: Random) -> str:
    """The word with two letters swapped, one dropped, or one replaced."""
    run = random.choice(list(LETTERS.finditer(word)))
    letters = list(run[0])
    at = random.randrange(len(letters) - 1)
    kind = random.choice(["swap", "drop", "replace"])
    if kind == "swap" and letters[at] != letters[at + 1]:
        letters[at], letters[at + 1] = letters[at + 1], letters[at]
    elif kind == "drop" and len(letters) > 2:
        del letters[at]
    else:
        letters[at] = "q" if letters[at].isascii() and letters[at] != "q" else "щ"
    return word[: run.start()] + "".join(letters) + word[run.end() :]


Span = tuple[int, int]


def _places(node: yaml.Node | None, source: str, path: tuple[str, ...]) -> Iterator[Span]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            below = (*path, str(key.value))
            if key.value != "<<":
                if not _is_data(below):
                    yield from _key(key, source)
                yield from _places(value, source, below)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _places(value, source, path)
    elif isinstance(node, yaml.ScalarNode):
        yield from _value(node, source, path)


def _key(node: yaml.Node, source: str) -> Iterator[Span]:
    yield _inside(node, source)


def _value(node: yaml.ScalarNode, source: str, path: tuple[str, ...]) -> Iterator[Span]:
    start, end = _inside(node, source)
    if _CODE.search(source, start, end):
        yield from _in_code(source, start, end)
    elif _REFERENCE.search(source, start, end):
        yield from (found.span() for found in _REFERENCE.finditer(source, start, end))
    elif _is_name(path):
        yield start, end


def _in_code(source: str, start: int, end: int) -> Iterator[Span]:
    """The names within a template; a text in quotes only where it names a field of a card."""
    for code in _CODE.finditer(source, start, end):
        for token in _TOKEN.finditer(source, *code.span()):
            quoted = token[0].startswith("'")
            if not quoted or _BEFORE_NAMES.search(source[start : token.start()]):
                yield (token.start() + quoted, token.end() - quoted)


def _inside(node: yaml.Node, source: str) -> Span:
    """Without quotes."""
    start, end = node.start_mark.index, node.end_mark.index
    quoted = source[start] in "\"'"
    return start + quoted, end - quoted


def _is_data(path: tuple[str, ...]) -> bool:
    return bool(_DATA.fullmatch(".".join(path)))


def _is_name(path: tuple[str, ...]) -> bool:
    if _FREE & set(path[-2:]) or path[-1] in _ADDRESSES or _ELSEWHERE & set(path):
        return False
    if "when" in path:
        asked = [part for part in path if "." in part or part == "time"]
        return bool(asked) and bool(_NAMED_VALUES.fullmatch(asked[-1]))
    return True
