"""The examples are what a client could run: `check` and `test` are content, and the account knows every name."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.accounts import used_names
from cli.config import parse
from cli.main import app
from tests.examples.accounts import account
from tests.examples.clients import CONFIGS, client, environ, name, rule_tests

every_config = pytest.mark.parametrize("example", CONFIGS, ids=name)


def test_there_is_one_for_each_client() -> None:
    assert [path.parent.name[0] for path in CONFIGS if path.stem == "config"] == ["0", "1", "2", "3", "4"]


@every_config
@pytest.mark.parametrize("command", ["check", "test"])
def test_the_command_is_content(example: Path, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in environ(example).items():
        monkeypatch.setenv(variable, value)
    result = CliRunner().invoke(app, [command, "--config", str(example)])
    assert result.exit_code == 0, result.output
    assert "warning" not in result.output


@every_config
def test_every_rule_acts_in_a_test_that_passes(example: Path) -> None:
    config = client(example)
    acted = {action.rule for _, result in rule_tests(config) if result.passed for action in result.compared}
    assert {rule.name for rule in config.rules} <= acted


@every_config
def test_the_account_of_the_client_knows_every_name(example: Path, tmp_path: Path) -> None:
    needs = {used.need for used in used_names(parse(example, environ(example)))}
    assert len(needs) > 10
    with account(example, tmp_path) as (_, crm):
        assert crm.check(sorted(needs, key=str)) == []


@every_config
def test_what_the_client_wanted_is_told_in_its_page(example: Path) -> None:
    page = example.with_name("README.md").read_text("utf-8")
    assert "## Что хотел клиент" in page
    assert "## Как отвечают настройки" in page
    assert "## Чего пока ждёт" in page
