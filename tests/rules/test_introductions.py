"""A messenger whose notices hold no name is asked for it when a card is to show it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from provodka.errors import Rejected, Retryable
from provodka.event import Event
from provodka.messages import ChatFacts
from provodka.operation import Done
from provodka.payloads import Person
from tests.rules.around_crm import AroundCrm
from tests.rules.talker import Addresses, Introducing, said
from tests.rules.world import NOW, World, deliver_step, make_event

NEEDED = {"lead_id": "100", "contact_id": "c100", "responsible": "anna"}
NAMELESS = Person(messengers=("avito:7",))
FACTS = ChatFacts("Мария", "Окно ПВХ, 5 000 ₽", "https://avito.ru/1")
INTAKE = {"intake": {"pipeline": "Кровля", "stage": "Новый лид", "title": "Авито"}}


@pytest.fixture
def crm() -> AroundCrm:
    crm = AroundCrm()
    crm.talking = True
    return crm


@pytest.fixture
def bot() -> Introducing:
    return Introducing(FACTS)


@pytest.fixture
def world(crm: AroundCrm, bot: Introducing) -> World:
    return World(crm=crm, correspondents={"bot": bot}, files=Addresses())  # type: ignore[dict-item]


def message(person: Person = NAMELESS, **more: Any) -> Event:
    about = {"service": "avito", "about": "Объявление 1", **more}
    return make_event("message.received", person, channel="bot", message=said(**about))


def lines(crm: AroundCrm) -> list[Any]:
    return [line for sent in crm.calls("post_messages") for line in sent]


def contact(crm: AroundCrm) -> str:
    [[lead]] = crm.calls("create_leads")
    return str(lead.contact.name)


def test_a_line_of_the_chat_has_the_name_that_is_asked_for(world: World, crm: AroundCrm, bot: Introducing) -> None:
    assert isinstance(deliver_step(world, "log_message", message(), needed=NEEDED), Done)
    assert [line.person_name for line in lines(crm)] == ["Мария"]
    assert bot.asked == ["77"]


def test_a_note_says_who_writes_about_what(world: World, crm: AroundCrm) -> None:
    deliver_step(world, {"log_message": {"as": "note"}}, message(), needed=NEEDED)
    [[note]] = crm.calls("add_notes")
    assert note.text == "Авито, Мария: Здравствуйте\nО чём: Окно ПВХ, 5 000 ₽ https://avito.ru/1"


def test_a_new_contact_gets_the_name(world: World, crm: AroundCrm) -> None:
    assert isinstance(deliver_step(world, INTAKE, message()), Done)
    assert contact(crm) == "Мария"


def test_what_the_event_says_itself_stays_and_nobody_is_asked(world: World, crm: AroundCrm, bot: Introducing) -> None:
    event = message(replace(NAMELESS, name="Пётр"), about="Дверь", about_url="https://avito.ru/2")
    deliver_step(world, {"log_message": {"as": "note"}}, event, needed=NEEDED)
    [[note]] = crm.calls("add_notes")
    assert note.text == "Авито, Пётр: Здравствуйте\nО чём: Дверь https://avito.ru/2"
    assert bot.asked == []


def test_a_chat_of_several_and_another_kind_of_event_ask_nobody(world: World, bot: Introducing) -> None:
    deliver_step(world, "log_message", message(group=True), needed=NEEDED)
    deliver_step(world, INTAKE, make_event(channel="bot"))
    assert bot.asked == []


def test_a_name_that_may_still_come_is_waited_for_a_while(world: World, crm: AroundCrm, bot: Introducing) -> None:
    bot.unknown = Retryable("no connection")
    assert isinstance(deliver_step(world, INTAKE, message()), Retryable)
    assert crm.calls("create_leads") == []
    old = replace(message(), received_at=NOW - timedelta(minutes=11), occurred_at=NOW - timedelta(minutes=11))
    assert isinstance(deliver_step(world, INTAKE, old), Done)
    assert contact(crm) == "Без имени"


def test_a_name_that_is_refused_holds_nothing_up(world: World, crm: AroundCrm, bot: Introducing) -> None:
    bot.unknown = Rejected("no such chat")
    assert isinstance(deliver_step(world, INTAKE, message()), Done)
    assert contact(crm) == "Без имени"
