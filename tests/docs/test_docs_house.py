"""The house stays readable: no long file, no long function, and the rooms import only what stands below them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.docs.markdown import ROOT, name

LONGEST_FILE = 400
LONGEST_CONFIG = 800  # a client's config is one file, however much they want
LONGEST_FUNCTION = 60
KINDS = {".py", ".md", ".yaml", ".html", ".css", ".js", ".mako", ".toml", ".svg"}
NOT_OURS = {"build", "dist", "var", "node_modules"}

# what may be imported by the modules at the top, which Import Linter cannot see
MAY_IMPORT = {"scheduler": {"provodka", "rules", "connectors"}}
FOLDERS = [p for p in ROOT.iterdir() if p.is_dir() and p.name[0] != "." and p.name not in NOT_OURS]
ROOMS = [folder for folder in FOLDERS if (folder / "__init__.py").exists()]
OURS = {room.name for room in ROOMS} | {module.stem for module in ROOT.glob("*.py")}


def _files() -> Iterator[Path]:
    top = [file for file in ROOT.iterdir() if file.is_file()]
    below = [file for folder in FOLDERS if not folder.name.endswith(".egg-info") for file in folder.rglob("*")]
    yield from (file for file in (*top, *below) if file.suffix in KINDS and file.is_file())


def _modules() -> list[Path]:
    return [*ROOT.glob("*.py"), *(file for room in ROOMS for file in room.rglob("*.py"))]


def long_functions(source: str, limit: int = LONGEST_FUNCTION) -> list[str]:
    """`line: name (lines)` of every function that is longer than the limit."""
    found = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    sizes = [(node.lineno, node.name, (node.end_lineno or node.lineno) - node.lineno + 1) for node in found]
    return [f"{line}: {title} ({size})" for line, title, size in sizes if size > limit]


def imported(source: str) -> set[str]:
    """The top-level names that a module imports, also within functions."""
    nodes = list(ast.walk(ast.parse(source)))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    of = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    return {module.partition(".")[0] for module in plain | of}


def test_no_file_is_longer_than_four_hundred_lines():
    sizes = {name(file): file.read_bytes().count(b"\n") for file in _files()}
    assert len(sizes) > 200
    configs = ("examples/*/config*.yaml", "config.example.yaml")
    longest = {file: LONGEST_CONFIG if any(fnmatch(file, one) for one in configs) else LONGEST_FILE for file in sizes}
    assert {file: size for file, size in sizes.items() if size > longest[file]} == {}


def test_no_function_outside_the_tests_is_longer_than_a_screen():
    modules = [module for module in _modules() if "tests" not in module.relative_to(ROOT).parts]
    assert len(modules) > 100
    found = {name(module): long_functions(module.read_text("utf-8")) for module in modules}
    assert {module: functions for module, functions in found.items() if functions} == {}


@pytest.mark.parametrize("module", sorted(ROOT.glob("*.py")), ids=name)
def test_a_module_at_the_top_imports_only_the_rooms_below_it(module: Path):
    assert module.stem in MAY_IMPORT, "say in MAY_IMPORT what this module may import"
    assert imported(module.read_text("utf-8")) & OURS <= MAY_IMPORT[module.stem]


def test_only_the_command_and_the_tests_import_a_module_at_the_top():
    top = set(MAY_IMPORT)
    users = {module.relative_to(ROOT).parts[0] for module in _modules() if imported(module.read_text("utf-8")) & top}
    assert users <= {"cli", "tests", "bench"}


def test_the_measures_see_what_they_are_to_see():
    long = "async def long():\n" + "    pass\n" * 60 + "def short():\n    pass\n"
    assert long_functions(long) == ["1: long (61)"]
    assert imported("import cli.run\ndef f():\n    from sandbox import x\n    from . import y\n") == {"cli", "sandbox"}
