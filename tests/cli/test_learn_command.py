"""`provodka learn`: from a sample to settings that `check` takes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from cli.main import app
from connectors.bodies import MAX_BODY
from connectors.form.settings import FormSettings

BODY = {"fio": "Мария Иванова", "f2": "8 (916) 000-11-22", "message": "Звоните: +79160001122", "order_id": "17"}


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    path = tmp_path / "заявка.json"
    path.write_text(json.dumps(BODY, ensure_ascii=False), "utf-8")
    return path


def run(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["learn", *words])
    return result.exit_code, result.stdout, result.stderr


def test_the_block_is_yaml_that_the_channel_takes(sample: Path) -> None:
    code, told, _ = run(str(sample), "--channel", "замер", "--title", "Замер окна")
    assert code == 0
    block = told[told.index("channels:") : told.index("proved:")]
    settings = yaml.safe_load(block)["channels"]["замер"]
    assert settings["secret"] == "${FORM_SECRET}"
    read = FormSettings.model_validate(settings)
    assert read.map == {"name": "fio", "phone": "f2", "comment": "message"}
    assert read.defaults == {"form": "Замер окна"}


def test_personal_data_is_masked_unless_it_is_asked_for(sample: Path) -> None:
    for words in ([str(sample)], [str(sample), "--json"]):
        told = run(*words)[1]
        assert "0001122" not in told
        assert "000-11-22" not in told
        assert "Иванова" not in told
    assert "Мария Иванова" in run(str(sample), "--open")[1]


def test_json_holds_the_same_as_a_mapping(sample: Path) -> None:
    told = json.loads(run(str(sample), "--json", "--channel", "callback-2")[1])
    assert told["channel"] == yaml.safe_load(told["yaml"])
    assert told["channel"]["channels"]["callback-2"]["secret"] == "${CALLBACK_2_SECRET}"
    assert told["result"]["type"] == "form.submitted"
    assert any("order_id" in line for line in told["unsure"])


def test_a_file_that_is_not_there_or_no_form_is_told_with_the_cure(tmp_path: Path) -> None:
    code, _, why = run(str(tmp_path / "нет.json"))
    assert (code, "cannot be read" in why) == (2, True)
    letter = tmp_path / "a.eml"
    letter.write_text("From: a@example.ru\nSubject: x\n\nphone", "utf-8")
    code, _, why = run(str(letter))
    assert (code, "channel imap" in why) == (1, True)
    large = tmp_path / "large.json"
    large.write_bytes(b"x" * (MAX_BODY + 1))
    code, _, why = run(str(large))
    assert (code, f"{MAX_BODY + 1} bytes" in why) == (1, True)
