"""Texts and expressions of rules: Jinja2 in its sandbox, where an unknown name is an error and never an empty text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from inspect import signature
from typing import Any, ClassVar, Final
from zoneinfo import ZoneInfo

from jinja2 import StrictUndefined, Template, TemplateRuntimeError, TemplateSyntaxError, UndefinedError, meta, nodes
from jinja2.defaults import DEFAULT_NAMESPACE
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from provodka.wording import did_you_mean
from rules.dictionaries import Dictionary
from rules.faults import RuleError
from rules.filters import FILTERS, LOOKUP, MENTIONED, date_filters, lookup_filter, unknown_dictionary
from rules.text import same

Names = Mapping[str, Any]
_TOO_DEEP: Final = (RecursionError, SyntaxError)  # Python's own: of the parser, and of what a template is compiled to


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox, which need not look twice at what is ours: payloads and views hold nothing but values."""

    _ours: ClassVar[dict[type, bool]] = {}

    def getattr(self, obj: Any, attribute: str) -> Any:  # noqa: ANN401 -- as Jinja has it
        ours = self._ours.get(type(obj))
        if ours is None:
            kind = type(obj)
            ours = self._ours[kind] = (
                kind.__module__.startswith(("provodka.", "rules.")) and kind.__module__ != __name__
            )
        if ours and not attribute.startswith("_"):
            try:
                return getattr(obj, attribute)
            except AttributeError:
                pass
        return super().getattr(obj, attribute)


class _Unknown(StrictUndefined):
    """An unknown name, said in the words of the config rather than in those of Python."""

    def __init__(
        self,
        hint: str | None = None,
        obj: object = missing,
        name: str | None = None,
        exc: type[TemplateRuntimeError] = UndefinedError,
    ) -> None:
        if hint is None and name is not None:
            hint = f"there is no «{name}»" if obj is missing else f"there is no «{name}» in {_shown(obj)}"
        super().__init__(hint, obj, name, exc)


def _shown(obj: object) -> str:
    if obj is None:
        return "something absent"
    if isinstance(obj, dict):
        return "these fields"
    return f"the {getattr(obj, '_name', '') or type(obj).__name__.removesuffix('Ref').removesuffix('View').lower()}"


@dataclass(frozen=True, slots=True)
class Text:
    """A compiled text. `names` are the dotted paths that it reads, `constant` says that it reads none."""

    source: str
    names: frozenset[str]
    constant: bool
    render: Callable[[Names], str]


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression with the dotted paths that it reads."""

    source: str
    names: frozenset[str]
    value: Callable[[Names], Any]


class Templates:
    """Compiles texts and expressions, once each. Dates are shown on the clocks of the client's time zone."""

    def __init__(self, timezone: ZoneInfo, dictionaries: Mapping[str, Dictionary] | None = None) -> None:
        self._dictionaries = dictionaries or {}
        self._texts: dict[str, Text] = {}
        self._expressions: dict[str, Expression] = {}
        self._env = _Environment(undefined=_Unknown, autoescape=False, keep_trailing_newline=True)
        self._filters = {**FILTERS, **date_filters(timezone), **lookup_filter(self._dictionaries)}
        self._env.filters.update(self._filters)
        self._env.tests.update(like=same)

    def text(self, source: str) -> Text:
        """Compile a text; raises RuleError."""
        known = self._texts.get(source)
        if known is None:
            known = self._texts[source] = self._compile_text(source)
        return known

    def expression(self, source: str) -> Expression:
        """Compile an expression (`utm.source == "yandex" and not person.known`); raises RuleError."""
        known = self._expressions.get(source)
        if known is None:
            known = self._expressions[source] = self._compile_expression(source)
        return known

    def parse(self, source: str) -> nodes.Template:
        """The tree of a template whose filters and tests exist; raises TemplateSyntaxError.

        Jinja itself looks up a filter inside a condition only when it gets there.
        """
        tree = self._env.parse(source)
        for node in tree.find_all((nodes.Filter, nodes.Test)):
            known, kind = (self._env.filters, "filter") if isinstance(node, nodes.Filter) else (self._env.tests, "test")
            if node.name not in known:
                hint = did_you_mean(node.name, sorted(known))
                raise TemplateSyntaxError(f"there is no {kind} «{node.name}» ({hint})", node.lineno)
            if node.name in self._filters and isinstance(node, nodes.Filter):
                _fit(self._filters[node.name], node)
                self._check_lookup(node)
        return tree

    def _check_lookup(self, node: nodes.Filter) -> None:
        """Whether the dictionary exists, where it is named outright; raises TemplateSyntaxError."""
        given = [*node.args, *(one.value for one in node.kwargs)]
        if node.name not in (LOOKUP, MENTIONED) or not given or not isinstance(given[0], nodes.Const):
            return
        if (name := str(given[0].value)) not in self._dictionaries:
            raise TemplateSyntaxError(unknown_dictionary(name, self._dictionaries), node.lineno)

    def _compile_text(self, source: str) -> Text:
        if "{" not in source:
            return Text(source, frozenset(), constant=True, render=lambda _: source)
        try:
            tree = self.parse(source)
            template = self._env.from_string(source)
            plain = meta.find_undeclared_variables(tree).isdisjoint(DEFAULT_NAMESPACE)
            return Text(source, names_used(tree), False, _renderer(template) if plain else template.render)
        except TemplateSyntaxError as error:
            raise RuleError(f"the template cannot be read: {error.message}") from error
        except _TOO_DEEP as error:
            raise RuleError("the template is nested too deeply") from error

    def _compile_expression(self, source: str) -> Expression:
        try:
            tree = self.parse("{{ " + source + " }}")
            return Expression(source, names_used(tree), self._env.compile_expression(source, undefined_to_none=False))
        except TemplateSyntaxError as error:
            raise RuleError(f"the expression cannot be read: {error.message}") from error
        except _TOO_DEEP as error:
            raise RuleError("the expression is nested too deeply") from error


