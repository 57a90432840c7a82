"""`provodka check` and `schema`: what is known before the start."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console

from cli.accounts import Told, ask_accounts
from cli.config import SECTIONS, parse, warnings
from provodka.errors import ConfigError
from provodka.readiness import Weight
from provodka.settings import json_schema

_WORDS: Final = {Weight.CONFIG: "mistake", Weight.ACCOUNT: "problem", Weight.WARNING: "warning", Weight.NOTE: "note"}
_STYLES: Final = {Weight.CONFIG: "", Weight.ACCOUNT: "", Weight.WARNING: "yellow", Weight.NOTE: "dim"}


def show_problems(error: ConfigError, out: Console, *, as_json: bool = False) -> int:
    """All the mistakes of a config; exit code 2."""
    return _show([Told(Weight.CONFIG, problem) for problem in error.problems], out, as_json=as_json)


def _show(told: Sequence[Told], out: Console, *, as_json: bool) -> int:
    """Everything that was found, by place; 2 for a wrong config, 1 for an account that is not ready, else 0."""
    found = Counter(one.weight for one in told)
    if as_json:
        out.print_json(json.dumps([_row(one) for one in told], ensure_ascii=False))
        return _code(found)
    for one in told:
        mark = "warning: " if one.weight is Weight.WARNING else ""
        out.print(f"{mark}{one.problem}", style=_STYLES[one.weight], markup=False, highlight=False, soft_wrap=True)
    if code := _code(found):
        counts = ", ".join(_counted(found[weight], word) for weight, word in _WORDS.items() if found[weight])
        out.print(counts, style="bold red", highlight=False)
    return code


def _code(found: Counter[Weight]) -> int:
    if found[Weight.CONFIG]:
        return 2
    return 1 if found[Weight.ACCOUNT] else 0


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'s' if count != 1 else ''}"


def _row(one: Told) -> dict[str, object]:
    problem = one.problem
    return {
        "level": one.weight.value,
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "path": problem.path,
        "text": problem.text,
        "hint": problem.hint,
    }


def check(path: Path, out: Console, *, online: bool, create: bool, as_json: bool, channel: str = "") -> int:
    """Every mistake of a config at once, exit code 2; with `online` also what the accounts lack, 1; with `channel` only
    what that one lacks.

    What is no mistake but should be looked at is told besides, and changes no exit code.
    """
    parsed = parse(path)
    told = ask_accounts(parsed, create=create, channel=channel) if online else []
    told += [Told(Weight.CONFIG, problem) for problem in parsed.problems]
    if not parsed.problems:
        told += [Told(Weight.WARNING, problem) for problem in warnings(parsed)]
    told.sort(key=lambda one: one.problem)
    if as_json or told:
        code = _show(told, out, as_json=as_json)
        if as_json or code:
            return code
    counts = ", ".join(f"{len(parsed.values[name])} {name}" for name in ("rules", "channels", "tests"))
    asked = "; the accounts know every name in it" if online else ""
    out.print(f"{path.name} is right: {counts}{asked}", style="green", highlight=False)
    return 0


def schema(out: Console) -> int:
    """The JSON Schema of a config, for editors."""
    out.print_json(json.dumps(json_schema(SECTIONS), ensure_ascii=False))
    return 0
