"""The words of a filter, a key or a function's arguments, and the literals of OData 3.0 as 1C takes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<guid>guid'[^']*')
  | (?P<date>datetime'[^']*')
  | (?P<string>'(?:[^']|'')*')
  | (?P<number>\d+(?:\.\d+)?)(?:[LlMmDdFf](?!\w))?
  | (?P<name>[^\W\d]\w*(?:@\w+)?)
  | (?P<sign>[(),/:=*-])
    )""",
    re.VERBOSE,
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?$")


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is guid, date, string, number, bool, null, name or sign; `value` a literal's value or the word itself."""

    kind: str
    value: Any


def tokens(text: str) -> Iterator[Token]:
    """The words one after another. ValueError where none begins, or a literal is none."""
    place, text = 0, text.rstrip()
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise ValueError(f"unexpected {text[place : place + 10]!r}")
        place = found.end()
        yield _token(str(found.lastgroup), found[str(found.lastgroup)])


def date_literal(text: str) -> datetime:
    """A date of a literal: with a four-digit year, without a zone."""
    if not _DATE.match(text):
        raise ValueError(f"{text!r} is not a date")
    return datetime.fromisoformat(text)


def _token(kind: str, word: str) -> Token:
    if kind == "guid":
        return Token(kind, str(UUID(word[5:-1])))
    if kind == "date":
        return Token(kind, date_literal(word[9:-1]))
    if kind == "string":
        return Token(kind, word[1:-1].replace("''", "'"))
    if kind == "number":
        return Token(kind, Decimal(word))
    if word in ("true", "false"):
        return Token("bool", word == "true")
    return Token("null", None) if word == "null" else Token(kind, word)
