"""`provodka check --online --channel X`: a channel is proved by its first event, or it is said why there was none."""

from __future__ import annotations

import threading
import time
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import requests
from rich.console import Console
from typer.testing import CliRunner

from cli.app import opened
from cli.first_event import first_event
from cli.house import House
from cli.main import app
from sandbox.senders.service import Client
from sandbox.senders.station import Station
from sandbox.senders.viber import Viber
from sandbox.telegram import Telegram
from tests.cli.ports import free_port

CONFIG = """\
client: Кровля
server: {port: PORT, public_url: "https://hooks.krovlya.ru"}
journal: {url: "sqlite:///journal.sqlite"}
channels:
  site: {type: tilda, secret: right-secret}
  post: {type: smtp, host: 127.0.0.1, port: 9, user: a@example.ru, password: p, from: a@example.ru}
"""


@pytest.fixture
def place(tmp_path: Path) -> tuple[Path, int]:
    port = free_port()
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.replace("PORT", str(port)), "utf-8")
    return path, port


def run(path: Path, *more: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["check", "--config", str(path), "--online", *more])
    return result.exit_code, result.output


def posting(port: int, *secrets: str) -> threading.Thread:
    """Posts a form with each of these secrets, as soon as somebody opens."""

    def post() -> None:
        for secret in secrets:
            for _ in range(200):
                try:
                    requests.post(
                        f"http://127.0.0.1:{port}/hooks/site/{secret}", {"Name": "Мария", "tranid": "1:1"}, timeout=30
                    )
                    break
                except requests.ConnectionError:
                    time.sleep(0.05)

    thread = threading.Thread(target=post)
    thread.start()
    return thread


def test_the_first_event_proves_the_channel_and_a_refused_delivery_is_told_with_its_cause(place: Any) -> None:
    path, port = place
    sender = posting(port, "wrong", "right-secret")
    code, said = run(path, "--channel", "site", "--wait", "30")
    sender.join()
    assert code == 0, said
    assert "https://hooks.krovlya.ru/hooks/site" in said
    assert "a delivery came and was refused: neither the address nor the API key holds the secret" in said
    assert "form.submitted came by «site»: provodka explain" in said
    assert "right-secret" not in said


PAGES = """\
  zamer: {type: page, title: Замер, fields: [{label: Имя}]}
  anketa: {type: page, title: Анкета, personal: true, fields: [{label: Имя}]}
  partners: {type: partner, title: Заявка, fields: [{label: Имя}], partners: {a: {title: А}}}
"""


def test_of_a_page_it_is_told_where_people_open_it(place: Any) -> None:
    path, _ = place
    path.write_text(path.read_text("utf-8") + PAGES, "utf-8")
    house = House(opened(path))
    said = Console(record=True, width=200, file=StringIO())
    assert [first_event(house, name, said, wait=0) for name in ("zamer", "anketa", "partners")] == [1, 1, 1]
    house.close()
    told = said.export_text()
    assert "Open our page: https://hooks.krovlya.ru/f/zamer" in told
    assert "as a rule writes it by {{ pages.anketa }}: https://hooks.krovlya.ru/f/anketa/" in told
    assert "with a partner's key to https://hooks.krovlya.ru/hooks/partners" in told
    assert "Paste this address" not in told


def test_where_nothing_comes_it_is_said_what_to_look_at(place: Any) -> None:
    code, said = run(place[0], "--channel", "site", "--wait", "1")
    assert code == 1
    assert "no event of «site» came within 1 s" in said


def test_a_channel_that_is_not_there_is_a_mistake_with_the_nearest_name(place: Any) -> None:
    code, said = run(place[0], "--channel", "sita")
    assert code == 2
    assert 'did you mean "site"' in said


def test_a_channel_that_only_sends_brings_no_event(place: Any) -> None:
    house = House(opened(place[0]))
    said = Console(record=True, width=200, file=StringIO())
    assert first_event(house, "post", said, wait=1) == 2
    house.close()
    assert "only sends" in said.export_text()


VIBER = """\
client: Кровля
server: {port: PORT, public_url: "http://127.0.0.1:PORT"}
journal: {url: "sqlite:///journal.sqlite"}
channels:
  chat: {type: viber, token: sandbox, name: Кровля, api_url: "API/viber"}
"""


def test_a_service_that_calls_the_address_while_it_is_told_of_it_finds_us_listening(tmp_path: Path) -> None:
    viber, port, path = Viber(), free_port(), tmp_path / "config.yaml"
    with Station(viber) as station:
        path.write_text(VIBER.replace("PORT", str(port)).replace("API", station.url), "utf-8")

        def write() -> None:
            while not viber.answers:  # what we said to the `webhook` of `set_webhook`
                time.sleep(0.02)
            viber.press("message", Client(), {"url": viber.webhook, "token": "sandbox"})

        person = threading.Thread(target=write, daemon=True)
        person.start()
        code, said = run(path, "--channel", "chat", "--wait", "20")
        person.join(30)
    assert code == 0, said
    assert f"registered http://127.0.0.1:{port}/hooks/chat" in said
    assert "message.received came by «chat»" in said


POLLING = """\
client: Кровля
server: {port: PORT}
journal: {url: "sqlite:///journal.sqlite"}
channels:
  bot: {type: telegram, token: "1:sandbox", receive: polling, api_url: "API"}
"""


def test_what_holds_a_poller_back_is_told_with_its_cure_while_we_wait(tmp_path: Path) -> None:
    path, rival = tmp_path / "config.yaml", "http://127.0.0.1:9/hooks/bot"
    said = Console(record=True, width=400, file=StringIO())
    with Telegram() as telegram:
        path.write_text(POLLING.replace("PORT", str(free_port())).replace("API", telegram.url), "utf-8")
        requests.post(f"{telegram.url}/bot1:sandbox/setWebhook", json={"url": rival}, timeout=30).raise_for_status()
        house = House(opened(path))
        assert first_event(house, "bot", said, wait=2) == 1
        house.close()
    told = said.export_text()
    assert told.count("У бота включён вебхук") == 1
    assert "no event of «bot» came within 2 s" in told
