"""What a config takes from outside: `${NAME}`, `${NAME:-default}` and `file:…`, in values only.

It works on parsed data, so a commented-out name is not a missing one, and no value can change the structure.
`$${` stands for a plain `${`. For every NAME the variable NAME_FILE may name a file that holds the value.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from provodka.secret_names import is_secret_name
from provodka.yaml_marks import Document, DocumentPath, Plain

_REFERENCE: Final = re.compile(r"\$(\$\{)|\$\{(?:([A-Za-z_]\w*)(?::-([^{}]*))?\}|)", re.ASCII)
_FILE: Final = re.compile(r"file:(\S.*)")
_MAX_FILE: Final = 64_000


@dataclass(slots=True)
class Filled:
    """A document's data with everything filled in.

    `outside` holds, by path, the texts that came from outside: they are never printed; `named` the same by their names.
    `broken` are the paths that could not be filled in, so that nothing more need be said about them. `secrets` came
    from files or from names that speak of secrets, to be masked in logs.
    """

    data: Plain
    outside: dict[DocumentPath, frozenset[str]] = field(default_factory=dict, repr=False)
    named: dict[DocumentPath, dict[str, str]] = field(default_factory=dict, repr=False)
    broken: set[DocumentPath] = field(default_factory=set)
    secrets: set[str] = field(default_factory=set, repr=False)


class _MissingError(Exception):
    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.hint = hint


def fill(document: Document, environ: Mapping[str, str]) -> Filled:
    """Fill in every value of the document; what cannot be filled in is added to the document's problems."""
    filler = _Filler(document, environ)
    filler.filled.data = filler.walk(document.data, ())
    return filler.filled


def as_written(text: str) -> tuple[str, tuple[str, ...]]:
    """A text that stays as it is written when it is filled in, though it takes something from outside, and the names
    that it speaks of."""
    names: dict[str, None] = {}

    def escaped(found: re.Match[str]) -> str:
        if found[1]:
            return found[0]
        names[found[2] or ""] = None
        return f"${found[0]}"

    kept = _REFERENCE.sub(escaped, text)
    return (f"$${{file}}{kept.removeprefix('file')}" if _FILE.fullmatch(text) else kept), tuple(names)


def takes_from_outside(value: Plain) -> bool:
    """Whether something of it is to be filled in."""
    return isinstance(value, str) and ("${" in value or value.startswith("file:"))


class _Filler:
    def __init__(self, document: Document, environ: Mapping[str, str]) -> None:
        self._document = document
        self._environ = environ
        self.filled = Filled(None)

    def walk(self, value: Plain, path: DocumentPath) -> Plain:
        if isinstance(value, dict):
            return {key: self.walk(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self.walk(item, (*path, index)) for index, item in enumerate(value)]
        return self._text(value, path) if isinstance(value, str) and takes_from_outside(value) else value

    def _text(self, value: str, path: DocumentPath) -> str:
        taken: dict[str, str] = {}
        text, end, problems = "", 0, 0
        for found in _REFERENCE.finditer(value):
            text += value[end : found.start()]
            end = found.end()
            try:
                text += self._one(found, taken)
            except _MissingError as missing:
                self._document.problems.append(self._document.problem(path, missing.text, missing.hint))
                problems += 1
        text += value[end:]
        try:
            text = text if problems else self._from_file(value, text, taken)
        except _MissingError as missing:
            self._document.problems.append(self._document.problem(path, missing.text, missing.hint))
            problems += 1
        if problems:
            self.filled.broken.add(path)
            return value
        if taken:
            self.filled.outside[path] = frozenset((*taken.values(), text))
            self.filled.named[path] = taken
        return text

    def _one(self, found: re.Match[str], taken: dict[str, str]) -> str:
        escaped, name, default = found.groups()
        if escaped:
            return "${"
        if not name:
            raise _MissingError("${ without a name", "write ${NAME} or ${NAME:-default}; $${ for a plain ${")
        value = self._lookup(name, default)
        if value is None:
            return default or ""
        taken[name] = value
        if is_secret_name(name) or name.endswith("KEY"):
            self.filled.secrets.add(value)
        return value

    def _lookup(self, name: str, default: str | None) -> str | None:
        """The value of a name, or None where its default is to be taken."""
        plain, file = self._environ.get(name), self._environ.get(f"{name}_FILE")
        if plain is not None and file:
            raise _MissingError(f"both {name} and {name}_FILE are set", "keep one of them")
        if file:
            shown = file if file.startswith("/") else f"the value of {name}_FILE in {self._document.directory}"
            where = f"the environment variable {name}, which is not set; {shown}"
            value = self._read(file, where, f"the file that {name}_FILE names")
            self.filled.secrets.add(value)
            return value
        if plain:
            return plain
        if default is not None:
            return None
        if plain is not None:
            raise _MissingError(f"{name} is set but empty", f"write ${{{name}:-}} if nothing is meant")
        raise _MissingError(f"{name} is not set", self._searched(name))

    def _searched(self, name: str) -> str:
        near = difflib.get_close_matches(name, self._environ, n=1, cutoff=0.8)
        guess = f"did you mean {near[0]}? " if near else ""
        return f"{guess}searched: the environment variable {name}; a file named by {name}_FILE, which is not set either"

    def _from_file(self, written: str, text: str, taken: dict[str, str]) -> str:
        if not (_FILE.fullmatch(written) and (found := _FILE.fullmatch(text))):
            return text
        where = written if found[1].startswith("/") else f"{written} in {self._document.directory}"
        value = self._read(found[1], where, "the file")
        taken[written] = value
        self.filled.secrets.add(value)
        return value

    def _read(self, name: str, where: str, who: str) -> str:
        """The text of a file. `where` is what problems say of the place: a name from outside may be a secret itself."""
        searched = f"searched: {where}"
        try:
            path = self._document.directory / name
            if path.stat().st_size > _MAX_FILE:
                raise _MissingError(f"{who} is larger than {_MAX_FILE} bytes", searched)
            value = path.read_text(encoding="utf-8-sig").rstrip("\r\n")
        except OSError as error:
            raise _MissingError(f"{who} cannot be read: {error.strerror}", searched) from None
        except ValueError:
            raise _MissingError(f"{who} is not UTF-8 text", searched) from None
        if not value:
            raise _MissingError(f"{who} is empty", searched)
        return value
