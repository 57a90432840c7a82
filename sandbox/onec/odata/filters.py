"""`$filter`: a condition over records, compiled once into a function of a record.

A reference of a composite type equals only a `cast(guid'…','Catalog_X')`; a plain `guid'…'` equals none of them, as
live bases have it. Strings are compared without regard to case, as most databases under 1C do.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.onec.odata.errors import bad_option, no_segment
from sandbox.onec.odata.functions import FUNCTIONS
from sandbox.onec.odata.published import Interface, Shown
from sandbox.onec.odata.tokens import Token, tokens
from sandbox.onec.schema import EMPTY_DATE, EMPTY_REF, NAMESPACE, Properties
from sandbox.onec.values import Record

Env = Mapping[str, Record]
"""The record under "", and in `any`/`all` the row under its variable."""
Fetch = Callable[[str, str], Record | None]
"""A record by the set's own name and `Ref_Key`."""

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


@dataclass(frozen=True, slots=True)
class Scope:
    """Where names are looked for: a set, and the rows of a section under a variable."""

    interface: Interface
    fetch: Fetch
    shown: Shown
    variables: Mapping[str, Properties]

    def path(self, parts: list[str]) -> Node:
        """A property by its path, over references too."""
        if parts[0] in self.variables:
            return self._walk(self.variables[parts[0]], parts[1:], lambda env: env[parts[0]])
        return self._walk(self.shown.properties, parts, lambda env: env[""])

    def section(self, name: str) -> Properties:
        if name not in self.shown.rows:
            raise no_segment(name)
        return self.shown.rows[name]

    def _walk(self, properties: Properties, parts: list[str], start: Callable[[Env], Record | None]) -> Node:
        name = parts[0] if parts else ""
        known = properties.get(name)
        if known is not None and len(parts) == 1:
            return _property(properties, name, start)
        reference = properties.get(f"{name}_Key")
        target = self._target(reference.refers if reference else ())
        if target is None:
            raise no_segment(parts[1] if known is not None and len(parts) > 1 else name)
        key, inner = f"{name}_Key", target.about.name
        if len(parts) == 1:
            return Node("reference", lambda env: (f"{NAMESPACE}.{target.name}", _of(start(env), key)))

        def onward(env: Env) -> Record | None:
            here = start(env)
            there = self.fetch(inner, here[key]) if here else None
            return target.view(there) if there is not None else None

        return self._walk(target.properties, parts[1:], onward)

    def _target(self, refers: tuple[str, ...]) -> Shown | None:
        return self.interface.by_inner.get(refers[0]) if len(refers) == 1 else None


def compile_filter(text: str, scope: Scope, option: str = "$filter") -> Callable[[Record], bool]:
    """A test of one record; ODataError code 14 (or 6 for a wrong name) if the text is no condition."""
    try:
        parser = _Parser(list(tokens(text)), scope)
        node = parser.condition()
        parser.end()
    except (ValueError, IndexError, RecursionError):
        raise bad_option(option) from None

    def test(record: Record) -> bool:
        try:
            return bool(node.read({"": record}))
        except (TypeError, ValueError, ArithmeticError, KeyError, AttributeError):
            raise bad_option(option) from None

    return test


