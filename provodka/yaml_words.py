"""What PyYAML says about bad syntax, in plain words. No text of the file is repeated: it may be a secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import yaml


@dataclass(frozen=True, slots=True)
class Words:
    """Where the mistake is (from 1), what is wrong and the cure."""

    line: int
    column: int
    text: str
    hint: str = ""


# A part of PyYAML's own sentence (context and problem together), whether the mistake lies where its context began,
# and our words. The first that fits is taken.
_WORDS: Final[tuple[tuple[str, bool, str, str], ...]] = (
    ("character '\\t'", False, "a tab stands here", "indent with spaces"),
    ("nested too deeply", False, "nested too deeply", ""),
    (
        "mapping values are not allowed",
        False,
        "a colon is not expected here",
        "check the indentation; a text that holds «: » needs quotes",
    ),
    ("sequence entries are not allowed", False, "a list cannot begin here", "begin it on the next line"),
    ("could not find expected ':'", True, "a colon is missing after this key", "write key: value"),
    ("quoted scalar found unexpected end", True, "the quote that opens here is never closed", ""),
    ("unknown escape character", False, "an unknown escape", 'write \\\\ for \\, or use single quotes instead of "'),
    ("flow sequence", True, "the bracket [ that opens here is not closed, or a comma is missing", ""),
    (
        "flow mapping",
        True,
        "the brace { that opens here is not closed, or a comma is missing",
        "inside { } put ${NAME} and {{ … }} in quotes",
    ),
    ("undefined alias", False, "an alias without its anchor", "a text that begins with * needs quotes"),
    ("scanning an alias", True, "not an alias", "a text that begins with * needs quotes"),
    ("scanning an anchor", True, "not an anchor", "a text that begins with & needs quotes"),
    ("duplicate anchor", False, "this anchor has been given already", "give it another name"),
    ("cannot start any token", False, "a text cannot begin with this character", "put it in quotes"),
    ("single document", False, "a second document begins here", "one file holds one config; remove the line ---"),
    ("tag", True, "not a tag", "a text that begins with ! needs quotes"),
    ("block scalar", False, "only an indentation figure, + or - may follow | or >", "begin the text on the next line"),
    ("but found '<scalar>'", False, "more text than one value", "put the whole value in quotes"),
    ("expected <block end>", False, "this line does not fit the indentation above", "align it with its neighbours"),
)


def in_plain_words(error: yaml.MarkedYAMLError) -> Words:
    """The place and the words for a syntax error."""
    said = f"{error.context or ''} {error.problem or ''}"
    for part, at_context, text, hint in _WORDS:
        if part in said:
            mark = (error.context_mark if at_context else None) or error.problem_mark or error.context_mark
            return Words(*_place(mark), text, hint)
    return Words(*_place(error.problem_mark or error.context_mark), "the YAML cannot be read here")


def _place(mark: yaml.Mark | None) -> tuple[int, int]:
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)
