"""`provodka check`, `test` and `schema`: what is known before the start."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console

from cli.accounts import ask_accounts
from cli.config import SECTIONS, Config, parse, warnings
from provodka.errors import ConfigError, Problem
from provodka.settings import json_schema
from rules.actions import REGISTRY
from rules.engine import Engine
from rules.testing import run_tests


def show_problems(error: ConfigError, out: Console, *, as_json: bool = False) -> int:
    """All the mistakes of a config; exit code 2."""
    if as_json:
        out.print_json(json.dumps([_problem(p, "error") for p in error.problems], ensure_ascii=False))
        return 2
    for problem in error.problems:
        out.print(str(problem), markup=False, highlight=False, soft_wrap=True)
    count = len(error.problems)
    out.print(f"{count} mistake{'s' if count != 1 else ''}", style="bold red")
    return 2


def _problem(problem: Problem, level: str) -> dict[str, object]:
    return {
        "level": level,
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "path": problem.path,
        "text": problem.text,
        "hint": problem.hint,
    }


def check(path: Path, out: Console, *, online: bool, create: bool, as_json: bool) -> int:
    """Every mistake of a config at once, exit code 2; with `online` what the accounts say too, 1 if they are silent.

    What is no mistake but should be looked at is told besides, and changes no exit code.
    """
    parsed = parse(path)
    silent: list[str] = []
    if online:
        silent = ask_accounts(parsed, create=create)
    if parsed.problems:
        return show_problems(ConfigError(parsed.problems), out, as_json=as_json)
    for sentence in silent:
        out.print(f"✗ {sentence}", markup=False, highlight=False, soft_wrap=True)
    if silent:
        return 1
    doubtful = warnings(parsed)
    if as_json:
        out.print_json(json.dumps([_problem(p, "warning") for p in doubtful], ensure_ascii=False))
        return 0
    for problem in doubtful:
        out.print(f"warning: {problem}", style="yellow", markup=False, highlight=False, soft_wrap=True)
    counts = ", ".join(f"{len(parsed.values[name])} {name}" for name in ("rules", "channels", "tests"))
    asked = "; the accounts know every name in it" if online else ""
    out.print(f"{path.name} is right: {counts}{asked}", style="green", highlight=False)
    return 0


def test(config: Config, out: Console) -> int:
    """Run the config's own rule tests; 1 when one fails."""
    engine = Engine(config.rules, REGISTRY, config.team, config.calendar, config.client)
    results = run_tests(config.tests, engine)
    for result in results:
        out.print(f"{'✓' if result.passed else '✗'} {result.name}", markup=False, highlight=False)
        for failure in result.failures:
            out.print(f"    {failure}", markup=False, highlight=False, soft_wrap=True)
    failed = sum(not r.passed for r in results)
    out.print(f"{len(results) - failed} passed, {failed} failed", style="red" if failed else "green", highlight=False)
    return 1 if failed else 0


def schema(out: Console) -> int:
    """The JSON Schema of a config, for editors."""
    out.print_json(json.dumps(json_schema(SECTIONS), ensure_ascii=False))
    return 0
