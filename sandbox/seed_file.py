"""A YAML file that says what the emulators start with, one section for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

Sections = Mapping[str, Callable[[object], Any]]
"""How the section of each emulator is read, by the emulator's name."""


class SeedFileError(Exception):
    """The file cannot be used; the text names the place and the cure."""


def read_seed_file(path: Path, sections: Sections) -> dict[str, Any]:
    """The seeds by emulator name; raises SeedFileError."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise SeedFileError(f"{path} cannot be read: {error}") from error
    if not isinstance(document, dict) or not document:
        raise SeedFileError(f"{path} has no sections; known are {', '.join(sections)}")
    seeds = {}
    for name, section in document.items():
        if name not in sections:
            raise SeedFileError(f"{path}: section {name!r} is not known; known are {', '.join(sections)}")
        try:
            seeds[name] = sections[name](section)
        except ValidationError as error:
            raise SeedFileError("\n".join(_lines(path, name, error))) from error
    return seeds


def _lines(path: Path, name: str, error: ValidationError) -> list[str]:
    rows = []
    for one in error.errors(include_url=False, include_input=False, include_context=False):
        place = ".".join(str(part) for part in (name, *one["loc"]))
        rows.append(f"{path}: {place}: {one['msg'].removeprefix('Value error, ')}")
    return rows
