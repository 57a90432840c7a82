"""Tests of rules lie in the config and beside it; what fails is shown side by side."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app

CONFIG = """\
client: Кровля
crm: {type: amocrm, url: "https://krovlya.amocrm.ru", token: x}
staff: {anna: {crm: anna@krovlya.ru}}
channels: {site: {type: tilda, secret: x}}
rules:
  - name: Заявка
    on: form.submitted
    when: {utm.source: yandex}
    do:
      - intake: {title: "Сайт: {{ person.name }}", tags: [сайт]}
      - task: {text: Позвонить, due: 1h}
tests:
  - name: из Яндекса
    given: {type: form.submitted, utm: {source: yandex}}
    expect: {actions: [intake, task]}
"""
BESIDE = """\
tests:
  - name: из Гугла
    given: {type: form.submitted, utm: {source: google}}
    expect: no_actions
"""
WRONG = """\
tests:
  - name: не тот тег
    given: {type: form.submitted, person: {name: Мария}, utm: {source: yandex}}
    expect: {actions: [{intake: {title: "Сайт: Мария", tags: [почта]}}, note, task]}
  - name: без источника
    given: {type: form.submitted}
    expect: {actions: [intake, task]}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "krovlya.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


def provodka(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(words))
    return result.exit_code, result.output


def write(config: Path, name: str, text: str) -> None:
    file = config.parent / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")


def test_files_beside_the_config_and_in_its_folder_are_run_and_those_of_others_are_not(config: Path) -> None:
    write(config, "krovlya.tests.yaml", BESIDE)
    write(config, "krovlya.tests/more.yaml", BESIDE.replace("из Гугла", "из Бинга").replace("google", "bing"))
    write(config, "other.tests.yaml", WRONG)
    code, text = provodka("test", "--config", str(config))
    assert code == 0, text
    assert all(f"✓ {name}" in text for name in ("из Яндекса", "из Гугла", "из Бинга"))
    assert "3 passed, 0 failed" in text
    code, text = provodka("check", "--config", str(config))
    assert "1 rules, 1 channels, 3 tests" in text


def test_a_failure_shows_both_sides_and_the_condition_with_both_values(config: Path) -> None:
    write(config, "krovlya.tests.yaml", WRONG)
    code, text = provodka("test", "--config", str(config))
    assert code == 1
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "✗ не тот тег krovlya.tests.yaml:2:5" in lines
    assert "≠ 1 intake intake of rule «Заявка»" in lines
    assert 'intake.tags ["почта"] ["сайт"]' in lines
    assert "≠ 2 note —" in lines, "an action that is missing does not shift those behind it"
    assert "= 3 task task of rule «Заявка»" in lines
    assert "«Заявка» did not match: utm.source is «yandex»: no, it is «»" in lines
    assert lines[-1] == "1 passed, 2 failed"


def test_json_has_every_test_with_its_place_and_both_sides(config: Path) -> None:
    write(config, "krovlya.tests.yaml", WRONG)
    code, text = provodka("test", "--config", str(config), "--json")
    own, first, second = json.loads(text)
    assert (code, own["passed"], own["place"]) == (1, True, "krovlya.yaml:13:5")
    assert first["actions"][0]["differences"] == [
        {"path": "intake.tags", "expected": ["почта"], "actual": ["сайт"], "hint": ""}
    ]
    assert [(at["expected"], at["actual"]) for at in second["actions"]] == [("intake", ""), ("task", "")]
    assert second["missed"] == {"Заявка": "utm.source is «yandex»: no, it is «»"}


def test_tests_are_chosen_by_a_piece_of_their_name(config: Path) -> None:
    write(config, "krovlya.tests.yaml", WRONG)
    assert provodka("test", "--config", str(config), "-k", "ЯНДЕКС")[0] == 0
    code, text = provodka("test", "--config", str(config), "-k", "Рамблер")
    assert code == 2
    assert "no test has «Рамблер» in its name" in text


@pytest.mark.parametrize(
    ("wrong", "place", "words"),
    [
        ("type: form.submited", ":3:", "form.submitted"),
        ("type: form.submitted, utm: {sorce: google}", ":3:", "source"),
        ("type: form.submitted, order: {amount: много}", ":3:", "amount"),
    ],
)
def test_check_names_what_is_wrong_in_a_test_beside_the_config(
    config: Path, wrong: str, place: str, words: str
) -> None:
    write(config, "krovlya.tests.yaml", BESIDE.replace("type: form.submitted, utm: {source: google}", wrong))
    code, text = provodka("check", "--config", str(config))
    joined = text.replace("\n", "")
    assert code == 2, text
    assert f"krovlya.tests.yaml{place}" in joined
    assert words in joined


def test_check_knows_the_actions_the_facts_the_keys_and_the_names_of_tests(config: Path) -> None:
    wrong = BESIDE.replace("expect: no_actions", "facts: {person.know: true}\n    expect: {actions: [intak]}")
    wrong += "  - {name: из Яндекса, given: {type: form.submitted}, expekt: no_actions}\n"
    wrong += "  - {name: из Яндекса, given: {type: form.submitted}, expect: no_actions}\nrules: []\n"
    write(config, "krovlya.tests.yaml", wrong)
    code, text = provodka("check", "--config", str(config))
    joined = " ".join(text.split())
    assert code == 2
    for words in ("person.known", "intake", "expect", "krovlya.yaml:13:5 has this name already", 'unknown key "rules"'):
        assert words in joined, words
    assert "5 mistakes" in joined
