"""`provodka password`: a hash that opens the console, and nothing weak."""

from __future__ import annotations

import re

import pytest
import yaml
from argon2 import PasswordHasher
from typer.testing import CliRunner

from cli import password as module
from cli.main import app
from webhooks.console.settings import ConsoleSettings, Role

LONG = "синий трактор едет"


def run(*words: str, typed: str = "") -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["password", *words], input=typed)
    return result.exit_code, result.stdout, result.stderr


def test_a_line_of_standard_input_becomes_a_hash_and_lines_that_the_config_takes() -> None:
    code, told, _ = run("--stdin", "--login", "olga.p", typed=f"{LONG}\n")
    assert code == 0
    assert LONG not in told
    found = re.search(r"^OLGA_P_HASH='(.+)'$", told, re.MULTILINE)
    assert found
    assert PasswordHasher().verify(found[1], LONG)
    block = told[told.index("console:") :].replace("${OLGA_P_HASH}", found[1])
    user = ConsoleSettings.model_validate(yaml.safe_load(block)["console"]).users["olga.p"]
    assert user.role is Role.OPERATE


def test_a_password_under_ten_signs_is_refused() -> None:
    code, told, why = run("--stdin", typed="девятьзна\n")
    assert (code, told) == (2, "")
    assert "at least 10" in why


def test_two_passwords_that_differ_make_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    given = iter([LONG, f"{LONG}."])
    monkeypatch.setattr(module, "getpass", lambda _: next(given))
    code, told, why = run()
    assert (code, told) == (2, "")
    assert "not the same" in why
