"""`$filter`: a condition over records, compiled once into a test of a record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.onec.odata.errors import bad_option, no_segment
from sandbox.onec.odata.functions import FUNCTIONS
from sandbox.onec.odata.nodes import COMPARE, COUNT, Env, Node, compared, counted, logic, property_node, read, typed
from sandbox.onec.odata.published import Interface, Shown
from sandbox.onec.odata.tokens import Token, tokens
from sandbox.onec.schema import NAMESPACE, Properties
from sandbox.onec.values import Record

Fetch = Callable[[str, str], Record | None]
"""A record by the set's own name and `Ref_Key`."""


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
            return property_node(properties, name, start)
        reference = properties.get(f"{name}_Key")
        target = self._target(reference.refers if reference else ())
        if target is None:
            raise no_segment(parts[1] if known is not None and len(parts) > 1 else name)
        key, inner = f"{name}_Key", target.about.name
        if len(parts) == 1:
            return Node("reference", lambda env: (f"{NAMESPACE}.{target.name}", read(start(env), key)))

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
            node = logic(any, node, self._both())
        return node

    def end(self) -> None:
        if self._place < len(self._words):
            raise ValueError("words are left over")

    def _both(self) -> Node:
        node = self._negated()
        while self._takes("and"):
            node = logic(all, node, self._negated())
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
                return compared(word, compare, node, self._sum())
        return node

    def _sum(self) -> Node:
        node = self._product()
        while word := self._takes("add", "sub"):
            node = counted(COUNT[word], node, self._product())
        return node

    def _product(self) -> Node:
        node = self._value()
        while word := self._takes("mul", "div"):
            node = counted(COUNT[word], node, self._value())
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
            return typed(name, given)
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
