"""`provodka check --online`: everything that an account lacks, in one run, with place and cure."""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from rich.console import Console

from cli.check import check
from connectors.amocrm.hooks import SETTINGS
from connectors.bitrix24.hooks import EVENTS
from sandbox.amocrm import AmoCrm
from sandbox.amocrm.model import Grant
from sandbox.bitrix24 import Bitrix24
from sandbox.mail import ADDRESS, PASSWORD, MailServer
from sandbox.telegram import TOKEN, Telegram

SECRET = "hook-secret-of-krovlya"
OURS = f"https://hooks.krovlya.ru/hooks/crm/{SECRET}"

CONFIG = """\
client: Кровля
server: {public_url: "https://hooks.krovlya.ru"}
journal: {url: "sqlite:///journal.sqlite"}
crm: {CRM}
staff:
  anna: {crm: ANNA}
  ivan: {crm: IVAN, telegram: CHAT}
channels:
  site: {type: tilda, secret: s}
  mail: MAIL
  bot: BOT
rules:
  - name: Заявка с сайта
    on: form.submitted
    do:
      - intake: {pipeline: PIPE, stage: STAGE, title: Сайт, responsible: anna, fields: {FIELD: Сайт}}
      - task: {text: Позвонить, type: TASK, due: 15m working}
"""
RIGHT = {
    "ANNA": "anna@krovlya.ru",
    "IVAN": "ivan@krovlya.ru",
    "CHAT": "99",
    "MAIL": "{type: tilda, secret: t}",
    "BOT": "{type: tilda, secret: b}",
    "PIPE": "Кровля",
    "STAGE": "Новый лид",
    "FIELD": "Источник",
    "TASK": "Звонок",
}


def write(folder: Path, crm: str, **names: str) -> Path:
    text = CONFIG.replace("{CRM}", f"{{{crm}}}")
    for name, value in (RIGHT | names).items():
        text = text.replace(name, value)
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def run(path: Path, *, create: bool = False, as_json: bool = False) -> tuple[int, str]:
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        out = Console(record=True, width=200, file=nowhere)
        code = check(path, out, online=True, create=create, as_json=as_json)
    return code, out.export_text()


def named(text: str, *expected: tuple[str, ...]) -> None:
    """Each is a place and words that one line must hold together."""
    for place, *words in expected:
        found = [line for line in text.splitlines() if f"config.yaml{place}" in line and all(w in line for w in words)]
        assert len(found) == 1, f"nothing, or more than one, at {place} about {words} in:\n{text}"


@pytest.fixture
def amocrm() -> Iterator[AmoCrm]:
    with AmoCrm(state_path=None) as emulator:
        yield emulator


@pytest.fixture
def portal() -> Iterator[Bitrix24]:
    with Bitrix24() as emulator:
        yield emulator


@pytest.fixture
def telegram() -> Iterator[Telegram]:
    with Telegram() as emulator:
        yield emulator


@pytest.fixture
def mailbox() -> Iterator[MailServer]:
    server = MailServer(0, 0, "127.0.0.1", None)
    server.start()
    yield server
    server.stop()


def control(emulator: AmoCrm | Bitrix24, path: str, body: Any = None, method: str = "POST") -> Any:
    answer = requests.request(method, f"{emulator.url}/_sandbox/{path}", json=body, timeout=30)
    assert answer.ok, answer.text
    return answer.json()


def subscribe(amocrm: AmoCrm, destination: str, settings: tuple[str, ...] = SETTINGS) -> None:
    body, headers = {"destination": destination, "settings": list(settings)}, {"Authorization": "Bearer sandbox"}
    requests.post(f"{amocrm.url}/api/v4/webhooks", json=body, headers=headers, timeout=30).raise_for_status()


