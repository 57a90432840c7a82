"""Calls that a rule has the exchange make: who is connected with whom, by which channel, and when not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from provodka.calls import CallOrder
from provodka.crm import Contact
from provodka.errors import Ambiguous, OutcomeUnknownError, Rejected
from provodka.event import Event
from provodka.operation import Done, Outcome, Postponed, Repeat, Request, operation
from provodka.payloads import LeadRef, Person
from rules.actions import REGISTRY
from rules.beside import Beside
from rules.check import check
from rules.team import Staff
from tests.rules.world import CLIENT, STAFF, World, deliver_step, make_event, make_rule

NIGHT = datetime(2026, 3, 2, 20, 30, tzinfo=UTC)  # 23:30 in Moscow
PHONE = CLIENT.phones[0]
CHANNELS = {"site": frozenset({make_event().type})}


class FakeDialler:
    """An exchange that keeps what it was to call."""

    def __init__(self, name: str, *, reads_texts: bool = False) -> None:
        self.name, self.reads_texts = name, reads_texts
        self.ordered: list[CallOrder] = []
        self.answer: Outcome = Done("call-1")

    @operation(repeat=Repeat.PERSON)
    def dial(self, requests: Sequence[Request[CallOrder]]) -> list[Outcome]:
        self.ordered += [request.params for request in requests]
        return [self.answer for _ in requests]


def world_with(**more: Any) -> World:
    world = World(diallers={"phone": FakeDialler("phone"), "robot": FakeDialler("robot", reads_texts=True)}, **more)
    assert world.crm is not None
    card = Contact("4", CLIENT.name, CLIENT.phones, CLIENT.emails)
    world.crm.know(card, LeadRef("17", responsible="ivan@krovlya.ru"))
    return world


def call(world: World, event: Event | None = None, unsure: datetime | None = None, **step: Any) -> Outcome:
    return deliver_step(world, {"call": step}, event or make_event(), unsure_since=unsure)


def test_the_telephone_of_the_responsible_rings_first() -> None:
    world = world_with()
    outcome = call(world, by="phone")
    assert world.diallers["phone"].ordered == [CallOrder(PHONE, "102")]
    assert isinstance(outcome, Done)
    assert outcome.values == {"by": "phone", "to": PHONE, "employee": "ivan", "call_id": "call-1"}


def test_a_named_employee_is_rung_whoever_is_responsible() -> None:
    world = world_with()
    call(world, by="phone", employee="anna", line="+74950003344")
    assert world.diallers["phone"].ordered == [CallOrder(PHONE, "101", "+74950003344")]


def test_an_exchange_may_find_its_own_name_of_the_employee_among_several() -> None:
    world = world_with(team=type(world_with().team)({"anna": Staff(crm="a@b.ru", extension=("101", "anna.p"))}))
    call(world, by="phone", employee="anna")
    assert world.diallers["phone"].ordered == [CallOrder(PHONE, "101", others=("anna.p",))]


def test_a_text_is_read_and_nobody_of_the_staff_is_rung() -> None:
    world = world_with()
    call(world, by="robot", text="Здравствуйте, {{ person.name }}! Заказ готов.")
    assert world.diallers["robot"].ordered == [CallOrder(PHONE, text="Здравствуйте, Пётр Сидоров! Заказ готов.")]


def test_the_phone_of_the_card_is_called_where_the_event_has_none() -> None:
    world = world_with()
    outcome = call(world, make_event(person=Person(emails=CLIENT.emails)), by="phone")
    assert isinstance(outcome, Done)
    assert world.diallers["phone"].ordered[0].phone == PHONE


@pytest.mark.parametrize(
    ("step", "person", "words"),
    [
        ({"by": "phone"}, Person(emails=("nobody@example.ru",)), "no lead"),
        ({"by": "robot", "text": "Готово"}, Person(messengers=("telegram:7",)), "no lead"),
        ({"by": "phone", "employee": "rop"}, CLIENT, "no extension"),
        ({"by": "phone", "text": "Готово"}, CLIENT, "reads no texts"),
        ({"by": "gone"}, CLIENT, "no channel"),
    ],
)
def test_what_cannot_be_called_is_refused_by_name(step: dict[str, Any], person: Person, words: str) -> None:
    outcome = call(world_with(), make_event(person=person), **step)
    assert isinstance(outcome, Rejected)
    assert words in outcome.reason
    assert outcome.hint


def test_in_the_quiet_hours_nobody_is_called() -> None:
    world = world_with(now=NIGHT)
    assert isinstance(call(world, by="phone", quiet="21:00-09:00"), Postponed)
    assert world.diallers["phone"].ordered == []


def test_a_call_that_may_have_been_made_is_never_made_again_blindly() -> None:
    world = world_with()
    world.diallers["phone"].answer = Ambiguous("no answer")
    assert isinstance(call(world, by="phone"), Ambiguous)
    frozen = dict(world.frozen)
    (key,) = frozen
    outcome = deliver_step(world, {"call": {"by": "phone"}}, frozen=frozen[key], unsure_since=NIGHT)
    assert isinstance(outcome, OutcomeUnknownError)
    assert len(world.diallers["phone"].ordered) == 1


@pytest.mark.parametrize(
    ("step", "diallers", "words"),
    [
        ({}, frozenset(), "no channel of the config makes calls"),
        ({"by": "phon"}, frozenset({"phone"}), "«phon» is no channel that makes calls"),
        ({}, frozenset({"phone", "robot"}), "several channels make calls"),
        ({"by": "silent"}, frozenset({"phone"}), "«silent» cannot make calls yet"),
        ({"text": "Готово"}, frozenset({"phone"}), "cannot read a text"),
        ({"employee": "nobody"}, frozenset({"phone"}), "nobody"),
    ],
)
def test_what_cannot_work_is_told_before_the_start(step: dict[str, Any], diallers: frozenset[str], words: str) -> None:
    beside = replace(Beside(), diallers=diallers, lacking={"silent": ("token", "from_number")})
    problems = check([make_rule({"call": step})], REGISTRY, STAFF, CHANNELS, beside)
    assert [words in problem.text for problem in problems] == [True]
