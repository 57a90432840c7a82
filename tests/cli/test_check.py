from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from rich.console import Console

from cli.check import check
from cli.config import parse
from sandbox.amocrm import AmoCrm
from sandbox.bitrix24 import Bitrix24

TEN_MISTAKES = """\
client: Кровля
timezone: Europe/Mosow
crm: {type: amocrm, url: "https://krovlya.amocrm.ru", token: "${NO_SUCH_TOKEN}"}
staff:
  anna: {crm: anna@krovlya.ru, extention: "101"}
  ivan: {crm: ivan@krovlya.ru}
channels:
  site: {type: tlda, secret: s}
rules:
  - name: Заявка
    on: form.submited
    do: [{note: {text: x}}]
  - name: Заявка с сайта
    on: form.submitted
    when: {utm.sorce: yandex}
    do:
      - intake: {pipeline: Кровля, stgae: Новый лид, title: "{{ person.nam }}", responsible: {round_robin: [anna, ivn]}}
      - taks: {text: Позвонить}
      - note: {text: один, text: два}
"""


def run(path: Path, *, online: bool = False) -> tuple[int, str]:
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        out = Console(record=True, width=200, file=nowhere)
        code = check(path, out, online=online, create=online, as_json=False)
    return code, out.export_text()


def test_ten_planted_mistakes_are_all_named_at_their_places_in_one_run(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(TEN_MISTAKES, encoding="utf-8")
    code, text = run(path)
    assert code == 2
    assert "11 mistakes" in text, "one mistake is not two"
    for place, *words in (
        (":2:11", "Europe/Mosow", "Europe/Moscow"),
        (":3:", "NO_SUCH_TOKEN"),
        (":5:", "extention", "extension"),
        (":8:", "tlda", "tilda"),
        (":11:9", "form.submited", "form.submitted"),
        (":15:", "utm.sorce", "utm.source"),
        (":17:", "stgae", "stage"),
        (":17:", "person.nam", "person.name"),
        (":17:", "ivn", "ivan"),
        (":18:", "taks", "task"),
        (":19:", "text"),
    ):
        found = [line for line in text.splitlines() if f"config.yaml{place}" in line and all(w in line for w in words)]
        assert len(found) == 1, f"nothing at {place} about {words} in:\n{text}"


@pytest.fixture
def amocrm() -> Iterator[AmoCrm]:
    emulator = AmoCrm(state_path=None)
    emulator.start("127.0.0.1", 0)
    yield emulator
    emulator.stop()


CONFIG = """\
client: Кровля
journal: {{url: "sqlite:///journal.sqlite"}}
crm: {{type: amocrm, url: "{url}", token: {token}}}
staff:
  anna: {{crm: {anna}}}
channels:
  site: {{type: tilda, secret: s}}
rules:
  - name: Заявка с сайта
    on: form.submitted
    do:
      - intake: {{pipeline: Кровля, stage: {stage}, title: Сайт, responsible: anna}}
      - task: {{text: Позвонить, type: {task}, due: 15m working}}
"""


def write(path: Path, url: str, **names: str) -> Path:
    usual = {"token": "sandbox", "anna": "anna@krovlya.ru", "stage": "Новый лид", "task": "Звонок"}
    path.write_text(CONFIG.format(url=url, **(usual | names)), encoding="utf-8")
    return path


def test_online_a_right_config_is_right_and_the_service_field_is_made(tmp_path: Path, amocrm: AmoCrm) -> None:
    code, text = run(write(tmp_path / "config.yaml", amocrm.url), online=True)
    assert (code, "is right" in text) == (0, True)
    fields = requests.get(
        f"{amocrm.url}/api/v4/leads/custom_fields", headers={"Authorization": "Bearer sandbox"}, timeout=30
    ).json()["_embedded"]["custom_fields"]
    assert "PROVODKA_ID" in [field["code"] for field in fields]


def test_online_a_wrong_stage_user_and_task_type_are_named_with_place_and_nearest_name(
    tmp_path: Path, amocrm: AmoCrm
) -> None:
    path = write(tmp_path / "config.yaml", amocrm.url, stage="Новый лит", anna="ana@krovlya.ru", task="Званок")
    code, text = run(path, online=True)
    assert code == 2
    lines = text.splitlines()
    assert any(":5:" in line and "ana@krovlya.ru" in line and "anna@krovlya.ru" in line for line in lines), text
    assert any(":12:" in line and "Новый лит" in line and "Новый лид" in line for line in lines), text
    assert any(":13:" in line and "Званок" in line and "Звонок" in line for line in lines), text


def test_online_a_token_that_is_not_accepted_is_said_with_its_cure(tmp_path: Path, amocrm: AmoCrm) -> None:
    code, text = run(write(tmp_path / "config.yaml", amocrm.url, token="revoked"), online=True)
    assert code == 1
    assert ":3:6  crm  " in text, text


@pytest.fixture
def portal() -> Iterator[Bitrix24]:
    emulator = Bitrix24()
    emulator.start("127.0.0.1", 0)
    yield emulator
    emulator.stop()


def on_bitrix24(path: Path, portal: Bitrix24, hook: str = "sandbox", **names: str) -> Path:
    """The same config for a portal: only names differ."""
    write(path, "URL", **names)
    crm = f"crm: {{type: bitrix24, url: '{portal.url}/rest/1/{hook}/', tags_field: Метки}}"
    text = path.read_text("utf-8").replace('crm: {type: amocrm, url: "URL", token: sandbox}', crm)
    path.write_text(text.replace("pipeline: Кровля", "pipeline: Лиды"), encoding="utf-8")
    return path


def test_online_a_portal_is_asked_for_the_same_names_and_its_field_for_tags_is_made(
    tmp_path: Path, portal: Bitrix24
) -> None:
    code, text = run(on_bitrix24(tmp_path / "config.yaml", portal), online=True)
    assert (code, "is right" in text) == (0, True), text
    fields = requests.post(f"{portal.url}/rest/1/sandbox/crm.lead.userfield.list", json={}, timeout=30).json()["result"]
    assert "UF_CRM_PROVODKA_TAGS" in [field["FIELD_NAME"] for field in fields]


def test_online_what_a_portal_lacks_is_named_with_place_and_nearest_name(tmp_path: Path, portal: Bitrix24) -> None:
    path = on_bitrix24(tmp_path / "config.yaml", portal, stage="Новый лит", anna="ana@krovlya.ru")
    code, text = run(path, online=True)
    assert code == 2
    lines = text.splitlines()
    assert any(":5:" in line and "ana@krovlya.ru" in line and "anna@krovlya.ru" in line for line in lines), text
    assert any(":12:" in line and "Новый лит" in line and "Новый лид" in line for line in lines), text


def test_online_a_webhook_that_is_not_accepted_is_said_with_its_cure(tmp_path: Path, portal: Bitrix24) -> None:
    code, text = run(on_bitrix24(tmp_path / "config.yaml", portal, hook="revoked"), online=True)
    assert (code, "вебхук" in text, "revoked" in text) == (1, True, False), text


def test_secrets_come_from_a_file_beside_the_config_where_the_environment_lacks_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "config.yaml", "https://krovlya.amocrm.ru", token='"${BESIDE_TOKEN}"')
    monkeypatch.delenv("BESIDE_TOKEN", raising=False)
    assert "BESIDE_TOKEN" in str(parse(path).problems)
    (tmp_path / ".env").write_text("BESIDE_TOKEN=abc\n", encoding="utf-8")
    assert parse(path).problems == []


