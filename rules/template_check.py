"""What a template reads, followed through loops, variables and filters: every name must exist for the event type."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Iterator, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from jinja2 import nodes
from jinja2.defaults import DEFAULT_NAMESPACE

from provodka.payloads import EventType
from provodka.wording import nearest
from rules.names import PARTS_OF_A_MOMENT, Node, names_for

_TEXT: Final = Node()
_SAME: Final = frozenset(
    {"list", "sort", "reverse", "unique", "selectattr", "rejectattr", "select", "reject", "by_stage"}
)
_ONE: Final = frozenset({"first", "last", "random", "min", "max"})
_BY_ATTRIBUTE: Final = frozenset({"map", "sort", "unique", "sum", "groupby", "join", "min", "max"})
_BY_FIRST: Final = frozenset({"selectattr", "rejectattr", "groupby"})
_LISTS: Final = frozenset({"split", "splitlines", "rsplit"})

_LOOP: Final = Node(
    {
        **dict.fromkeys(("index", "index0", "revindex", "revindex0", "length", "depth", "depth0"), Node(kind=int)),
        **dict.fromkeys(("first", "last"), Node(kind=bool)),
        **dict.fromkeys(("cycle", "changed", "previtem", "nextitem"), Node(open=True)),
    }
)
"""What Jinja tells within a loop of the loop."""

Known = Node | None
"""What an expression is; None where that cannot be known, and anything may be read of it."""


@dataclass(frozen=True, slots=True)
class Misread:
    """A name that does not exist: the line of the template, the whole path, and the nearest right one, if any."""

    line: int
    path: str
    nearest: str = ""


def misread(tree: nodes.Template, event_type: EventType) -> list[Misread]:
    """All names that an event of this type does not have, in the order of the template."""
    walk = _Walk(names_for(event_type))
    walk.through(tree)
    return list(dict.fromkeys(walk.found))


@dataclass
class _Walk:
    root: Node
    local: MutableMapping[str, Known] = field(default_factory=lambda: ChainMap[str, Known]({}))
    found: list[Misread] = field(default_factory=list)

    def through(self, node: nodes.Node) -> None:
        """Follow a statement, or whatever else has parts."""
        match node:
            case nodes.For():
                self._loop(node)
            case nodes.Assign():
                self._bind(node.target, self.read(node.node))
            case nodes.AssignBlock():
                self._inside(node.body)
                self._bind(node.target, _TEXT)
            case nodes.With():
                values = [self.read(value) for value in node.values]
                self._inside(node.body, dict(zip(map(_name, node.targets), values, strict=True)))
            case nodes.Macro():
                self.local[node.name] = None
                defaults = {arg.name: None for arg in node.args}
                self._inside(
                    [*node.defaults, *node.body], {**defaults, "caller": None, "varargs": None, "kwargs": None}
                )
            case nodes.Expr():
                self.read(node)
            case _:
                for child in node.iter_child_nodes():
                    self.through(child)

    def read(self, node: nodes.Node, whole: str = "") -> Known:
        """Follow an expression and tell what it is; `whole` is the path that it begins."""
        match node:
            case nodes.Name():
                return self._named(node, whole or node.name)
            case nodes.Getattr():
                return self._below(self.read(node.node, whole or _path(node)), node.attr, node)
            case nodes.Getitem():
                return self._item(node, whole or _path(node))
            case nodes.Call():
                return self._called(node)
            case nodes.Filter():
                return self._filtered(node)
            case nodes.Const():
                return _TEXT if isinstance(node.value, str) else None
            case _:
                for child in node.iter_child_nodes():
                    self.through(child)
                return None

    def _inside(self, body: list[nodes.Node], names: dict[str, Known] | None = None) -> None:
        outer = self.local
        self.local = ChainMap(dict(names or {}), outer)
        for node in body:
            self.through(node)
        self.local = outer

    def _loop(self, loop: nodes.For) -> None:
        items = self.read(loop.iter)
        outer = self.local
        self.local = ChainMap({"loop": _LOOP}, outer)
        self._bind(loop.target, _item_of(items))
        if loop.test is not None:
            self.read(loop.test)
        self._inside(loop.body)
        self.local = outer
        self._inside(loop.else_)

    def _bind(self, target: nodes.Node, value: Known) -> None:
        if isinstance(target, nodes.Name):
            self.local[target.name] = value
        else:
            for name in target.find_all(nodes.Name):
                self.local[name.name] = None

    def _named(self, node: nodes.Name, whole: str) -> Known:
        if node.ctx != "load":
            self.local[node.name] = None
        if node.name in self.local:
            return self.local[node.name]
        if node.name in self.root.fields:
            return self.root.fields[node.name]
        if node.name not in DEFAULT_NAMESPACE:
            close = nearest(node.name, (*self.root.fields, *self.local))
            right = f"{close}{whole.removeprefix(node.name)}" if close else ""
            self.found.append(Misread(node.lineno, whole, right))
        return None

    def _below(self, base: Known, name: str, node: nodes.Getattr | nodes.Getitem) -> Known:
        if base is None:
            return None
        if base.open:
            return _TEXT
        if name in base.fields:
            return base.fields[name]
        if base.kind is datetime and name in PARTS_OF_A_MOMENT:
            return Node(kind=int)
        self._report(node, name, base.fields or (PARTS_OF_A_MOMENT if base.kind is datetime else ()))
        return None

    def _item(self, node: nodes.Getitem, whole: str) -> Known:
        base = self.read(node.node, whole)
        if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
            return self._below(base, node.arg.value, node)
        self.through(node.arg)
        if isinstance(node.arg, nodes.Slice):
            return base
        return _item_of(base)

    def _called(self, node: nodes.Call) -> Known:
        for part in (*node.args, *node.kwargs):
            self.through(part)
        if not isinstance(node.node, nodes.Getattr):
            self.read(node.node)
            return None
        base, name = self.read(node.node.node), node.node.attr
        if base is None or (base.fields and name in base.fields):
            return None
        if base.fields or not hasattr(base.kind, name) or name.startswith("_"):
            self._report(node.node, name, [one for one in dir(base.kind) if not one.startswith("_")])
            return None
        if base.kind is not str:
            return None
        return Node(kind=tuple, item=_TEXT) if name in _LISTS else _TEXT if name not in ("count", "find") else None

    def _filtered(self, node: nodes.Filter) -> Known:
        base = self.read(node.node) if node.node is not None else _TEXT
        for part in (*node.args, *node.kwargs):
            self.through(part)
        item = _item_of(base)
        attribute = next((self._attribute(item, value) for value in _attributes(node)), None)
        if node.name == "map":
            return Node(kind=tuple, item=attribute) if attribute else None
        if node.name in _ONE:
            return item
        return base if node.name in _SAME else None

    def _attribute(self, item: Known, value: nodes.Const) -> Known:
        for name in str(value.value).split("."):
            item = self._below(item, name, nodes.Getattr(nodes.Name("item", "load"), name, "load", lineno=value.lineno))
        return item

    def _report(self, node: nodes.Expr, name: str, known: Iterable[str]) -> None:
        path = _path(node) or name
        close = nearest(name, known)
        right = f"{path.removesuffix(name)}{close}" if close and path.endswith(name) else close or ""
        self.found.append(Misread(node.lineno, path, right))


def _name(target: nodes.Expr) -> str:
    return target.name if isinstance(target, nodes.Name) else ""


def _item_of(base: Known) -> Known:
    if base is None:
        return None
    return _TEXT if base.open else base.item


def _attributes(node: nodes.Filter) -> Iterator[nodes.Const]:
    """The names of attributes that a filter is given as texts."""
    if node.name in _BY_ATTRIBUTE:
        yield from (one.value for one in node.kwargs if one.key == "attribute" and isinstance(one.value, nodes.Const))
    if node.name in _BY_FIRST and node.args and isinstance(node.args[0], nodes.Const):
        yield node.args[0]


def _path(node: nodes.Node) -> str:
    """`a.b["c"]` as `a.b.c`; empty for what is no such chain."""
    match node:
        case nodes.Name():
            return node.name
        case nodes.Getattr():
            above, last = _path(node.node), node.attr
        case nodes.Getitem(arg=nodes.Const(value=str(key))):
            above, last = _path(node.node), key
        case nodes.Getitem():
            return f"{_path(node.node)}[]" if _path(node.node) else ""
        case _:
            return ""
    return f"{above}.{last}" if above else ""