def token(amocrm: AmoCrm, *, days: float, scopes: tuple[str, ...] = ("crm",), user_id: int | None = None) -> str:
    """A long-lived token of the account, as the vendor shapes them."""
    ends = int(time.time() + days * 86400)
    parts = ({"typ": "JWT"}, {"exp": ends, "scopes": scopes}, {"signed": user_id})
    text = ".".join(base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=").decode() for one in parts)
    with amocrm.store.lock:
        amocrm.store.add("grants", Grant(text, "access", ends, user_id=user_id))
    return text


def test_a_dozen_faults_of_an_amocrm_account_are_all_named_in_one_run(
    tmp_path: Path, amocrm: AmoCrm, telegram: Telegram, mailbox: MailServer
) -> None:
    subscribe(amocrm, OURS, SETTINGS[:3])
    subscribe(amocrm, OURS.replace("hooks.krovlya", "old.krovlya"))
    telegram.door(998, "missing")
    bearer = token(amocrm, days=5.5, scopes=("notifications",))
    crm = f'type: amocrm, url: "{amocrm.url}", token: "{bearer}", hook_secret: {SECRET}, per_second: 50'
    mail = f"{{type: imap, host: {mailbox.host}, port: {mailbox.imap_port}, tls: false, user: {ADDRESS}, "
    path = write(
        tmp_path,
        crm,
        ANNA="old@krovlya.ru",
        IVAN="ivann@krovlya.ru",
        CHAT="998",
        PIPE="Кровля",
        STAGE="Новый лит",
        FIELD="Источники",
        TASK="Званок",
        MAIL=f'{mail}password: "{PASSWORD}", folders: [INBOX, Заявки]}}',
        BOT=f'{{type: telegram, token: "{TOKEN}", api_url: "{telegram.url}"}}',
    )
    code, text = run(path)
    assert code == 2
    named(
        text,
        (":2:22", "does not tell of everything", "update_task", "provodka connect"),
        (":2:22", "1 former address", "provodka connect"),
        (":4:", "lacks the right «crm»", "notifications", "Доступ к данным"),
        (":4:", "expires in 5 days", "создайте новый"),
        (":4:", "50 calls a second", "allows 7"),
        (":4:", "service field «Provodka ID»", "--create"),
        (":6:", "old@krovlya.ru", "switched off", "замените"),
        (":7:", "ivann@krovlya.ru", "ivan@krovlya.ru"),
        (":7:", "Chat not found", "написать боту"),
        (":10:", "no folder 'Заявки'"),
        (":16:", "«Новый лит»", "Новый лид"),
        (":16:", "«Источники»", "Источник"),
        (":17:", "«Званок»", "Звонок"),
    )
    assert SECRET not in text
    assert bearer not in text


def test_what_the_owner_of_an_amocrm_token_may_not_do_is_named(tmp_path: Path, amocrm: AmoCrm) -> None:
    anna = next(user for user in amocrm.store.users.values() if user.email == "anna@krovlya.ru")
    anna.rights = {"leads": {"view": "M", "edit": "A", "add": "D"}, "tasks": {"edit": "M"}}
    bearer = token(amocrm, days=400, user_id=anna.id)
    code, text = run(write(tmp_path, f'type: amocrm, url: "{amocrm.url}", token: "{bearer}"'))
    assert code == 1
    named(
        text,
        (":4:", "Анна Смирнова, is no administrator", "администратора"),
        (":4:", "«M» and not «A» for leads.view", "просмотр: сделки"),
        (":4:", "«D» and not «A» for leads.add", "создание: сделки"),
        (":4:", "«M» and not «A» for tasks.edit", "изменение: задачи"),
        (":4:", "Provodka ID", "Создайте его сами"),
        (":4:", "expires in 39", "days"),
    )


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"unpaid": True}, ("Payment Required", "не оплачен")),
        ({"ip_denied": True}, ("113", "список разрешённых")),
    ],
)
def test_an_account_that_lets_nobody_in_says_so_once(
    tmp_path: Path, amocrm: AmoCrm, settings: dict[str, bool], words: tuple[str, ...]
) -> None:
    control(amocrm, "settings", settings)
    code, text = run(write(tmp_path, f'type: amocrm, url: "{amocrm.url}", token: sandbox'))
    assert code == 1
    assert text.count(words[1]) == 1, text


def test_a_webhook_that_amocrm_has_switched_off_is_named(tmp_path: Path, amocrm: AmoCrm) -> None:
    subscribe(amocrm, OURS)
    (hook,) = amocrm.store.hooks.values()
    hook.disabled = True
    code, text = run(write(tmp_path, f'type: amocrm, url: "{amocrm.url}", token: sandbox, hook_secret: {SECRET}'))
    assert code == 1
    named(text, (":2:22", "switched our webhook off", "provodka connect"))


def test_an_account_with_everything_is_right_and_only_noted(tmp_path: Path, amocrm: AmoCrm) -> None:
    subscribe(amocrm, OURS)
    crm = f'type: amocrm, url: "{amocrm.url}", token: "{token(amocrm, days=100.5)}", hook_secret: {SECRET}'
    path = write(tmp_path, crm)
    code, text = run(path, create=True)
    assert (code, "is right" in text) == (0, True), text
    named(text, (":4:", "expires in 100 days"))
    code, printed = run(path, as_json=True)
    (note,) = json.loads(printed)
    assert (code, note["level"], note["line"], note["path"]) == (0, "note", 4, "crm.token")


def test_an_account_that_cannot_be_reached_is_one_problem(tmp_path: Path) -> None:
    code, text = run(write(tmp_path, 'type: amocrm, url: "http://127.0.0.1:1", token: sandbox, connect_timeout: 1'))
    assert code == 1
    assert text.count("config.yaml:4") == 1, text


