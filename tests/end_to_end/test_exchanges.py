"""UIS, Sipuni and Beeline, as the sandbox plays them, call a running product: what its journal holds in the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
import yaml

from cli.config import read
from cli.house import House
from provodka.event import Event
from provodka.journal import queries
from provodka.payloads import CallEvent
from sandbox.senders.beeline import Beeline
from sandbox.senders.service import Client, Service
from sandbox.senders.sipuni import Sipuni
from sandbox.senders.uis import Uis
from tests.cli.ports import free_port

SECRET = "sandbox"
SETTINGS = {
    "uis": {"type": "uis", "secret": SECRET},
    "sipuni": {"type": "sipuni", "secret": SECRET},
    "beeline": {"type": "beeline", "secret": SECRET, "token": "t"},
}
SERVICES: dict[str, type[Service]] = {"uis": Uis, "sipuni": Sipuni, "beeline": Beeline}
TALKER = {"uis": "Иванов Пётр", "sipuni": "101", "beeline": "9230000510"}


@dataclass
class Product:
    """A running product and the services that call it."""

    house: House
    url: str

    def press(self, service: Service, button: str, **given: str) -> list[requests.Response]:
        url = f"{self.url}/hooks/{service.name}/{SECRET}"
        return service.press(button, Client(), {**service.defaults, "url": url, **given})

    def events(self, channel: str) -> list[Event]:
        lines = self.house.journal.read(lambda c: queries.list_events(c, limit=200))
        found = sorted((line.event.seq, line.event.event) for line in lines if line.event.event.channel == channel)
        return [event for _, event in found]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder, port = tmp_path_factory.mktemp("exchanges"), free_port()
    written = {
        "client": "Кровля Плюс",
        "timezone": "Europe/Moscow",
        "channels": SETTINGS,
        "server": {"port": port},
        "journal": {"url": f"sqlite:///{folder / 'journal.sqlite'}"},
    }
    path = Path(folder / "config.yaml")
    path.write_text(yaml.safe_dump(written, allow_unicode=True), "utf-8")
    house = House(read(path))
    web = house.web()
    web.start()
    yield Product(house, f"http://127.0.0.1:{port}")
    web.stop()
    house.close()


@pytest.mark.parametrize("name", SERVICES)
def test_every_button_of_the_sandbox_becomes_what_its_label_says(house: Product, name: str) -> None:
    service = SERVICES[name]()
    extra = [{"method": "GET"}, {"method": "POST"}] if name == "sipuni" else [{}]
    for given in extra:
        for button in ("call", "missed", "outgoing"):
            answers = house.press(service, button, **given)
            assert {answer.status_code for answer in answers} == {200}, button
    ended = [event for event in house.events(name) if event.external_id.startswith("call:")]
    kinds = ["call.finished", "call.missed", "call.finished"] * len(extra)
    assert [event.type.value for event in ended] == kinds
    calls = [event.payload.call for event in ended if isinstance(event.payload, CallEvent)]
    assert [call.talk_seconds for call in calls[:3]] == [123, 0, 45]
    assert {call.phone for call in calls} == {"+79160001122"}
    assert [call.extension for call in calls[:3]] == [TALKER[name]] * 3
    assert [call.outcome for call in calls[:3]] == ["talked", "missed", "talked"]
    assert len({event.external_id for event in ended}) == 3 * len(extra)


@pytest.mark.parametrize("name", SERVICES)
def test_a_wrong_secret_is_refused_and_leaves_nothing(house: Product, name: str) -> None:
    before = len(house.events(name))
    answers = house.press(SERVICES[name](), "wrong")
    assert [answer.status_code for answer in answers] == [403]
    assert len(house.events(name)) == before


def test_sipuni_gets_its_words_for_whatever_it_sends(house: Product) -> None:
    service = Sipuni()
    for button in ("call", "missed"):
        house.press(service, button, method="GET")
    answer = service._send({"event": "2"}, {"url": f"{house.url}/hooks/sipuni/{SECRET}", "method": "GET"})
    assert answer.json() == {"success": True}
    assert service.stats()["suspended"] == 0
    assert house.events("sipuni")[-1].type.value == "unreadable"


def test_a_plain_template_of_uis_with_an_empty_place_is_kept_raw(house: Product) -> None:
    template = '{"mnemonic": {{notification_mnemonic}}, "call": {{call_session_id}}, "record": {{file_link}}}'
    answers = house.press(Uis(), "missed", template=template)
    assert {answer.status_code for answer in answers} == {200}
    kept = [event for event in house.events("uis") if event.type.value == "unreadable"]
    assert len(kept) == 4
    assert b'"record": }' in kept[0].raw
