"""A changed config that somebody only wants to try: read beside the running one, without becoming a way to look into
the environment or into files.

What it takes from outside (`${NAME}`, `file:…`) is filled in only where the running config has the same text at the
same place, rules by their names. Anywhere else it stays as it is written; of an outside system nothing more is said
about that place then. No file that it names is looked at, and the tests beside the running config are not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Protocol

from cli.config import SECTIONS, add_tests, meaning, settled
from provodka.config import read_filled
from provodka.substitution import as_written, fill, takes_from_outside
from provodka.veil import Veil
from provodka.yaml_marks import Document, DocumentPath, Plain, parse_document
from rules.actions import REGISTRY
from rules.engine import Engine
from support.whatif import Tried

_SHORTEST: Final = 4  # what is shorter would be hidden everywhere, and hides nothing
_OF_THE_HOUSE: Final = ("crm", "accounting", "channels", "console", "journal", "server", "http")


class Running(Protocol):
    """What is looked at of the config that runs: `document` is it as it was read, `taken` by name what it has of the
    environment."""

    @property
    def path(self) -> Path: ...
    @property
    def document(self) -> Document: ...
    @property
    def taken(self) -> Mapping[str, str]: ...
    @property
    def secrets(self) -> frozenset[str]: ...


def tried(text: str, running: Running) -> Tried:
    """The rules of a text, made ready; ConfigError with all its mistakes."""
    document = parse_document(text, str(running.path))
    careful = _Careful(running.document)
    document = replace(document, data=careful.config(document.data))
    filled = fill(document, running.taken)
    filled.broken |= {path for path in careful.kept if path[0] in _OF_THE_HOUSE}
    parsed = read_filled(document, filled, SECTIONS, confined=True)
    parsed.report(meaning(parsed))
    add_tests(parsed, [])
    parsed.settle()
    config = settled(running.path, parsed)
    by_name = {name for path, names in careful.kept.items() if path[0] == "rules" for name in names if name}
    of_rules = [names for path, names in parsed.named.items() if path[0] == "rules"]
    outside = {value for names in parsed.named.values() for value in names.values() if len(value) >= _SHORTEST}
    veil = Veil({name: value for names in of_rules for name, value in names.items()}, by_name)
    beside = replace(config.beside, veil=veil)
    secrets = config.secrets | running.secrets | outside
    engine = Engine(config.rules, REGISTRY, config.team, config.calendar, config.client, beside)
    return Tried(engine, secrets, tuple(sorted(by_name)))


class _Careful:
    """Keeps references as they are written, unless the running config has them too; `kept` are those, by place."""

    def __init__(self, running: Document) -> None:
        self._running = running.data if isinstance(running.data, dict) else {}
        self.kept: dict[DocumentPath, tuple[str, ...]] = {}

    def config(self, data: Any) -> Any:  # noqa: ANN401 -- as a document holds it
        """The data of a document, to be filled in."""
        if not isinstance(data, dict):
            return self._walk(data, None, ())
        return {name: self._section(name, value) for name, value in data.items()}

    def _section(self, name: str, value: Plain) -> Plain:
        beside = self._running.get(name)
        if name != "rules" or not isinstance(value, list):
            return self._walk(value, beside, (name,))
        by_name = {_name(rule): rule for rule in (beside if isinstance(beside, list) else ()) if _name(rule)}
        return [self._walk(rule, by_name.get(_name(rule)), (name, at)) for at, rule in enumerate(value)]

    def _walk(self, value: Plain, beside: Plain, path: DocumentPath) -> Plain:
        if isinstance(value, dict):
            known = beside if isinstance(beside, dict) else {}
            return {key: self._walk(item, known.get(key), (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            items = dict(enumerate(beside)) if isinstance(beside, list) else {}
            return [self._walk(item, items.get(at), (*path, at)) for at, item in enumerate(value)]
        if not isinstance(value, str) or not takes_from_outside(value) or value == beside:
            return value
        text, self.kept[path] = as_written(value)
        return text


def _name(rule: Plain) -> str:
    return str(rule.get("name", "")) if isinstance(rule, dict) else ""