def test_a_dozen_faults_of_a_portal_are_all_named_in_one_run(tmp_path: Path, portal: Bitrix24) -> None:
    control(portal, "settings", {"crm_mode": 2})
    url = control(portal, "inbound", {"user_id": 6, "secret": "narrow", "scopes": ["crm", "user"]})["url"]
    crm = f'type: bitrix24, url: "{url}", hook_secret: {SECRET}, entity: lead, deal_pipeline: Сервиз, '
    path = write(
        tmp_path,
        f"{crm}tags_field: Дата доставки, per_second: 20, burst: 300",
        ANNA="old@krovlya.ru",
        IVAN="ivann@krovlya.ru",
        PIPE="Кровли",
        FIELD="Источники",
    )
    path.write_text(path.read_text("utf-8") + "      - move: {pipeline: Сервис, stage: В рaботе}\n", encoding="utf-8")
    code, text = run(path)
    assert code == 2
    named(
        text,
        (":2:22", "no hint has come", "Исходящий вебхук", "https://hooks.krovlya.ru/hooks/crm/СЕКРЕТ", "ONTASKADD"),
        (":4:", "lacks the right task", "task"),
        (":4:", "Иван Петров, is no administrator"),
        (":4:", "without application_token", "Скопируйте"),
        (":4:", "works without leads", "entity: deal"),
        (":4:", "no pipeline of deals «Сервиз»", "Сервис"),
        (":4:", "«Дата доставки» for tags is of the type date"),
        (":4:", "20 calls a second"),
        (":4:", "300 calls at once"),
        (":6:", "old@krovlya.ru", "switched off"),
        (":7:", "ivann@krovlya.ru", "ivan@krovlya.ru"),
        (":16:", "pipeline «Кровли»", "Кровля"),
        (":16:", "«Источники»", "Источник"),
        (":18:", "«В рaботе»", "В работе"),
    )
    assert SECRET not in text
    assert "narrow" not in text


def test_an_application_of_a_portal_is_asked_for_its_plan_its_state_and_its_events(
    tmp_path: Path, portal: Bitrix24
) -> None:
    control(portal, "settings", {"app_installed": False})
    offer = control(portal, "oauth", method="GET")
    oauth = ", ".join(f"{key}: {offer[key]}" for key in ("client_id", "client_secret", "refresh_token"))
    crm = f'type: bitrix24, url: "{portal.url}", oauth: {{{oauth}, server: "{portal.url}"}}, hook_secret: {SECRET}'
    path = write(tmp_path, f"{crm}, per_second: 4", PIPE="Лиды")
    code, text = run(path)
    assert code == 2
    named(
        text,
        (":2:22", "does not send its hints to us", "provodka connect"),
        (":4:", "4 calls a second", "pro"),
        (":4:", "not installed to its end"),
        (":4:", "refresh token expires in 1", "days"),
    )
    offer = control(portal, "oauth", method="GET")  # ours has been spent by the check
    for event in EVENTS[:-1]:
        body = {"event": event, "handler": OURS, "auth": offer["access_token"]}
        requests.post(f"{portal.url}/rest/event.bind", json=body, timeout=30).raise_for_status()
    _, text = run(path)
    named(text, (":2:22", "does not tell of everything, it lacks ONTASKDELETE"))


@pytest.mark.parametrize(("password", "code"), [(PASSWORD, 0), ("wrong", 1)])
def test_an_outgoing_mailbox_is_tried_by_its_login(
    tmp_path: Path, amocrm: AmoCrm, mailbox: MailServer, password: str, code: int
) -> None:
    subscribe(amocrm, OURS, SETTINGS)
    crm = f'type: amocrm, url: "{amocrm.url}", token: sandbox, hook_secret: {SECRET}'
    post = f"{{type: smtp, host: {mailbox.host}, port: {mailbox.smtp_port}, security: none, user: {ADDRESS}, "
    found, text = run(write(tmp_path, crm, BOT=f'{post}password: "{password}"}}'), create=True)
    assert ("пароль приложения" in text) == (code == 1), text
    assert found == code, text


def test_an_account_without_a_place_for_the_taxpayer_number_is_told_before_the_start(
    tmp_path: Path, amocrm: AmoCrm, portal: Bitrix24
) -> None:
    accounts = {
        "amocrm": f"type: amocrm, url: '{amocrm.url}', token: sandbox",
        "bitrix24": f"type: bitrix24, url: '{portal.url}/rest/1/sandbox/'",
    }
    for kind, crm in accounts.items():
        (folder := tmp_path / kind).mkdir()
        path = write(folder, crm, IVAN="ivan@krovlya.ru", TASK="Звонок")
        step = '      - company: {inn: "7707083893", name: Ромашка}\n'
        path.write_text(path.read_text("utf-8").replace(", telegram: CHAT", "") + step, encoding="utf-8")
        _, text = run(path)
        assert ("the CRM has no place in companies for «ИНН»" in text) is (kind == "amocrm"), text


def test_options_of_fields_and_the_fields_that_the_crm_section_names_are_asked_for(
    tmp_path: Path, amocrm: AmoCrm
) -> None:
    crm = f'type: amocrm, url: "{amocrm.url}", token: sandbox, inn_field: ИНМ'
    path = write(tmp_path, crm)
    text = path.read_text("utf-8").replace("Источник: Сайт", "Источник: Сайтт")
    path.write_text(f"{text}    when: {{lead.fields.Источник: [Сайт, Пачта]}}\n", encoding="utf-8")
    code, told = run(path)
    assert code == 2
    named(
        told,
        (":4:", "crm.inn_field", "no company field «ИНМ»", "Телефон"),
        (":16:", "no option «Сайтт» in field «Источник»", "Сайт"),
        (":18:", "no option «Пачта» in field «Источник»", "Почта"),
    )