DOUBTFUL = """\
client: Кровля
crm: {type: amocrm, url: "https://krovlya.amocrm.ru", token: x}
channels:
  site: {type: tilda, secret: s}
rules:
  - name: Всё
    on: form.submitted
    stop: true
    do: [{intake: {title: Сайт}}]
  - name: Реклама
    on: form.submitted
    when: {utm.source: yandex}
    do: [{intake: {title: Реклама}}]
"""


def test_what_is_hardly_meant_is_told_with_its_place_and_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(DOUBTFUL, encoding="utf-8")
    code, text = run(path)
    assert code == 0
    (line,) = [line for line in text.splitlines() if "warning" in line]
    assert line.startswith(f"warning: {path}:10:")
    assert "«Всё» stops whatever it waits for" in line
    assert "is right" in text


def test_a_program_reads_the_level_of_each_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "config.yaml"
    for text, code, level in ((DOUBTFUL, 0, "warning"), (TEN_MISTAKES, 2, "error")):
        path.write_text(text, encoding="utf-8")
        assert check(path, Console(), online=False, create=False, as_json=True) == code
        found = json.loads(capsys.readouterr().out)
        assert {one["level"] for one in found} == {level}
        assert all(one["line"] and one["column"] for one in found)


TEAMS = """\
client: Кровля
crm: {type: amocrm, url: "https://krovlya.amocrm.ru", token: t}
staff:
  anna: {crm: anna@krovlya.ru}
  ivan: {crm: ivan@krovlya.ru}
teams:
  продажи: [anna, ivann]
  anna: [ivan]
channels:
  site: {type: tilda, secret: s}
  post: {type: smtp, host: smtp.yandex.ru, user: info@krovlya.ru, password: x}
rules:
  - name: Заявка
    on: form.submitted
    do:
      - notify: {to: [продажи, пробажи], text: Заявка}
      - message: {text: Принято, by: [email, post, telegram]}
"""


