"""The buttons of the senders of WhatsApp, Wazzup24, Green-API and Meta, pressed against a running product."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from connectors.greenapi.channel import GreenApiChannel
from connectors.greenapi.settings import GreenApiSettings
from connectors.meta.channel import MetaChannel
from connectors.meta.settings import MetaSettings
from connectors.wazzup.channel import WazzupChannel
from connectors.wazzup.settings import WazzupSettings
from connectors.whatsapp.channel import WhatsappChannel
from connectors.whatsapp.settings import WhatsappSettings
from provodka.channel import Receiver
from provodka.event import utc_now
from provodka.journal import Journal, queries
from sandbox.senders.greenapi import INSTANCE, GreenApi
from sandbox.senders.http import Signing
from sandbox.senders.meta import INSTAGRAM, PAGE, PERSON, Meta
from sandbox.senders.service import Client, Service
from sandbox.senders.wazzup import CHANNEL, Wazzup
from sandbox.senders.whatsapp import PHONE_ID, WhatsApp
from tests.contract.case import around
from webhooks.app import create_app
from webhooks.metrics import Metrics
from webhooks.receive import Door
from webhooks.server import WebServer

META = {"app_secret": "sandbox", "verify_token": "sandbox", "token": "sandbox"}
BOTH = {
    "lead_forms": True,
    "instagram": True,
    "accept_legal_risk": True,
    "instagram_id": INSTAGRAM,
    "app_id": "900000000000001",
}
RECEIVERS: dict[str, Callable[[], Receiver]] = {
    "whatsapp": lambda: WhatsappChannel("whatsapp", WhatsappSettings.model_validate({**META, "phone_id": PHONE_ID})),
    "meta": lambda: MetaChannel("meta", MetaSettings.model_validate({**META, **BOTH, "page_id": PAGE})),
    "wazzup": lambda: WazzupChannel(
        "wazzup",
        WazzupSettings.model_validate({"api_key": "x", "crm_key": "sandbox", "channel_id": CHANNEL}),
        around(),
    ),
    "greenapi": lambda: GreenApiChannel(
        "greenapi",
        GreenApiSettings.model_validate({"instance": INSTANCE, "token": "x", "webhook_token": "sandbox-token"}),
    ),
}
SERVICES: dict[str, Callable[[], Service]] = {
    "whatsapp": WhatsApp,
    "meta": Meta,
    "wazzup": Wazzup,
    "greenapi": GreenApi,
}
EVENTS = {
    "whatsapp": {
        "check": [],
        "text": ["message.received"],
        "picture": ["message.received"],
        "voice": ["message.received"],
        "advert": ["message.received"],
        "hidden": ["message.received"],
        "batch": ["message.received", "unreadable", "message.received"],
        "new_number": ["chat.started"],
        "delivered": ["message.state"],
        "read": ["message.state"],
        "failed": [],  # after «read» it is no news
    },
    "meta": {
        "check": [],
        "lead": [],  # its answers are fetched by the watcher
        "silent_lead": [],
        "trial": [],
        "message": ["message.received"],
        "picture": ["message.received"],
        "comment": ["message.received"],
        "answer": ["message.sent"],
        "own_answer": [],
    },
    "wazzup": {
        "trial": [],
        "text": ["message.received"],
        "telegram": ["message.received"],
        "picture": ["message.received"],
        "missed": ["message.received"],
        "edited": ["message.edited"],
        "deleted": ["message.edited"],
        "answer": ["message.sent"],
        "batch": ["message.received", "unreadable", "message.received"],
        "delivered": ["message.state"],
        "read": ["message.state"],
        "error": [],
    },
    "greenapi": {
        "text": ["message.received"],
        "picture": ["message.received"],
        "in_group": ["message.received"],
        "missed": ["message.received"],
        "answer": ["message.sent"],
        "delivered": ["message.state"],
        "read": ["message.state"],
        "no_account": [],
        "lost": [],
        "back": [],
    },
}

every = pytest.mark.parametrize("name", SERVICES)


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journal]:
    folder: Path = tmp_path_factory.mktemp("journal")
    opened = Journal(f"sqlite:///{folder}/journal.sqlite")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def server(journal: Journal) -> Iterator[WebServer]:
    receivers = {name: make() for name, make in RECEIVERS.items()}
    door = Door(receivers, journal, utc_now, 2 * 1024 * 1024, Metrics())
    running = WebServer(create_app(door, journal), "127.0.0.1", 0, 4)
    running.start()
    yield running
    running.stop()


def told(journal: Journal, name: str, after: int) -> list[str]:
    lines = journal.read(lambda c: queries.list_events(c, channel=name, after_seq=after))
    return [line.event.event.type.value for line in lines]


def newest(journal: Journal) -> int:
    lines = journal.read(lambda c: queries.list_events(c, limit=1))
    return lines[0].event.seq if lines else 0


def given(service: Service, server: WebServer) -> dict[str, str]:
    return {**service.defaults, "url": f"http://127.0.0.1:{server.port}/hooks/{service.name}"}


@every
def test_each_button_is_answered_and_makes_what_it_says(name: str, journal: Journal, server: WebServer) -> None:
    service = SERVICES[name]()
    assert list(EVENTS[name]) == list(service.buttons)
    for button, events in EVENTS[name].items():
        before = newest(journal)
        answers = service.press(button, Client(), given(service, server))
        assert [answer.status_code for answer in answers] == [200] * len(answers), button
        assert told(journal, name, before) == events, button
        assert button not in ("check", "lead") or answers
    assert service.stats()["messages"] == 0


@every
def test_a_sender_that_signs_wrongly_is_turned_away(name: str, journal: Journal, server: WebServer) -> None:
    service = SERVICES[name]()
    button = "message" if name == "meta" else "text"
    before = newest(journal)
    ways = [Signing.WRONG, Signing.MISSING, *([Signing.TAMPERED] if name in ("whatsapp", "meta") else [])]
    for service.signing in ways:  # type: ignore[attr-defined]  # those that sign have it
        [answer] = service.press(button, Client(), given(service, server))
        assert answer.status_code == 403
    assert told(journal, name, before) == []


def test_the_check_of_metas_address_gets_the_bare_challenge(server: WebServer) -> None:
    for service in (WhatsApp(), Meta()):
        [answer] = service.press("check", Client(), given(service, server))
        assert answer.text == "1158201444"
    asked = {"hub.mode": "subscribe", "hub.verify_token": "wrong", "hub.challenge": "1"}
    assert requests.get(f"http://127.0.0.1:{server.port}/hooks/whatsapp", asked, timeout=30).status_code == 403


def test_one_person_of_whatsapp_is_the_same_whoever_brings_them(journal: Journal, server: WebServer) -> None:
    before = newest(journal)
    for service in (WhatsApp(), Wazzup(), GreenApi()):
        service.press("text", Client(phone="+7 (999) 555-44-33"), given(service, server))
    lines = journal.read(lambda c: queries.list_events(c, after_seq=before))
    people = [line.event.event.person for line in lines]
    assert len(people) == 3
    assert all({"phone:+79995554433", "whatsapp:79995554433"} <= set(person.identities) for person in people)


def test_a_comment_is_answered_privately_and_its_writer_is_the_one_of_the_messages(
    journal: Journal, server: WebServer
) -> None:
    service, before = Meta(), newest(journal)
    service.press("comment", Client(), given(service, server))
    [line] = journal.read(lambda c: queries.list_events(c, channel="meta", after_seq=before))
    event = line.event.event
    assert event.person.messengers == (f"instagram:{PERSON}",)
    assert event.payload.message.chat.startswith("comment:")
