"""From pydantic's errors to problems: each at its line and column, in plain words, with the nearest right name.

A validator that wants to say more than pydantic can raises `Mistakes`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeAlias

from pydantic import ValidationError

from provodka.errors import Problem
from provodka.secret_names import MASK, is_secret_name
from provodka.shape import Shape, step_into
from provodka.substitution import Filled
from provodka.wording import MISSING, UNKNOWN, Wrong, did_you_mean, is_misshapen, nearest, wanted, words
from provodka.yaml_marks import Document, DocumentPath, Plain

__all__ = ["Explainer", "Finding", "Mistakes", "did_you_mean", "nearest"]

Loc: TypeAlias = tuple[str | int, ...]


class Finding(NamedTuple):
    """A mistake that a check found: where, what and the cure. With `key` the key is to be shown, not its value."""

    path: DocumentPath
    text: str
    hint: str = ""
    key: bool = False


class Mistakes(ValueError):
    """Raised by a validator or a section's own reader: what is wrong, at paths relative to the value it was given."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__("; ".join(finding.text for finding in findings))
        self.findings = findings


@dataclass(frozen=True, slots=True)
class _Error:
    """A pydantic error with its place in the data. `branches` are the alternatives that were tried on the way there."""

    wrong: Wrong
    path: DocumentPath
    branches: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Explainer:
    """Knows the document and what came from outside, so that no problem shows a secret."""

    document: Document
    filled: Filled

    def explain(
        self, error: ValidationError | ValueError, base: DocumentPath, shape: Shape, noun: str
    ) -> list[Problem]:
        """The problems behind an error that was raised for the value at `base`."""
        value = at(self.filled.data, base)
        if not isinstance(error, ValidationError):
            return [self.problem(finding, base, shape) for finding in _own(error)]
        errors = [_located(raw, value) for raw in error.errors(include_url=False)]
        kept = [e for e in _without_branches(errors) if not self._is_broken((*base, *e.path))]
        problems: list[Problem] = []
        for one in _without_misspelt(kept, value, shape):
            for finding in self._findings(one, value, shape, noun):
                problems.append(self.problem(finding, base, shape))
        return problems

    def problem(self, finding: Finding, base: DocumentPath = (), shape: Shape | None = None) -> Problem:
        """A finding as a problem of the document, with everything hidden that must not be shown."""
        finding = Finding(*finding)
        path = (*base, *finding.path)
        hidden = sorted(self._hidden(path, base, shape), key=len, reverse=True)
        text, hint = finding.text, finding.hint
        for secret in hidden:
            pattern = _as_written(secret)
            text, hint = pattern.sub(MASK, text), pattern.sub(MASK, hint)
        return self.document.problem(path, text, hint, key=finding.key)

    def _findings(self, error: _Error, value: Plain, shape: Shape, noun: str) -> Iterable[Finding]:
        wrong, path = error.wrong, error.path
        if isinstance(raised := wrong.context.get("error"), Mistakes):
            return [Finding((*path, *f.path), f.text, f.hint, f.key) for f in raised.findings]
        if wrong.kind in UNKNOWN:
            known = shape.keys(path[:-1], value)
            near = did_you_mean(str(path[-1]), _absent(known, at(value, path[:-1])), "known keys")
            return [Finding(path, f'unknown key "{path[-1]}"', near, key=True)]
        if wrong.kind in MISSING:
            return [Finding(path, f'missing key "{path[-1]}"', key=True)]
        tag = str(wrong.context.get("discriminator", "")).strip("'")
        choices = shape.choices((*path, tag) if tag else path, value)
        text, hint = words(wrong, choices, "" if path else noun)
        if wrong.kind == "union_tag_invalid" and isinstance(step_into(at(value, path), tag), str):
            path = (*path, tag)
        return [Finding(path, text, hint, key=wrong.kind == "union_tag_not_found" or wrong.at_key)]

    def _is_broken(self, path: DocumentPath) -> bool:
        return any(path[:length] in self.filled.broken for length in range(len(path) + 1))

    def _hidden(self, path: DocumentPath, base: DocumentPath, shape: Shape | None) -> Iterator[str]:
        yield from (secret for secret in self.filled.secrets if secret)
        for place, texts in self.filled.outside.items():
            if place[: len(path)] == path or path[: len(place)] == place:
                yield from (text for text in texts if text)
        item = at(self.filled.data, base)
        for leaf, text in _leaves(at(self.filled.data, path), path):
            named = any(isinstance(step, str) and is_secret_name(step) for step in leaf)
            if text and (named or (shape is not None and shape.is_secret(leaf[len(base) :], item))):
                yield text


