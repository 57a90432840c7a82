"""`provodka partners`: the links that the integrator gives out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app

CONFIG = """
client: Кровля Плюс
journal: {url: "sqlite:///partners.sqlite"}
server: {public_url: "https://we.example.ru"}
channels:
  partners:
    type: partner
    title: Заявка
    fields: [{label: Телефон, kind: phone}]
    partners:
      romashka: {title: Ромашка, mail: [orders@romashka.ru]}
      kc: {title: Колл-центр, secret: 0123456789abcdef}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    return path


def run(*words: str) -> str:
    answer = CliRunner().invoke(app, ["partners", *words], env={"COLUMNS": "250"})
    assert answer.exit_code == 0, answer.output
    return answer.output


def test_every_partner_has_a_link_that_stays_the_same(config: Path) -> None:
    lines = json.loads(run("--config", str(config), "--json"))
    assert [(one["key"], one["mail"], one["program"], one["today"]) for one in lines] == [
        ("romashka", ["orders@romashka.ru"], False, 0),
        ("kc", [], True, 0),
    ]
    assert all(one["link"].startswith(f"https://we.example.ru/f/partners/{one['key']}-") for one in lines)
    assert json.loads(run("--config", str(config), "--json")) == lines
    assert lines[0]["link"] in run("--config", str(config))
    assert "0123456789abcdef" not in run("--config", str(config))


def test_without_a_public_address_the_links_are_paths_and_the_command_says_so(config: Path) -> None:
    config.write_text(CONFIG.replace('server: {public_url: "https://we.example.ru"}\n', ""))
    shown = run("--config", str(config))
    assert "/f/partners/romashka-" in shown
    assert "set server.public_url" in shown


def test_without_partners_there_is_nothing_to_show(config: Path) -> None:
    config.write_text("client: Кровля Плюс\njournal: {url: 'sqlite:///none.sqlite'}\n")
    assert "add a channel of type partner" in run("--config", str(config))