class _Parser:
    """Recursive descent: or, and, not, comparison, sum, product, value. ValueError where the text breaks off."""

    def __init__(self, words: list[Token], scope: Scope) -> None:
        self._words, self._scope, self._place = words, scope, 0

    def condition(self) -> Node:
        node = self._both()
        while self._takes("or"):
            node = _logic(any, node, self._both())
        return node

    def end(self) -> None:
        if self._place < len(self._words):
            raise ValueError("words are left over")

    def _both(self) -> Node:
        node = self._negated()
        while self._takes("and"):
            node = _logic(all, node, self._negated())
        return node

    def _negated(self) -> Node:
        if self._takes("not"):
            inner = self._negated()
            return Node("bool", lambda env: not inner.read(env))
        return self._comparison()

    def _comparison(self) -> Node:
        node = self._sum()
        for word, compare in COMPARE.items():
            if self._takes(word):
                return _compared(word, compare, node, self._sum())
        return node

    def _sum(self) -> Node:
        node = self._product()
        while word := self._takes("add", "sub"):
            node = _counted(COUNT[word], node, self._product())
        return node

    def _product(self) -> Node:
        node = self._value()
        while word := self._takes("mul", "div"):
            node = _counted(COUNT[word], node, self._value())
        return node

    def _value(self) -> Node:
        word = self._next()
        if word == Token("sign", "-"):
            inner = self._value()
            return Node("number", lambda env: -inner.read(env))
        if word == Token("sign", "("):
            node = self.condition()
            self._expect(")")
            return node
        if word.kind == "sign":
            raise ValueError(f"unexpected {word.value}")
        if word.kind != "name":
            return Node(word.kind, lambda _: word.value)
        return self._call(word.value) if self._sign("(") else self._path(word.value)

    def _path(self, first: str) -> Node:
        parts = [first]
        while self._sign("/"):
            word = self._next()
            if word.value in ("any", "all") and self._sign("("):
                return self._rows(parts, any if word.value == "any" else all)
            parts.append(str(word.value))
        return self._scope.path(parts)

    def _rows(self, parts: list[str], several: Callable[[Any], bool]) -> Node:
        section = "/".join(parts)
        outer, properties = self._scope, self._scope.section(section)
        variable = str(self._next().value)
        self._expect(":")
        self._scope = Scope(outer.interface, outer.fetch, outer.shown, {**outer.variables, variable: properties})
        inner = self.condition()
        self._scope = outer
        self._expect(")")
        return Node("bool", lambda env: several(inner.read({**env, variable: row}) for row in env[""][section]))

    def _call(self, name: str) -> Node:
        given = [self.condition()]
        while self._sign(","):
            given.append(self.condition())
        self._expect(")")
        if name in ("cast", "isof"):
            return _typed(name, given)
        if name not in FUNCTIONS:
            raise ValueError(f"no function {name}")
        function, kind = FUNCTIONS[name]
        return Node(kind, lambda env: function(*(node.read(env) for node in given)))

    def _next(self) -> Token:
        self._place += 1
        return self._words[self._place - 1]

    def _takes(self, *names: str) -> str:
        """The word if it is one of these, which is then gone by."""
        if self._place < len(self._words):
            word = self._words[self._place]
            if word.kind == "name" and word.value in names:
                self._place += 1
                return str(word.value)
        return ""

    def _sign(self, sign: str) -> bool:
        here = self._place < len(self._words) and self._words[self._place] == Token("sign", sign)
        self._place += here
        return here

    def _expect(self, sign: str) -> None:
        if not self._sign(sign):
            raise ValueError(f"{sign} is missing")


def _property(properties: Properties, name: str, start: Callable[[Env], Record | None]) -> Node:
    known = properties[name]
    if known.composite:
        return Node("reference", lambda env: (_of(start(env), f"{name}_Type"), _of(start(env), name)))
    return Node(KINDS.get(known.edm, "number"), lambda env: _of(start(env), name))


def _of(record: Record | None, name: str) -> Any:  # noqa: ANN401
    return None if record is None else record[name]


def _text(value: tuple[str, str]) -> str | None:
    """What a value of a composite type holds, unless it is a reference."""
    return None if value[0].startswith(NAMESPACE) else value[1]


def _logic(join: Callable[[Any], bool], left: Node, right: Node) -> Node:
    return Node("bool", lambda env: join(node.read(env) for node in (left, right)))


def _counted(count: Callable[[Any, Any], Any], left: Node, right: Node) -> Node:
    return Node("number", lambda env: count(left.read(env), right.read(env)))


def _compared(word: str, compare: Callable[[Any, Any], bool], left: Node, right: Node) -> Node:
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


def _typed(name: str, given: list[Node]) -> Node:
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
