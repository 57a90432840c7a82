"""The path of a request: a set with or without a key, and what follows it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sandbox.onec.odata.errors import ODataError, bad_value
from sandbox.onec.odata.tokens import Token, tokens
from sandbox.onec.schema import Properties

_STEP = re.compile(r"([^()]+)(?:\((.*)\))?$", re.DOTALL)
_ARGUMENT = re.compile(r"(?:^|,)\s*(Period|StartPeriod|EndPeriod|Condition|Dimensions)=")


@dataclass(frozen=True, slots=True)
class Step:
    """One part of a path; `inside` is what stood in parentheses, None without them."""

    name: str
    inside: str | None


def steps(path: str) -> list[Step]:
    """The path by its slashes, those in parentheses left alone. ODataError code 6 where it makes no sense."""
    parts, depth, start = [], 0, 0
    for place, sign in enumerate(path):
        depth += (sign == "(") - (sign == ")")
        if sign == "/" and depth == 0:
            parts.append(path[start:place])
            start = place + 1
    found = [_STEP.match(part) for part in [*parts, path[start:]] if part]
    if not found or None in found:
        raise ODataError(400, 6, "Неверный формат URL")
    return [Step(one[1], one[2]) for one in found if one is not None]


def single_key(inside: str) -> str:
    """`guid'…'`, or `Ref_Key=guid'…'`; ODataError code 1 for no guid."""
    word = inside.strip().removeprefix("Ref_Key=")
    known = _words(word)
    if len(known) != 1 or known[0].kind != "guid":
        raise bad_value(_bare(word), "Edm.Guid")
    return str(known[0].value)


def named_key(inside: str, properties: Properties, names: list[str]) -> dict[str, Any]:
    """The key of a record told apart by several properties; ODataError code 7 if one is missing.

    A reference of a composite type may be given as a string, a guid or a `cast`; its type then needs no word.
    """
    given: dict[str, Any] = {}
    words = _words(inside)
    while words:
        name, words = _name(words)
        value, words = _value(words, name, given)
        given[name] = value
    for name in names:
        if name not in given:
            raise ODataError(400, 7, f"Не указано значение ключевого поля {name}")
    return {name: given[name] for name in names if name in properties}


def arguments(inside: str | None) -> dict[str, str]:
    """Named arguments of a virtual table. Quotes inside a condition need not be doubled, as clients write them."""
    text = inside or ""
    found = list(_ARGUMENT.finditer(text))
    if text.strip() and not found:
        raise ODataError(400, 21, "Ошибка вызова функции: неизвестный параметр")
    ends = [*(one.start() for one in found[1:]), len(text)]
    given = {one[1]: text[one.end() : end].strip() for one, end in zip(found, ends, strict=False)}
    return {name: _unquoted(value) for name, value in given.items() if value}


def _unquoted(value: str) -> str:
    if value[:1] == "'" and value[-1:] == "'":
        inner = value[1:-1]
        return inner.replace("''", "'") if "''" in inner else inner
    return value


def _words(text: str) -> list[Token]:
    try:
        return list(tokens(text))
    except ValueError:
        raise bad_value(_bare(text), "Edm.Guid") from None


def _bare(text: str) -> str:
    return text.removeprefix("guid").strip("'")


def _name(words: list[Token]) -> tuple[str, list[Token]]:
    comma = words[0] == Token("sign", ",")
    words = words[1:] if comma else words
    if len(words) < 3 or words[0].kind != "name" or words[1] != Token("sign", "="):
        raise ODataError(400, 7, "Ключ должен состоять из пар имя=значение")
    return str(words[0].value), words[2:]


def _value(words: list[Token], name: str, given: dict[str, Any]) -> tuple[Any, list[Token]]:
    if words[0] == Token("name", "cast") and len(words) >= 6:
        given[f"{name}_Type"] = f"StandardODATA.{str(words[4].value).removeprefix('StandardODATA.')}"
        return words[2].value, words[6:]
    if words[0].kind == "sign":
        raise ODataError(400, 7, f"Нет значения ключевого поля {name}")
    return words[0].value, words[1:]