def test_mistakes_of_teams_and_of_channels_to_clients_are_found(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(TEAMS, encoding="utf-8")
    code, text = run(path)
    assert code == 2
    for place, *words in (
        (":7:19", "ivann", "ivan"),
        (":8:", '"anna" is a staff key'),
        (":16:", "пробажи", "продажи"),
        (":17:", "no channel telegram can write to clients"),
    ):
        assert any(place in line and all(word in line for word in words) for line in text.splitlines()), (place, text)
    assert "4 mistakes" in text


def test_an_action_that_the_crm_of_the_config_does_not_have_is_told_before_the_start(tmp_path) -> None:
    rule = "rules:\n  - {name: А, on: lead.won, do: [{customer: {name: Б}}]}\n"
    crms = {
        "amocrm": "crm: {type: amocrm, url: 'https://a.amocrm.ru', token: x}",
        "bitrix24": "crm: {type: bitrix24, url: 'https://a.bitrix24.ru/rest/1/secret/'}",
    }
    found = {}
    for kind, crm in crms.items():
        path = tmp_path / f"{kind}.yaml"
        path.write_text(f"client: К\n{crm}\n{rule}", encoding="utf-8")
        found[kind] = [(one.line, one.text) for one in parse(path, {}).problems]
    text = "Bitrix24 has no regular customers, so that this can never be done"
    assert found == {"amocrm": [], "bitrix24": [(4, text)]}


def test_pieces_of_files_that_the_server_would_not_let_in_are_told_before_the_start(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    text = """\
client: Кровля
timezone: Europe/Moscow
server: {body_limit: 1MB}
accounting: {type: commerceml, user: exchange, password: secret, organization: {inn: "7801999002"}, file_limit: 4MB}
"""
    path.write_text(text, encoding="utf-8")
    assert [(one.line, one.path, one.hint) for one in parse(path, {}).problems] == [
        (4, "accounting.file_limit", "lower it, or raise server.body_limit")
    ]
    path.write_text(text.replace("body_limit: 1MB", "body_limit: 4MB"), encoding="utf-8")
    assert parse(path, {}).problems == []


BESIDE = """\
client: Кровля
staff:
  anna: {crm: anna@krovlya.ru}
channels:
  site: {type: tilda, secret: 0123456789}
  phone: {type: mango, api_key: k, salt: s}
  roistat: {type: roistat, secret: 0123456789, beside: BESIDE}
rules:
  - name: Звонок
    on: EVENT
    channel: roistat
    do: [{notify: {to: anna, text: x}}]
"""


@pytest.mark.parametrize(
    ("beside", "event", "words"),
    [
        ("fone", "call.tracked", ("fone", "is no channel", "phone")),
        ("[phone, site]", "call.tracked", ("site", "is no channel of telephony")),
        ("roistat", "call.tracked", ("roistat", "is no channel of telephony")),
        ("phone", "call.finished", ("roistat", "call.finished")),
    ],
    ids=["misspelt", "no telephony", "itself", "a rule that waits for whole calls of it"],
)
def test_call_tracking_stands_beside_an_exchange(
    tmp_path: Path, beside: str, event: str, words: tuple[str, ...]
) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(BESIDE.replace("BESIDE", beside).replace("EVENT", event), encoding="utf-8")
    code, text = run(path)
    assert code == 2
    assert "1 mistake" in text
    assert all(word in text for word in words), text


def test_call_tracking_beside_an_exchange_passes_the_check(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(BESIDE.replace("BESIDE", "phone").replace("EVENT", "call.tracked"), encoding="utf-8")
    code, text = run(path)
    assert code == 0, text
