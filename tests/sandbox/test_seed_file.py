"""A seed file makes the account another company's; a wrong one is refused with the place and the cure."""

import pytest
import requests

from sandbox.__main__ import SECTIONS, main
from sandbox.seed_file import SeedFileError, read_seed_file
from sandbox.server import Sandbox

WINDOWS = """
amocrm:
  name: Окна Плюс
  subdomain: okna
  timezone: Europe/Samara
  users:
    - {name: Вера, email: vera@okna.ru, rights: {leads: {view: M, edit: M}}}
    - {name: Пётр, email: petr@okna.ru, admin: true}
  pipelines:
    - {name: Монтаж, stages: [Очередь]}
    - {name: Продажи, stages: [Новый, Замер, Договор], main: true}
  fields:
    leads:
      - {name: Профиль, type: select, options: [Rehau, KBE]}
      - {name: Внешний код, code: EXT}
  loss_reasons: [Дорого]
  task_types: [Замер]
"""


@pytest.fixture
def seed_file(tmp_path):
    def write(text):
        path = tmp_path / "seed.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_the_account_is_the_company_of_the_file_and_a_reset_returns_to_it(seed_file):
    with Sandbox(0, seeds=read_seed_file(seed_file(WINDOWS), SECTIONS)) as sandbox:
        url = f"{sandbox.amocrm.url}/api/v4"
        held = {"Authorization": "Bearer sandbox"}

        def get(path):
            return requests.get(url + path, headers=held, timeout=30).json()

        account = get("/account?with=datetime_settings,task_types")
        assert (account["name"], account["subdomain"], account["current_user_id"]) == ("Окна Плюс", "okna", 7000002)
        assert account["_embedded"]["datetime_settings"]["timezone"] == "Europe/Samara"
        assert [one["name"] for one in account["_embedded"]["task_types"]] == ["Связаться", "Встреча", "Замер"]
        assert [one["email"] for one in get("/users")["_embedded"]["users"]] == ["vera@okna.ru", "petr@okna.ru"]
        first, second = get("/leads/pipelines")["_embedded"]["pipelines"]
        assert (first["name"], first["is_main"], second["is_main"]) == ("Монтаж", False, True)
        names = [one["name"] for one in second["_embedded"]["statuses"]]
        assert names == [
            "Неразобранное",
            "Новый",
            "Замер",
            "Договор",
            "Успешно реализовано",
            "Закрыто и не реализовано",
        ]
        ids = [one["id"] for row in (first, second) for one in row["_embedded"]["statuses"] if one["id"] > 1000]
        assert len(set(ids)) == len(ids)
        profile, code = get("/leads/custom_fields")["_embedded"]["custom_fields"]
        assert ([one["value"] for one in profile["enums"]], code["code"]) == (["Rehau", "KBE"], "EXT")
        assert get("/contacts/custom_fields")["_embedded"]["custom_fields"][0]["code"] == "PHONE"
        requests.post(f"{url}/leads/loss_reasons", json=[{"name": "Далеко"}], headers=held, timeout=30)
        requests.post(f"{sandbox.amocrm.url}/_sandbox/reset", timeout=30)
        assert [one["name"] for one in get("/leads/loss_reasons")["_embedded"]["loss_reasons"]] == ["Дорого"]


def test_what_the_file_leaves_out_stays_as_in_the_example(seed_file):
    seed = read_seed_file(seed_file("amocrm: {name: Окна}"), SECTIONS)["amocrm"]
    assert (seed.name, [row.name for row in seed.pipelines]) == ("Окна", ["Кровля", "Сервис"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no sections"),
        ("amocrm: [", "cannot be read"),
        ("amo: {}", "section 'amo' is not known; known are amocrm"),
        ("amocrm: {nmae: x}", "amocrm.nmae: Extra inputs are not permitted"),
        ("amocrm: {timezone: Moscow}", "amocrm.timezone: not a time zone"),
        ("amocrm: {users: [{name: x, email: x@y.ru}]}", "must be an active administrator"),
        ("amocrm: {fields: {leads: [{name: x, type: select}]}}", "a list needs them"),
        ("amocrm: {fields: {leads: [{name: x, type: liste}]}}", "type liste is not known"),
        ("amocrm: {fields: {deals: []}}", "amocrm.fields.deals"),
        ("amocrm: {pipelines: [{name: x, stages: []}]}", "amocrm.pipelines.0.stages"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place(seed_file, text, words):
    with pytest.raises(SeedFileError) as refused:
        read_seed_file(seed_file(text), SECTIONS)
    assert words in str(refused.value)


def test_the_command_ends_with_a_sentence_and_no_traceback(seed_file, tmp_path, caplog):
    assert main(["--port", "0", "--seed", str(tmp_path / "nowhere.yaml")]) == 1
    assert "nowhere.yaml cannot be read" in caplog.text