def at(data: Plain, path: DocumentPath) -> Plain:
    """The part of plain data at a path; None where there is none."""
    for step in path:
        data = step_into(data, step)
    return data


def _as_written(secret: str) -> re.Pattern[str]:
    """A short one is looked for as a word of its own only, or it would blot out half of the sentence."""
    plain = re.escape(secret)
    return re.compile(plain if len(secret) > 3 else rf"(?<!\w){plain}(?!\w)", re.IGNORECASE)


def _own(error: ValueError) -> tuple[Finding, ...]:
    return error.findings if isinstance(error, Mistakes) else (Finding((), str(error)),)


def _leaves(data: Plain, path: DocumentPath) -> Iterator[tuple[DocumentPath, str]]:
    if isinstance(data, dict):
        for key, item in data.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(data, list):
        for index, item in enumerate(data):
            yield from _leaves(item, (*path, index))
    elif isinstance(data, str | int | float) and not isinstance(data, bool):
        yield path, str(data)


def _absent(known: list[str], mapping: Plain) -> list[str]:
    """The known keys that the mapping does not have yet; all of them where it has every one."""
    present = mapping if isinstance(mapping, dict) else {}
    return [key for key in known if key not in present] or known


def _located(raw: Any, value: Plain) -> _Error:  # noqa: ANN401 (pydantic's TypedDict is not public)
    """Find the place in the data: pydantic's own path also holds the names of the alternatives that it tried."""
    loc: Loc = raw["loc"]
    at_key = bool(loc) and loc[-1] == "[key]"
    loc = loc[:-1] if at_key else loc
    absent = loc[-1:] if raw["type"] in MISSING else ()
    ways = list(_ways(loc[: len(loc) - len(absent)], value, 0))
    fitting = [way for way in ways if at(value, way[0]) is raw["input"]]
    path, branches = (fitting or ways)[0]
    wrong = Wrong(raw["type"], raw["msg"], raw["input"], raw.get("ctx", {}), at_key)
    return _Error(wrong, (*path, *absent), branches)


def _ways(loc: Loc, value: Plain, depth: int) -> Iterator[tuple[DocumentPath, tuple[tuple[int, str], ...]]]:
    if not loc:
        yield (), ()
        return
    head, rest = loc[0], loc[1:]
    inside = head in value if isinstance(value, dict) else isinstance(value, list) and isinstance(head, int)
    if inside:
        for path, branches in _ways(rest, step_into(value, head), depth + 1):
            yield (head, *path), branches
    for path, branches in _ways(rest, value, depth):
        yield path, ((depth, str(head)), *branches)


def _without_branches(errors: list[_Error], level: int = 0) -> list[_Error]:
    """Of the alternatives that were tried at a place keep the one that was meant, or name what could stand there."""
    kept = [error for error in errors if len(error.branches) <= level]
    groups: dict[DocumentPath, dict[str, list[_Error]]] = {}
    for error in errors:
        if len(error.branches) > level:
            depth, branch = error.branches[level]
            groups.setdefault(error.path[:depth], {}).setdefault(branch, []).append(error)
    for path, group in groups.items():
        meant = [found for found in group.values() if not all(e.path == path and is_misshapen(e.wrong) for e in found)]
        if meant:
            kept += _without_branches(min(meant, key=len), level + 1)
        else:
            first = next(iter(group.values()))[0]
            either = dict.fromkeys(wanted(e.wrong) for found in group.values() for e in found)
            kept.append(replace(first, wrong=replace(first.wrong, either=tuple(either))))
    return kept


def _without_misspelt(errors: list[_Error], value: Plain, shape: Shape) -> list[_Error]:
    """A misspelt key is one mistake, not an unknown key and a missing one."""
    meant = set()
    for error in errors:
        if error.wrong.kind in UNKNOWN:
            parent = error.path[:-1]
            near = nearest(str(error.path[-1]), _absent(shape.keys(parent, value), at(value, parent)))
            meant.add((*parent, near))
    return [error for error in errors if not (error.wrong.kind in MISSING and error.path in meant)]
