"""`provodka sandbox --like`: an emulator becomes the twin of another account, seen from outside."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from rich.console import Console
from typer.testing import CliRunner

from cli.config import read
from cli.like import twin, write_seed
from cli.main import app
from sandbox.__main__ import SECTIONS
from sandbox.amocrm import AmoCrm
from sandbox.bitrix24 import Bitrix24
from sandbox.seed_file import read_seed_file
from tests.cli.ports import free_port

WINDOWS = {
    "name": "Окна Плюс",
    "subdomain": "okna",
    "timezone": "Asia/Yekaterinburg",
    "users": [
        {"name": "Пётр", "email": "petr@okna.ru", "admin": True, "phone": "+73430000001"},
        {"name": "Вера", "email": "vera@okna.ru", "phone": "+73430000002"},
        {"name": "Ушедшая", "email": "gone@okna.ru", "active": False},
    ],
    "pipelines": [
        {"name": "Монтаж", "stages": ["Очередь"], "won": "Смонтировано", "incoming": "Заявки"},
        {"name": "Продажи", "stages": ["Новый", "Замер", "Договор"], "main": True, "lost": "Отказ"},
    ],
    "fields": {
        "leads": [
            {"name": "Профиль", "type": "select", "options": ["Rehau", "KBE"]},
            {"name": "Внешний код", "type": "text", "code": "EXT"},
            {"name": "Опции", "type": "multiselect", "options": ["Москитка", "Откосы"]},
        ],
        "contacts": [{"name": "День рождения", "type": "birthday"}],
        "companies": [{"name": "Сайт конкурента", "type": "url"}],
    },
    "loss_reasons": ["Дорого", "Долго"],
    "task_types": ["Замер", "Монтаж"],
}
FACTORY = {
    "name": "Завод",
    "domain": "zavod.bitrix24.ru",
    "timezone": "Europe/Samara",
    "crm_mode": "simple",
    "app_user": 2,
    "board_user": 2,
    "users": [
        {
            "id": 2,
            "name": "Инте",
            "last_name": "Грация",
            "email": "int@zavod.ru",
            "admin": True,
            "mobile": "+79990000001",
        },
        {"id": 11, "name": "Олег", "email": "oleg@zavod.ru", "inner": "11"},
        {"id": 12, "name": "Бывший", "email": "was@zavod.ru", "active": False},
    ],
    "webhooks": [{"user": 2, "secret": "factory"}],
    "funnels": [
        {"name": "Опт", "stages": ["Запрос", "КП"], "won": "Отгружено", "lost": ["Дорого", "Нет на складе", "Спам"]},
        {"name": "Розница", "stages": ["Чек"]},
    ],
    "lead_stages": ["Свежий", "В деле"],
    "lead_won": "Годный",
    "lead_lost": ["Мусор", "Дубль"],
    "sources": [{"code": "CALL", "name": "Звонок на завод"}, {"code": "UC_FAIR", "name": "Ярмарка"}],
    "fields": [
        {
            "entity": "deal",
            "name": "UF_CRM_STEEL",
            "type": "enumeration",
            "title": "Сталь",
            "options": ["09Г2С", "Ст3"],
        },
        {"entity": "deal", "name": "UF_CRM_TAGS", "type": "string", "title": "Теги", "multiple": True},
        {"entity": "contact", "name": "UF_CRM_BIRTH", "type": "date", "title": "Рождение"},
    ],
}


@contextmanager
def emulator(kind: str, section: Any) -> Iterator[AmoCrm | Bitrix24]:
    """An account of that structure, running."""
    seed = SECTIONS[kind](section)
    made: AmoCrm | Bitrix24 = AmoCrm(state_path=None, seed=seed) if kind == "amocrm" else Bitrix24(seed=seed)
    with made:
        body = {"per_second": None, **({} if kind == "amocrm" else {"operating": None})}
        requests.post(f"{made.url}/_sandbox/limit", json=body, timeout=30).raise_for_status()
        yield made


def config(folder: Path, kind: str, running: AmoCrm | Bitrix24, hook: str = "sandbox") -> Path:
    way_in = {
        "amocrm": f'url: "{running.url}", token: sandbox',
        "bitrix24": f'url: "{running.url}/rest/2/{hook}/"',
    }[kind]
    path = folder / "config.yaml"
    journal = f'journal: {{url: "sqlite:///{running.url.rpartition(":")[2]}.sqlite"}}'
    path.write_text(f"client: К\n{journal}\ncrm: {{type: {kind}, {way_in}}}\n", encoding="utf-8")
    return path


def amocrm_seen(url: str) -> dict[str, Any]:
    """The account as its own API tells it, without numbers."""

    def get(path: str) -> dict[str, Any]:
        found = requests.get(f"{url}/api/v4{path}", headers={"Authorization": "Bearer sandbox"}, timeout=30)
        return found.json() if found.content else {"_embedded": {}}

    account = get("/account?with=task_types,datetime_settings")
    pipelines = get("/leads/pipelines")["_embedded"]["pipelines"]
    fields = {
        entity: get(f"/{entity}/custom_fields?limit=50")["_embedded"]["custom_fields"]
        for entity in ("leads", "contacts", "companies")
    }
    return {
        "account": (account["name"], account["subdomain"], account["_embedded"]["datetime_settings"]["timezone"]),
        "task types": [one["name"] for one in account["_embedded"]["task_types"]],
        "pipelines": {
            one["name"]: (one["is_main"], [stage["name"] for stage in one["_embedded"]["statuses"]])
            for one in pipelines
        },
        "users": [
            (one["name"], one["email"], one["rights"]["is_admin"], one["rights"]["is_active"])
            for one in get("/users")["_embedded"]["users"]
        ],
        "fields": {
            entity: [(f["name"], f["type"], f["code"], [o["value"] for o in f["enums"] or ()]) for f in rows]
            for entity, rows in fields.items()
        },
        "loss reasons": [one["name"] for one in get("/leads/loss_reasons")["_embedded"]["loss_reasons"]],
    }


def portal_seen(hook: str) -> dict[str, Any]:
    """The portal as its own REST tells it, without numbers."""

    def ask(method: str, **params: Any) -> Any:
        answer = requests.post(f"{hook}{method}", json=params, timeout=30)
        answer.raise_for_status()
        return answer.json()["result"]

    statuses = ask("crm.status.list", order={"SORT": "ASC"})
    ladders = {row["ENTITY_ID"] for row in statuses if row["ENTITY_ID"].startswith(("STATUS", "DEAL_STAGE", "SOURCE"))}
    fields = {one: ask("crm.item.fields", entityTypeId=one)["fields"] for one in (1, 2, 3, 4)}
    return {
        "mode": ask("crm.settings.mode.get"),
        "zone": ask("profile")["TIME_ZONE"],
        "funnels": [row["name"] for row in ask("crm.category.list", entityTypeId=2)["categories"]],
        "stages": {
            one: [(row["NAME"], row["STATUS_ID"], row["SEMANTICS"]) for row in statuses if row["ENTITY_ID"] == one]
            for one in ladders
        },
        "users": [(row["ID"], row["NAME"], row["LAST_NAME"], row["EMAIL"], row["ACTIVE"]) for row in ask("user.get")],
        "fields": {
            (one, row["upperName"]): (row["title"], row["type"], row["isMultiple"], [i["VALUE"] for i in row["items"]])
            for one, rows in fields.items()
            for row in ({"items": [], **row} for row in rows.values())
            if row.get("isDynamic")
        },
    }


def test_the_twin_of_an_amocrm_account_has_its_whole_structure_and_nobody_of_it(tmp_path: Path) -> None:
    with emulator("amocrm", WINDOWS) as live:
        headers = {"Authorization": "Bearer sandbox"}
        body = [{"name": "Тайный лид", "_embedded": {"contacts": [{"first_name": "Секретов"}]}}]
        requests.post(f"{live.url}/api/v4/leads/complex", json=body, headers=headers, timeout=30).raise_for_status()
        sections, left_out = twin(read(config(tmp_path, "amocrm", live)))
        with emulator("amocrm", sections["amocrm"]) as copy:
            assert amocrm_seen(copy.url) == amocrm_seen(live.url)
            again, _ = twin(read(config(tmp_path, "amocrm", copy)))
    assert (left_out, again) == ([], sections)
    text = yaml.safe_dump(sections, allow_unicode=True)
    assert not [word for word in ("Тайный", "Секретов", "+7343", "phone") if word in text]


def test_the_twin_of_a_portal_has_its_whole_structure_and_nobody_of_it(tmp_path: Path) -> None:
    with emulator("bitrix24", FACTORY) as live:
        hook = f"{live.url}/rest/2/factory/"
        new = {"fields": {"NAME": "Секретов", "PHONE": [{"VALUE": "+79161112233"}]}}
        requests.post(f"{hook}crm.contact.add", json=new, timeout=30).raise_for_status()
        sections, left_out = twin(read(config(tmp_path, "bitrix24", live, "factory")))
        with emulator("bitrix24", sections["bitrix24"]) as copy:
            assert portal_seen(f"{copy.url}/rest/2/sandbox/") == portal_seen(hook)
            again, _ = twin(read(config(tmp_path, "bitrix24", copy)))
    ours = ("name", "domain")  # those of the address that a portal is asked at
    assert left_out == []
    assert {k: v for k, v in again["bitrix24"].items() if k not in ours} == {
        k: v for k, v in sections["bitrix24"].items() if k not in ours
    }
    text = yaml.safe_dump(sections, allow_unicode=True)
    assert not [word for word in ("Секретов", "+7916", "+7999", "factory") if word in text]


def test_the_seed_is_kept_in_a_file_that_the_sandbox_takes(tmp_path: Path) -> None:
    path = tmp_path / "seeds" / "okna.yaml"
    with emulator("amocrm", WINDOWS) as live, Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        out = Console(record=True, width=200, file=nowhere)
        code = write_seed(read(config(tmp_path, "amocrm", live)), path, out)
    assert (code, str(path) in out.export_text().replace("\n", "")) == (0, True)
    seed = read_seed_file(path, SECTIONS)["amocrm"]
    assert [one.name for one in seed.pipelines] == ["Монтаж", "Продажи"]


def test_an_account_that_does_not_let_us_in_is_said(tmp_path: Path) -> None:
    with emulator("amocrm", WINDOWS) as live:
        path = config(tmp_path, "amocrm", live)
        path.write_text(path.read_text("utf-8").replace("token: sandbox", "token: revoked"), encoding="utf-8")
        result = CliRunner().invoke(app, ["sandbox", "--like", str(path), "--port", "0"])
    assert (result.exit_code, "токен" in result.output) == (1, True), result.output


def test_the_command_serves_the_twin(tmp_path: Path) -> None:
    port = free_port()
    with emulator("amocrm", WINDOWS) as live:
        words = ["--like", str(config(tmp_path, "amocrm", live)), "--save", str(tmp_path / "seed.yaml")]
        command = [sys.executable, "-m", "cli", "sandbox", *words, "--port", str(port)]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as served:
            try:
                name = account_name(f"http://127.0.0.1:{port + 1}", served)
            finally:
                served.terminate()
    assert (name, (tmp_path / "seed.yaml").exists()) == ("Окна Плюс", True)


def account_name(url: str, served: subprocess.Popen[bytes]) -> str:
    """As soon as the emulator opens."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        assert served.poll() is None, "the sandbox has ended"
        try:
            headers = {"Authorization": "Bearer sandbox"}
            return str(requests.get(f"{url}/api/v4/account", headers=headers, timeout=30).json()["name"])
        except requests.ConnectionError:
            time.sleep(0.2)
    raise AssertionError("the sandbox does not open")


@pytest.mark.parametrize("words", [["--save", "x.yaml"], ["--like", "a.yaml", "--seed", "b.yaml"]])
def test_options_that_do_not_go_together_are_refused(words: list[str]) -> None:
    assert CliRunner().invoke(app, ["sandbox", *words]).exit_code == 2