def _renderer(template: Template) -> Callable[[Names], str]:
    """`template.render` for one that uses nothing but the names it is given: they are not copied for every text."""
    root, blocks, environment = template.root_render_func, template.blocks, template.environment
    context = environment.context_class

    def render(names: Names) -> str:
        return "".join(root(context(environment, names, None, blocks)))  # type: ignore[arg-type]

    return render


def _fit(function: Callable[..., Any], node: nodes.Filter) -> None:
    """Whether one of our filters takes what it is given; raises TemplateSyntaxError."""
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        return
    try:
        signature(function).bind(None, *node.args, **{str(one.key): one for one in node.kwargs})
    except TypeError as error:
        raise TemplateSyntaxError(f"the filter «{node.name}»: {error}", node.lineno) from error


def path_of(node: nodes.Node) -> str:
    """`a.b["c"]` as `a.b.c`; empty for anything else."""
    return ".".join(_chain(node) or ())


def names_used(tree: nodes.Template) -> frozenset[str]:
    """The dotted paths that a template reads from outside (`person.name`), its own variables left out."""
    outside = meta.find_undeclared_variables(tree) - DEFAULT_NAMESPACE.keys()
    return frozenset(path for path in _paths(tree, calls=False) if path.split(".")[0] in outside)


def _paths(node: nodes.Node, *, calls: bool) -> Iterator[str]:
    if isinstance(node, nodes.Call):
        yield from _paths(node.node, calls=True)
        for child in node.iter_child_nodes(exclude=("node",)):
            yield from _paths(child, calls=False)
        return
    chain = _chain(node)
    if chain is None:
        for child in node.iter_child_nodes():
            yield from _paths(child, calls=False)
    else:
        yield ".".join(chain[:-1] if calls and len(chain) > 1 else chain)  # `person.name.split()` reads person.name


def _chain(node: nodes.Node) -> list[str] | None:
    """`a.b["c"]` as [a, b, c]; None for anything else."""
    if isinstance(node, nodes.Name):
        return [node.name] if node.ctx == "load" else None
    if isinstance(node, nodes.Getattr):
        inner, last = _chain(node.node), node.attr
    elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
        inner, last = _chain(node.node), node.arg.value
    else:
        return None
    return None if inner is None else [*inner, last]
