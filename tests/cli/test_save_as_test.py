"""A test made of a real event passes at once, and nobody could tell from it who that was."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.config import read
from cli.main import app
from cli.save_test import Wish, save
from provodka.journal import Journal
from provodka.payloads import CrmHint
from provodka.yaml_marks import parse_document
from tests.cli.past import MARIA, RULES, Client, real
from tests.cli.playing import Clock, Seen

PERSONAL = re.compile(
    r"мари[яию]|иванов|пётр|сидоров|160001122|\D000-?11-?22|000.?33.?44|yandex\.ru|mail\.ru", re.IGNORECASE
)


@pytest.fixture
def client(tmp_path: Path, journal: Journal, clock: Clock) -> Client:
    made = Client(tmp_path, journal, clock)
    made.month()
    return made


def saved(client: Client, event: str, rules: str = RULES, **wish: object) -> tuple[int, Seen]:
    seen = Seen(width=400)
    config = read(client.config(rules))
    return save(client.journal, config, real(event), Wish(**wish), seen.view()), seen  # type: ignore[arg-type]


def written(client: Client) -> str:
    return (client.folder / "config.tests.yaml").read_text("utf-8")


def test_every_event_of_a_month_becomes_a_test_that_passes_and_names_nobody(client: Client) -> None:
    for event in ("f1", "f2", "f3", "f4", "m1", "c1", "l1", "l2"):
        code, seen = saved(client, event)
        assert code == 0, seen.text + seen.error
    text = written(client)
    assert not PERSONAL.search(text), PERSONAL.search(text)
    result = CliRunner().invoke(app, ["test", "--config", str(client.folder / "config.yaml")])
    assert result.exit_code == 0, result.output
    assert "8 passed, 0 failed" in result.output
    expected = [one["expect"] for one in parse_document(text, "t").data["tests"]]
    assert expected[2] == "no_actions"
    assert [next(iter(step)) for step in expected[3]["actions"]] == ["intake", "task", "notify"]


def test_it_says_what_came_what_was_answered_and_what_was_planned(client: Client) -> None:
    saved(client, "f4", name="знакомая с рекламы")
    (test,) = parse_document(written(client), "t").data["tests"]
    person = test["given"]["person"]
    assert (test["name"], test["at"]) == ("знакомая с рекламы", "2026-03-02 12:00:01")
    assert set(person) == {"name", "phone", "email"}
    assert test["given"] == {
        "type": "form.submitted",
        "channel": "site",
        "person": person,
        "form": {"name": "Замер", "comment": f"Звоните: {person['phone']}"},
        "utm": {"source": "yandex"},
    }
    assert test["facts"] == {"person.contact": {"id": "c1", "name": person["name"]}}
    intake, task, notify = test["expect"]["actions"]
    assert intake["intake"]["title"] == f"Сайт: {person['name']}"
    assert intake["intake"]["responsible"] == {"round_robin": ["anna", "ivan"]}
    assert task["task"]["due"] == "2026-03-02 12:15:01"
    assert notify["notify"]["text"] == f"Снова {person['name']} {person['phone']}"


def test_the_same_person_is_the_same_in_every_test_of_a_journal(client: Client) -> None:
    saved(client, "f2")
    saved(client, "f4")
    first, second = parse_document(written(client), "t").data["tests"]
    assert first["given"]["person"] == second["given"]["person"]


def test_a_wait_is_played_to_its_end_with_what_was_read_then(client: Client) -> None:
    saved(client, "l2")
    (test,) = parse_document(written(client), "t").data["tests"]
    assert test["given"]["lead"]["stage"] == "Новый лид"
    assert test["facts"]["lead"]["stage"] == "В работе"
    assert test["expect"] == "no_actions"


def test_secrets_do_not_get_into_a_test(client: Client) -> None:
    form = {"comment": "мой tilda-secret и crm-token", "fields": {"password": "qwerty", "Город": "Тверь"}}
    client.event("s1", "form.submitted", "land", MARIA, form=form)
    planner = client.planner()
    while planner.plan_once():
        pass
    code, seen = saved(client, "s1")
    assert code == 0, seen.text
    assert not re.search("tilda-secret|crm-token|qwerty", written(client))
    assert "Тверь" in written(client)


def test_a_test_that_would_not_pass_is_not_written_and_says_why(client: Client) -> None:
    code, seen = saved(client, "c1", RULES.replace("text: Перезвонить", "text: Набрать"))
    assert code == 1
    assert "nothing is written" in seen.error
    assert "task.text: expected 'Перезвонить', it is 'Набрать'" in seen.text
    assert not (client.folder / "config.tests.yaml").exists()


def test_a_rule_that_waits_still_cannot_be_held_to_anything(client: Client) -> None:
    client.event("l3", "lead.created", "amocrm", MARIA, lead={"id": "3", "title": "Лид 3", "stage": "Новый лид"})
    planner = client.planner()
    planner.plan_once()
    code, seen = saved(client, "l3")
    assert code == 1
    assert "rule «Не взят» waits still" in seen.error


def test_what_was_never_planned_is_refused(client: Client) -> None:
    client.event("n1", "call.missed", "phone", MARIA, call={"id": "9", "direction": "in"})
    assert saved(client, "n1")[0] == 1
    hint = client.event("h1", "crm.hint", "amocrm", MARIA)
    assert isinstance(hint.payload, CrmHint)
    code, seen = saved(client, "h1")
    assert (code, "never see the hints" in seen.error) == (1, True)
    assert saved(client, "nothing")[0] == 1


def test_a_name_that_is_taken_and_a_file_that_is_something_else_are_refused(client: Client) -> None:
    saved(client, "c1")
    assert saved(client, "c1")[0] == 2
    other = client.folder / "other.yaml"
    other.write_text("tests:\n  - {name: а, given: {type: clock.tick}, expect: no_actions}\nrules: []\n", "utf-8")
    code, seen = saved(client, "m1", to=other)
    assert (code, "does not end with a list of tests" in seen.error) == (2, True)


def test_a_test_is_added_behind_those_that_are_there_and_nothing_else_changes(client: Client) -> None:
    mine = "# мои тесты\ntests:\n- name: свой  # как есть\n  given: {type: clock.tick}\n  expect: no_actions\n"
    (client.folder / "config.tests.yaml").write_text(mine, "utf-8")
    assert saved(client, "c1")[0] == 0
    assert written(client).startswith(mine + f"- name: call.missed {real('c1')}\n")


def test_a_dry_run_shows_the_test_and_writes_nothing(client: Client) -> None:
    path = client.config()
    result = CliRunner().invoke(app, ["events", "save-as-test", real("c1"), "--config", str(path), "--dry-run"])
    assert result.exit_code == 0, result.output
    assert f"- name: call.missed {real('c1')}" in result.output
    assert "dry run: nothing was written" in result.output
    assert not (client.folder / "config.tests.yaml").exists()


def test_the_command_writes_to_the_file_that_is_named(client: Client) -> None:
    path, target = client.config(), client.folder / "config.tests" / "calls.yaml"
    target.parent.mkdir()
    words = ["events", "save-as-test", real("c1"), "--config", str(path), "--to", str(target), "--name", "звонок"]
    assert CliRunner().invoke(app, words).exit_code == 0
    assert CliRunner().invoke(app, ["test", "--config", str(path), "-k", "звонок"]).exit_code == 0
