"""The parts of a compiled condition: values, comparisons, sums, casts, each read from a record.

A reference of a composite type equals only a `cast(guid'…','Catalog_X')`; a plain `guid'…'` equals none of them, as
live bases have it. Strings are compared without regard to case, as most databases under 1C do.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.onec.schema import EMPTY_DATE, EMPTY_REF, NAMESPACE, Properties
from sandbox.onec.values import Record

Env = Mapping[str, Record]
"""The record under "", and in `any`/`all` the row under its variable."""

KINDS = {"Edm.String": "string", "Edm.Guid": "guid", "Edm.DateTime": "date", "Edm.Boolean": "bool"}
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
COUNT: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
}
EMPTY = ("", EMPTY_REF, EMPTY_DATE, None, (f"{NAMESPACE}.Undefined", ""))


@dataclass(frozen=True, slots=True)
class Node:
    """A part of the condition: how to read it, and the kind of what is read."""

    kind: str
    read: Callable[[Env], Any]


def property_node(properties: Properties, name: str, start: Callable[[Env], Record | None]) -> Node:
    known = properties[name]
    if known.composite:
        return Node("reference", lambda env: (read(start(env), f"{name}_Type"), read(start(env), name)))
    return Node(KINDS.get(known.edm, "number"), lambda env: read(start(env), name))


def read(record: Record | None, name: str) -> Any:  # noqa: ANN401
    return None if record is None else record[name]


def _text(value: tuple[str, str]) -> str | None:
    """What a value of a composite type holds, unless it is a reference."""
    return None if value[0].startswith(NAMESPACE) else value[1]


def logic(join: Callable[[Any], bool], left: Node, right: Node) -> Node:
    return Node("bool", lambda env: join(node.read(env) for node in (left, right)))


def counted(count: Callable[[Any, Any], Any], left: Node, right: Node) -> Node:
    return Node("number", lambda env: count(left.read(env), right.read(env)))


def compared(word: str, compare: Callable[[Any, Any], bool], left: Node, right: Node) -> Node:
    kinds = {left.kind, right.kind}
    if "null" in kinds:
        known = left if right.kind == "null" else right
        return Node("bool", lambda env: (known.read(env) in EMPTY) == (word == "eq"))
    if kinds == {"reference", "guid"}:
        return Node("bool", lambda _: word == "ne")
    if kinds == {"cast", "guid"}:
        cast, guid = (left, right) if left.kind == "cast" else (right, left)
        return Node("bool", lambda env: compare(cast.read(env)[1], guid.read(env)))
    if kinds == {"reference", "string"}:
        typed, text = (left, right) if left.kind == "reference" else (right, left)
        return Node("bool", lambda env: compare(_text(typed.read(env)), text.read(env)))
    if len(kinds - {"cast"}) > 1:
        raise ValueError(f"{word} cannot compare {' with '.join(sorted(kinds))}")

    def test(env: Env) -> bool:
        one, other = left.read(env), right.read(env)
        if one is None or other is None:
            return word == "ne"
        if left.kind == "string":
            one, other = one.casefold(), other.casefold()
        return compare(one, other)

    return Node("bool", test)


def typed(name: str, given: list[Node]) -> Node:
    """`cast(guid'…','Catalog_X')` makes a typed reference; `isof(X,'Catalog_X')` asks for the type of one."""
    value, kind = given
    wanted = str(kind.read({}))
    full = wanted if "." in wanted else f"{NAMESPACE}.{wanted}"
    if name == "isof":
        return Node("bool", lambda env: value.kind == "reference" and value.read(env)[0] == full)
    if value.kind == "guid" and not full.startswith("Edm."):
        return Node("cast", lambda env: (full, value.read(env)))
    if full == "Edm.String":
        return Node("string", lambda env: str(value.read(env)))
    return value
