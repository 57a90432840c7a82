"""`provodka connect`: registers our webhook in the CRM, proves that events come back, and takes it all back."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from rich.console import Console
from structlog.testing import capture_logs
from typer.testing import CliRunner

from cli.config import read
from cli.connect import Wish, connect
from cli.hooks import WARNING
from cli.house import House
from cli.main import app
from cli.run import Running, RunRole
from connectors.amocrm.hooks import SETTINGS
from connectors.bitrix24.hooks import BY_HAND, EVENTS
from sandbox.amocrm import AmoCrm
from sandbox.bitrix24 import Bitrix24, Limit
from tests.cli.ports import free_port

SECRET = "hook-secret-of-krovlya"
LONG = 60.0
HASTE = "per_second: 50, burst: 300"  # to bind and unbind forty events takes ten seconds at a portal's pace
CONFIG = """\
client: Кровля
server: {port: PORT, public_url: "http://127.0.0.1:PORT"}
journal: {url: "sqlite:///journal.sqlite"}
crm: {CRM}
staff:
  anna: {crm: anna@krovlya.ru}
channels:
  site: {type: tilda, secret: s}
rules:
  - name: Задача сделана
    on: task.completed
    do: [{note: {text: сделано}}]
"""

Make = Callable[[str], House]


@pytest.fixture
def amocrm() -> Iterator[AmoCrm]:
    with AmoCrm(state_path=None) as emulator:
        yield emulator


@pytest.fixture
def portal() -> Iterator[Bitrix24]:
    with Bitrix24(limit=Limit(per_second=None)) as emulator:
        yield emulator


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Make]:
    """Houses of one config, on one port."""
    made: list[House] = []
    port = str(free_port())

    def make(crm: str) -> House:
        path = tmp_path / "config.yaml"
        path.write_text(CONFIG.replace("PORT", port).replace("{CRM}", f"{{{crm}}}"), encoding="utf-8")
        made.append(House(read(path)))
        return made[-1]

    yield make
    for one in made:
        one.close()


def on_amocrm(emulator: AmoCrm) -> str:
    return f'type: amocrm, url: "{emulator.url}", token: sandbox, hook_secret: {SECRET}'


def on_portal(emulator: Bitrix24, *, application_token: str = "") -> str:
    token = f", application_token: {application_token}" if application_token else ""
    return f'type: bitrix24, url: "{emulator.url}/rest/1/sandbox/", hook_secret: {SECRET}{token}'


def as_application(emulator: Bitrix24) -> str:
    offer = control(emulator, "oauth", method="GET")
    oauth = ", ".join(f"{key}: {offer[key]}" for key in ("client_id", "client_secret", "refresh_token"))
    door = f'url: "{emulator.url}", oauth: {{{oauth}, server: "{emulator.url}"}}'
    return f"type: bitrix24, {door}, hook_secret: {SECRET}, {HASTE}"


def control(emulator: AmoCrm | Bitrix24, path: str, body: Any = None, method: str = "POST") -> Any:
    answer = requests.request(method, f"{emulator.url}/_sandbox/{path}", json=body, timeout=30)
    assert answer.ok, answer.text
    return answer.json()


def run(house: House, *, remove: bool = False, dry_run: bool = False, wait: float = LONG) -> tuple[int, str]:
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        out = Console(record=True, width=200, file=nowhere)
        code = connect(house, out, remove=remove, wish=Wish(dry_run, wait))
    text = out.export_text()
    assert SECRET not in text
    return code, text


def address(house: House) -> str:
    return f"{house.config.server.public_url}/hooks/crm/{SECRET}"


def field_codes(amocrm: AmoCrm) -> list[str | None]:
    return [field.code for field in amocrm.store.fields.values() if field.entity == "leads"]


def test_amocrm_is_connected_and_its_event_comes_back(amocrm: AmoCrm, house: Make) -> None:
    here = house(on_amocrm(amocrm))
    code, text = run(here)
    assert (code, "came back" in text) == (0, True), text
    (hook,) = amocrm.store.hooks.values()
    assert (hook.destination, set(hook.settings), hook.disabled) == (address(here), set(SETTINGS), False)
    assert "PROVODKA_ID" in field_codes(amocrm)


def test_connecting_again_changes_nothing_and_leaves_no_second_task(amocrm: AmoCrm, house: Make) -> None:
    here = house(on_amocrm(amocrm))
    run(here)
    hooks, fields = len(amocrm.store.hooks), len(amocrm.store.fields)
    code, text = run(here)
    assert (code, "already" in text, "came back" in text, "made" in text) == (0, True, True, False), text
    assert (len(amocrm.store.hooks), len(amocrm.store.fields)) == (hooks, fields)
    (task,) = amocrm.store.tasks.values()
    assert (task.is_completed, task.entity_type, task.text.startswith("Проверка связи")) == (True, None, True)


def test_what_would_be_done_is_said_and_not_done(amocrm: AmoCrm, house: Make) -> None:
    code, text = run(house(on_amocrm(amocrm)), dry_run=True)
    assert (code, "would register" in text, "would make" in text) == (0, True, True), text
    assert (len(amocrm.store.hooks), len(amocrm.store.tasks), "PROVODKA_ID" in field_codes(amocrm)) == (0, 0, False)


def test_a_former_address_is_taken_back_and_other_peoples_webhooks_stay(amocrm: AmoCrm, house: Make) -> None:
    here = house(on_amocrm(amocrm))
    assert here.crm is not None
    for other in (f"https://old.krovlya.ru/hooks/crm/{SECRET}", "https://widget.example.ru/amo"):
        here.crm.subscribe(other)
    _, text = run(here)
    assert "former address https://old.krovlya.ru/hooks/crm/…" in text
    assert {hook.destination for hook in amocrm.store.hooks.values()} == {
        "https://widget.example.ru/amo",
        address(here),
    }
    code, text = run(here, remove=True)
    assert (code, [hook.destination for hook in amocrm.store.hooks.values()]) == (0, ["https://widget.example.ru/amo"])
    code, text = run(here, remove=True)
    assert (code, "nothing is registered" in text) == (0, True)


def test_an_address_that_the_crm_does_not_reach_is_told_with_its_cause(amocrm: AmoCrm, house: Make) -> None:
    control(amocrm, "webhook_faults", {"drop": 1})
    code, text = run(house(on_amocrm(amocrm)), wait=1)
    assert (code, "no event came back" in text, "answers from this machine" in text) == (1, True, True), text
    assert "DNS" in text


def test_while_the_product_runs_it_is_the_one_that_opens(amocrm: AmoCrm, house: Make) -> None:
    crm = on_amocrm(amocrm)
    running = Running(house(crm), [RunRole.WEB], None, None)
    try:
        code, text = run(house(crm))
    finally:
        running.stop()
    assert (code, "came back" in text) == (0, True), text


def test_the_probe_is_no_event_for_rules(amocrm: AmoCrm, house: Make) -> None:
    here = house(on_amocrm(amocrm))
    run(here)
    events = here.journal.claim_events(10)
    assert [str(stored.event.type) for stored in events] == ["crm.hint"] * len(events)
    assert here.crm is not None
    found = [here.crm.derive(stored.event.payload, stored.event)[0] for stored in events]  # type: ignore[arg-type]
    assert found == [[]] * len(events)
    assert here.crm.reconcile(here.now)[0] == []


def test_an_application_of_a_portal_is_connected_and_proved_without_a_change(portal: Bitrix24, house: Make) -> None:
    here = house(as_application(portal))
    code, text = run(here)
    assert (code, "came back" in text) == (0, True), text
    rows = list(portal.store.table("bindings").values())
    assert {row["handler"] for row in rows} == {address(here)}
    assert sorted(row["event"] for row in rows) == sorted(EVENTS)
    assert list(portal.store.table("tasks").values()) == []
    code, text = run(here)
    assert (code, "already" in text, "came back" in text) == (0, True, True), text
    code, text = run(here, remove=True)
    assert (code, list(portal.store.table("bindings").values())) == (0, []), text


def test_with_webhooks_a_portal_is_proved_by_a_task_that_is_deleted(portal: Bitrix24, house: Make) -> None:
    here = house(on_portal(portal, application_token="app-token-of-krovlya"))
    body = {"handler": address(here), "events": list(BY_HAND), "application_token": "app-token-of-krovlya"}
    control(portal, "outbound", body)
    code, text = run(here)
    assert (code, "came back" in text) == (0, True), text
    assert list(portal.store.table("tasks").values()) == []
    code, text = run(here, remove=True)
    assert (code, "руками" in text) == (0, True), text


def test_without_an_outbound_webhook_it_is_said_how_to_make_one(portal: Bitrix24, house: Make) -> None:
    here = house(on_portal(portal))
    code, text = run(here, wait=1)
    assert (code, "no event came back" in text) == (1, True), text
    assert f"{here.config.server.public_url}/hooks/crm/СЕКРЕТ" in text
    assert "Исходящий вебхук" in text
    assert "ONCRMLEADADD" in text
    assert list(portal.store.table("tasks").values()) == []


def test_a_wrong_application_token_is_the_named_cause(portal: Bitrix24, house: Make) -> None:
    here = house(on_portal(portal, application_token="token-in-the-config"))
    control(portal, "outbound", {"handler": address(here), "events": list(BY_HAND), "application_token": "portals"})
    code, text = run(here, wait=1)
    assert (code, "application_token" in text) == (1, True), text


def test_the_product_warns_in_log_and_status_until_the_hooks_are_registered(amocrm: AmoCrm, house: Make) -> None:
    here = house(on_amocrm(amocrm))
    with capture_logs() as logs:
        here.look_at_hooks()
    assert [(line["event"], line["log_level"]) for line in logs] == [("crm.hooks", "warning")]
    path = str(here.config.path)
    printed = CliRunner().invoke(app, ["status", "--config", path])
    assert (printed.exit_code, "provodka connect" in printed.output, SECRET in printed.output) == (0, True, False)
    run(here)
    printed = CliRunner().invoke(app, ["status", "--config", path])
    assert "hooks:" not in printed.output
    assert here.journal.cursor(WARNING) == ""


def test_a_running_product_looks_at_the_hooks_by_itself(
    amocrm: AmoCrm, house: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.house.HOOKS_FIRST", 0.0)
    here = house(on_amocrm(amocrm))
    running = Running(house(on_amocrm(amocrm)), [RunRole.SCHEDULER], None, None)
    try:
        until = time.monotonic() + LONG
        while not here.journal.cursor(WARNING) and time.monotonic() < until:
            time.sleep(0.1)
    finally:
        running.stop()
    assert "does not send its hints" in (here.journal.cursor(WARNING) or "")


def test_a_refusal_of_the_crm_is_told_without_the_secret(amocrm: AmoCrm, house: Make) -> None:
    fault = {"path": "/api/v4/webhooks", "kind": "status", "status": 422, "method": "POST"}
    said = json.dumps({"title": f"Destination /hooks/crm/{SECRET} is not valid"})
    control(amocrm, "faults", {**fault, "body": said})
    code, text = run(house(on_amocrm(amocrm)))
    assert (code, "not valid" in text) == (1, True), text


def test_what_the_command_needs_of_the_config_is_asked_for(tmp_path: Path, amocrm: AmoCrm) -> None:
    path = tmp_path / "config.yaml"
    crm = on_amocrm(amocrm)
    for text, words in (
        (f"client: К\ncrm: {{{crm}}}\n", "server.public_url is missing"),
        ("client: К\nserver: {public_url: 'https://hooks.krovlya.ru'}\n", "no crm in the config"),
        (f"client: К\ncrm: {{{crm.rpartition(',')[0]}}}\n", "hook_secret is missing"),
    ):
        path.write_text(text, encoding="utf-8")
        result = CliRunner().invoke(app, ["connect", "--config", str(path)])
        assert (result.exit_code, words in " ".join(result.output.split())) == (2, True), result.output
    for url in ("http://hooks.krovlya.ru", "hooks.krovlya.ru", "https://hooks.krovlya.ru/?a=1"):
        result = CliRunner().invoke(app, ["connect", "--config", str(path), "--public-url", url])
        assert (result.exit_code, "--public-url" in result.output) == (2, True), result.output
    assert amocrm.store.hooks == {}
