"""Links for payments that a rule has made: for which sum and deal, by which channel, with which receipt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from provodka.cashier import PaymentRequest, ReceiptLine
from provodka.crm import Contact, ProductLine
from provodka.errors import Ambiguous, Rejected
from provodka.event import Event
from provodka.operation import Done, Outcome, Repeat, Request, operation
from provodka.payloads import EventType, LeadRef, Person
from rules.actions import REGISTRY
from rules.beside import Beside
from rules.check import check
from tests.rules.around_crm import AroundCrm
from tests.rules.world import CLIENT, NOW, STAFF, World, deliver_step, make_event, make_rule, plan_of

PRICE = Decimal("12500.50")
CHANNELS = {"site": frozenset({make_event().type})}


class FakeCashier:
    """A service that keeps what it was asked for."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.asked: list[PaymentRequest] = []
        self.answer: Outcome = Done("1047", {"order": "1047", "url": "https://pay.example/1047", "payment": "41"})

    @operation(repeat=Repeat.KEY)
    def ask(self, requests: Sequence[Request[PaymentRequest]]) -> list[Outcome]:
        self.asked += [request.params for request in requests]
        return [self.answer for _ in requests]


def world_with(price: str = "12500.50", **more: Any) -> World:
    world = World(crm=AroundCrm(), cashiers={"pay": FakeCashier("pay"), "other": FakeCashier("other")}, **more)
    assert world.crm is not None
    card = Contact("4", CLIENT.name, CLIENT.phones, CLIENT.emails)
    world.crm.know(card, LeadRef("17", title="Крыша", price=Decimal(price), contacts=("4",)))
    return world


def link(world: World, event: Event | None = None, **step: Any) -> Outcome:
    return deliver_step(world, {"payment_link": {"purpose": "Оплата", **step}}, event or make_event())


def asked(world: World, name: str = "pay") -> PaymentRequest:
    [one] = world.cashiers[name].asked
    assert isinstance(one, PaymentRequest)
    return one


def test_without_a_sum_it_is_for_the_price_of_the_lead() -> None:
    world = world_with()
    outcome = link(world)
    assert isinstance(outcome, Done)
    assert outcome.values["url"] == "https://pay.example/1047"
    assert (outcome.values["by"], outcome.values["lead_id"]) == ("pay", "17")
    request = asked(world)
    assert (request.lead_id, request.amount, request.purpose) == ("17", Decimal("12500.50"), "Оплата")
    assert (request.phone, request.email) == (CLIENT.phone, CLIENT.email)


def test_a_part_has_its_sum_its_whole_and_its_name() -> None:
    world = world_with()
    link(
        world,
        by="other",
        amount="3 750,15",
        total="12500.50",
        part="предоплата",
        purpose="Предоплата:   {{ person.name }}",
        expires="2d",
        extra={"Shp_source": "{{ event.channel }}"},
        again=True,
    )
    request = asked(world, "other")
    assert (request.amount, request.total, request.part) == (Decimal("3750.15"), Decimal("12500.50"), "предоплата")
    assert request.purpose == f"Предоплата: {CLIENT.name}"
    assert request.expires == NOW + timedelta(days=2)
    assert request.extra == {"Shp_source": "site"}
    assert request.again


def test_for_an_invoice_of_accounting_it_is_for_what_is_left_of_it() -> None:
    world = world_with()
    invoice = {"id": "17:1", "lead": "17", "amount": "1000", "paid": "400.50"}
    link(world, make_event("invoice.issued", invoice=invoice, lead={"id": "17"}), purpose="Счёт {{ invoice.id }}")
    request = asked(world)
    assert (request.amount, request.invoice_id, request.purpose) == (Decimal("599.50"), "17:1", "Счёт 17:1")


def test_the_receipt_has_the_products_of_the_lead() -> None:
    world = world_with(price="1000")
    assert isinstance(world.crm, AroundCrm)
    sheet = ProductLine("Лист", Decimal(3), Decimal("300.10"))
    world.crm.products["17"] = [sheet, ProductLine("Доставка", price=Decimal("99.70"))]
    link(world, receipt={"from": "lead", "vat": "22", "method": "full_payment"})
    about = {"vat": "22", "method": "full_payment"}
    assert asked(world).lines == (
        ReceiptLine("Лист", Decimal(3), Decimal("300.10"), Decimal("900.30"), **about),
        ReceiptLine("Доставка", Decimal(1), Decimal("99.70"), Decimal("99.70"), **about),
    )


def test_the_lines_of_a_receipt_may_be_written_in_the_rule() -> None:
    world = world_with()
    link(world, receipt={"lines": [{"name": "Аванс: {{ person.name }}", "price": "12500,50"}]})
    assert asked(world).lines == (ReceiptLine(f"Аванс: {CLIENT.name}", Decimal(1), PRICE, PRICE),)


def test_a_lead_of_nothing_and_a_lead_without_products_are_refused_by_name() -> None:
    for step, words in (({}, "сумму сделки"), ({"amount": 5, "receipt": {"from": "lead"}}, "нет товаров")):
        outcome = link(world_with(price="0"), **step)
        assert isinstance(outcome, Rejected)
        assert words in outcome.hint


@pytest.mark.parametrize("amount", ["сто рублей", "-5", "1e3", "NaN"])
def test_a_sum_that_is_none_is_a_fault_of_the_rule(amount: str) -> None:
    plan = plan_of({"payment_link": {"purpose": "Оплата", "amount": amount}})
    assert plan.actions == ()
    assert f"amount: «{amount}» is no sum" in plan.trace.rules[0].error


def test_whom_the_event_does_not_tell_is_looked_up_in_the_card() -> None:
    world = world_with()
    told = make_event(person=Person(messengers=("telegram:7",)))
    world.links.leads["telegram:7"] = ["17"]
    link(world, told)
    assert (asked(world).phone, asked(world).email) == (CLIENT.phone, CLIENT.email)


def test_what_the_service_says_is_the_outcome() -> None:
    world = world_with()
    world.cashiers["pay"].answer = Ambiguous("no answer")
    assert isinstance(link(world), Ambiguous)


def test_a_channel_that_was_taken_out_of_the_config_is_named() -> None:
    world = world_with()
    outcome = link(world, by="gone")
    assert isinstance(outcome, Rejected)
    assert "gone" in outcome.reason


@pytest.mark.parametrize(
    ("step", "cashiers", "words"),
    [
        ({}, frozenset(), "no channel of the config takes payments"),
        ({}, frozenset({"a", "b"}), "several channels take payments"),
        ({"by": "paj"}, frozenset({"pay"}), "is no channel that takes payments"),
        ({"receipt": {"from": "invoice"}}, frozenset({"pay"}), "the config has no accounting"),
    ],
)
def test_what_cannot_work_is_told_before_the_start(step: dict[str, Any], cashiers: frozenset[str], words: str) -> None:
    rule = make_rule({"payment_link": {"purpose": "Оплата", **step}})
    problems = check([rule], REGISTRY, STAFF, CHANNELS, replace(Beside(), cashiers=cashiers))
    assert any(words in problem.text for problem in problems)


def test_one_channel_needs_no_name_and_brings_its_event() -> None:
    rule = make_rule({"payment_link": {"purpose": "Оплата"}})
    assert check([rule], REGISTRY, STAFF, CHANNELS, replace(Beside(), cashiers=frozenset({"pay"}))) == []
    assert EventType.PAYMENT_REQUESTED in REGISTRY["payment_link"].brings
