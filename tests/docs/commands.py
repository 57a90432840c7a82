"""Command lines as the pages show them, held against the application and the Makefile."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

from typer.main import get_command

from cli.main import app
from tests.docs.markdown import ROOT

APP: Any = get_command(app)  # click's command, or what typer has in its place
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
TARGETS = set(re.findall(r"^([a-z]\w*):", MAKEFILE, re.MULTILINE))
MADE_BY_INIT = {"config.yaml", ".env.example", ".env"}

_BETWEEN = {";", "&&", "||", "|"}
_ADDRESS = re.compile(r"https://[^/]+/(?:hooks/\S+|healthz|readyz|metrics)")


def all_commands(command: Any = APP, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Every command that does something, by its words."""
    below = getattr(command, "commands", None)
    if below is None:
        return {path: command}
    default = getattr(command, "default_command", None)
    paths = {name: path if name == default else (*path, name) for name in below}
    return {words: one for name, sub in below.items() for words, one in all_commands(sub, paths[name]).items()}


def options(command: Any) -> set[str]:
    return {"--help", *(word for param in command.params for word in (*param.opts, *param.secondary_opts))}


def find(words: list[str]) -> tuple[Any, list[str]]:
    """The command that the words begin with, and the words after it; raises LookupError."""
    command, rest = APP, list(words)
    while hasattr(command, "commands"):
        name = rest.pop(0) if rest else ""
        default = getattr(command, "default_command", "")
        if default and name not in command.commands:  # its first word is not a command of its own, but a file
            name, rest = default, [name, *rest] if name else rest
        if name not in command.commands:
            raise LookupError(f"provodka has no command {' '.join(words)}")
        command = command.commands[name]
    return command, rest


def parse_provodka(words: list[str]) -> None:
    """Let the command itself read its options and arguments; nothing is run."""
    command, rest = find(words)
    command.make_context("provodka", rest)


def lines(script: str) -> list[list[str]]:
    """The simple commands of a script, as words; comments are gone, and so is what a redirection names."""
    found: list[list[str]] = []
    for line in script.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words: list[str] = []
        for word in lexer:
            if word in _BETWEEN:
                found.append(words)
                words = []
            else:
                words.append(word)
        found.append(words[: words.index(">")] if ">" in words else words)
    return [words for words in found if words]


def check(words: list[str]) -> None:
    """Raises for a command line that could not work; a program that no test knows is refused too."""
    program, rest = words[0], words[1:]
    match program:
        case "provodka":
            parse_provodka(rest)
        case "make":
            _check_make(rest)
        case "." | "cp":
            _check_file(rest[0])
        case "openssl":
            assert rest[:2] == ["rand", "-hex"], rest
        case "curl":
            assert any(_ADDRESS.fullmatch(word) for word in rest), f"no address of ours in {rest}"
        case _:
            raise AssertionError(f"no test knows the program {program}")


def _check_make(words: list[str]) -> None:
    """Targets exist, and what ARGS hands to `provodka` is read by it."""
    given = dict(word.split("=", 1) for word in words if "=" in word)
    assert set(given) <= {"ARGS", "ONEC"}, given
    for target in (word for word in words if "=" not in word):
        assert target in TARGETS, f"the Makefile has no target {target}"
        recipe = re.search(rf"^{target}:.*\n\t.*/provodka (.*)$", MAKEFILE, re.MULTILINE)
        if recipe:
            line = recipe[1].replace("$(ARGS)", given.get("ARGS", ""))
            onec = given.get("ONEC", "")
            parse_provodka(shlex.split(re.sub(r"\$\(if \$\(ONEC\),.*?\)\)", f"--onec {onec}" if onec else "", line)))


def _check_file(name: str) -> None:
    venv = re.search(r"^VENV\s*:=\s*(\S+)", MAKEFILE, re.MULTILINE)
    assert venv is not None
    known = name in MADE_BY_INIT or name == f"{venv[1]}/bin/activate" or Path(ROOT / name).is_file()
    assert known, f"there is no file {name}"
