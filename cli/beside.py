"""The rule tests that lie beside a config: in `<name>.tests.yaml`, and in any `*.yaml` of the folder `<name>.tests`.

They are found by their names alone, since a list of them in the config would be one more thing to forget. A folder
named after the config, and not simply `tests`, lets several configs share a folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from provodka.mistakes import Finding
from provodka.settings import Parsed, Section, Sections, read_config
from rules.schema import RuleTest

TESTS: Final = Section(TypeAdapter(RuleTest), each="list", noun="test")
_ALONE: Final[Sections] = {"tests": TESTS}

Placed = dict[str, RuleTest]
"""Tests by their places, `config.tests.yaml:2:5`."""


def tests_file(config: Path) -> Path:
    """The file of tests that belongs to a config, whether it exists or not."""
    return config.with_name(f"{config.stem}.tests.yaml")


def test_files(config: Path) -> list[Path]:
    """All files of tests that belong to a config."""
    own = tests_file(config)
    folder = config.with_name(f"{config.stem}.tests")
    return [*([own] if own.is_file() else []), *sorted(folder.glob("*.yaml"))]


def read_beside(config: Path, environ: Mapping[str, str]) -> list[Parsed]:
    """The files of tests of a config, each as far as it can be read."""
    return [read_config(file, _ALONE, environ) for file in test_files(config)]


def place_of(parsed: Parsed, index: int) -> str:
    """Where a test stands."""
    line, column = parsed.document.place(("tests", index))
    return f"{Path(parsed.document.file).name}:{line}:{column}"


def placed(parsed: Parsed) -> Placed:
    """The tests of one file by their places."""
    return {place_of(parsed, index): test for index, test in parsed.values["tests"].items()}


def same_names(files: list[Parsed]) -> Iterator[tuple[Parsed, Finding]]:
    """Tests that have the name of an earlier one: they are chosen and told by it."""
    seen: dict[str, str] = {}
    for parsed in files:
        for index, test in parsed.values["tests"].items():
            first = seen.setdefault(test.name, place_of(parsed, index))
            if first != place_of(parsed, index):
                yield parsed, Finding(("tests", index, "name"), f"the test at {first} has this name already")
