"""What is sold: products, invoices, regular customers; and bots."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from provodka.crm import BotStart, Contact, Customer, Need, NewCustomer, ProductLine
from provodka.errors import OutcomeUnknownError, Rejected
from provodka.event import Event
from provodka.operation import Done, Outcome
from provodka.payloads import LeadRef
from rules.actions import REGISTRY
from rules.actions.lines import merged
from rules.actions.products import ProductsParams
from rules.beside import Beside
from rules.check import check
from rules.plan import RuleOutcome
from tests.rules.around_crm import AroundCrm
from tests.rules.world import CLIENT, NOW, STAFF, World, delivery, make_event, make_rule, plan_of

TILE = ProductLine("Черепица", Decimal(10), Decimal("500.00"), "A-17")
ORDER = {
    "id": "238",
    "amount": "9000.10",
    "lines": [
        {"name": "Окно", "quantity": 2, "price": "4500.049", "amount": 9000.1, "sku": "OK-60"},
        {"name": "Подарок", "quantity": 0, "price": 0, "amount": 0},
    ],
}
WINDOW = ProductLine("Окно", Decimal(2), Decimal("4500.05"), "OK-60")


@pytest.fixture
def crm() -> AroundCrm:
    crm = AroundCrm()
    contact = Contact("c1", "Пётр", CLIENT.phones, company_id="9")
    crm.know(contact, LeadRef("17", "Крыша", responsible="anna@krovlya.ru"))
    return crm


@pytest.fixture
def world(crm: AroundCrm) -> World:
    return World(crm=crm)


def do(world: World, step: dict[str, Any], event: Event | None = None, **more: Any) -> Outcome:
    event = event or make_event()
    (action,) = plan_of(step, event=event).actions
    (outcome,) = world.deliver_items([delivery(action, event, **more)], action.kind)
    return outcome


def test_lines_are_read_as_people_write_numbers(world: World, crm: AroundCrm) -> None:
    lines = [
        {"name": "{{ form.name }}", "quantity": "2,5", "price": "1 500,555", "unit": "м²"},
        {"name": "", "sku": "{{ form.comment }}", "quantity": 1},
        {"name": "Пустяк", "quantity": "0"},
    ]
    do(world, {"products": {"lines": lines}}, make_event(form={"name": "Черепица"}))
    ((sent,),) = crm.calls("set_lead_lines")
    assert (sent.lead_id, sent.set_price) == ("17", True)
    assert sent.lines == (ProductLine("Черепица", Decimal("2.5"), Decimal("1500.56"), "", "м²"),)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ({"name": "А", "price": "дорого"}, "products: line 1: price: «дорого» is not a number"),
        ({"name": "А", "quantity": "-1"}, "products: line 1: less than nothing cannot be sold"),
    ],
)
def test_a_line_that_cannot_be_read_fails_the_rule_in_words(line: dict[str, Any], why: str) -> None:
    (trace,) = plan_of({"products": {"lines": [line]}}).trace.rules
    assert trace.outcome is RuleOutcome.ERROR
    assert why in trace.error


def test_lines_that_all_came_out_empty_take_nothing_off_the_lead() -> None:
    assert plan_of({"products": {"lines": [{"name": "{{ form.comment }}"}]}}).actions == ()


def test_products_of_an_order_are_taken_to_the_kopeck(world: World, crm: AroundCrm) -> None:
    do(world, {"products": {"from": "order", "set_price": False}}, make_event(order=ORDER))
    ((sent,),) = crm.calls("set_lead_lines")
    assert (sent.lines, sent.set_price) == ((WINDOW,), False)


def test_a_form_without_an_order_leaves_the_products_alone(world: World, crm: AroundCrm) -> None:
    for step in ({"products": {"from": "order"}}, {"invoice": {"title": "Счёт", "from": "order"}}):
        outcome = do(world, step)
        assert isinstance(outcome, Done)
        assert outcome.values["reason"] == "the event brought no order"
    assert crm.names == []


def test_what_is_there_is_counted_up_once_however_often_it_is_attempted(world: World, crm: AroundCrm) -> None:
    crm.products["17"] = [TILE, ProductLine("Монтаж")]
    step = {"products": {"add": True, "lines": [{"sku": "a-17", "quantity": 5, "price": 550}, {"name": "Доставка"}]}}
    event = make_event()
    (action,) = plan_of(step, event=event).actions
    world.deliver_items([delivery(action, event)], "products")
    crm.products["17"] = []
    world.deliver_items([delivery(action, event, frozen=world.frozen[action.key], unsure_since=NOW)], "products")
    first, second = (sent.lines for (sent,) in crm.calls("set_lead_lines"))
    assert first == second
    assert [(line.name, line.quantity, line.price) for line in first] == [
        ("Черепица", Decimal(15), Decimal(550)),
        ("Монтаж", Decimal(1), Decimal(0)),
        ("Доставка", Decimal(1), Decimal(0)),
    ]


_LINES = st.lists(
    st.builds(
        ProductLine,
        st.sampled_from(["А", "а ", "Б"]),
        st.integers(1, 9).map(Decimal),
        st.integers(0, 9).map(Decimal),
        st.sampled_from(["", "1", "2"]),
    )
)


@given(_LINES, _LINES)
def test_counting_up_loses_no_quantity_and_names_no_product_twice(
    there: list[ProductLine], more: list[ProductLine]
) -> None:
    found = merged(there, more)
    assert sum(line.quantity for line in found) == sum(line.quantity for line in (*there, *more))
    marks = [line.sku or line.name.strip().casefold() for line in found]
    assert len(marks) == len(set(marks))


def test_products_need_one_source() -> None:
    for wrong in ({}, {"lines": [{"name": "А"}], "from": "order"}):
        with pytest.raises(ValidationError, match="write either lines"):
            ProductsParams.model_validate(wrong)


def test_an_invoice_is_for_the_products_of_the_lead_and_names_its_payers(world: World, crm: AroundCrm) -> None:
    crm.products["17"] = [TILE]
    do(world, {"invoice": {"title": "Счёт {{ form.id }}", "comment": "до пятницы"}}, make_event(form={"id": "238"}))
    ((new,),) = crm.calls("create_invoices")
    assert (new.title, new.lead_id, new.lines, new.comment) == ("Счёт 238", "17", (TILE,), "до пятницы")
    assert (new.contact_id, new.company_id) == ("c1", "9")


def test_an_invoice_takes_lines_of_its_own_or_those_of_the_order(world: World, crm: AroundCrm) -> None:
    do(world, {"invoice": {"title": "Счёт 1", "lines": [{"name": "Замер", "price": 900}]}})
    do(world, {"invoice": {"title": "Счёт 2", "from": "order"}}, make_event(order=ORDER))
    assert [new.lines for (new,) in crm.calls("create_invoices")] == [
        (ProductLine("Замер", Decimal(1), Decimal("900.00")),),
        (WINDOW,),
    ]


def test_an_invoice_for_nothing_is_refused(world: World, crm: AroundCrm) -> None:
    outcome = do(world, {"invoice": {"title": "Счёт 1"}})
    assert isinstance(outcome, Rejected)
    assert "products" in outcome.hint
    assert crm.calls("create_invoices") == []


def test_a_contact_becomes_a_regular_customer_once(world: World, crm: AroundCrm) -> None:
    step = {
        "customer": {"name": "{{ person.name }}", "next_purchase": "180d", "expected": "12 000,50", "tags": ["опт"]}
    }
    assert isinstance(do(world, step), Done)
    ((new,),) = crm.calls("create_customers")
    due = datetime.fromisoformat("2026-08-29T09:00:00+00:00")
    assert new == NewCustomer("Пётр Сидоров", "c1", "anna@krovlya.ru", due, Decimal("12000.50"), ("опт",))
    crm.regulars["c1"] = [Customer("5", "Пётр")]
    outcome = do(world, step)
    assert isinstance(outcome, Done)
    assert (outcome.remote_id, outcome.found) == ("5", True)
    assert len(crm.calls("create_customers")) == 1


def test_a_lead_without_a_contact_makes_no_customer(world: World, crm: AroundCrm) -> None:
    outcome = do(world, {"customer": {"name": "Пётр"}}, needed={"lead_id": "17"})
    assert isinstance(outcome, Rejected)
    assert "контакт" in outcome.hint


def test_check_tells_what_the_crm_lacks_before_the_start() -> None:
    rule = make_rule({"customer": {"name": "А"}})
    beside = Beside(crm="Bitrix24", lacks={"create_customers": "regular customers"})
    (problem,) = check([rule], REGISTRY, STAFF, {}, beside)
    assert problem.path == ("rules", 0, "do", 0, "customer")
    assert problem.text == "Bitrix24 has no regular customers, so that this can never be done"
    assert check([rule], REGISTRY, STAFF, {}) == []


@pytest.mark.parametrize("step", [{"products": {"from": "order"}}, {"invoice": {"title": "А", "from": "order"}}])
def test_check_tells_that_an_event_brings_no_order(step: dict[str, Any]) -> None:
    (problem,) = check([make_rule(step, on="email.received")], REGISTRY, STAFF, {})
    assert problem.text.startswith("email.received has no order")
    assert check([make_rule(step)], REGISTRY, STAFF, {}) == []


def test_a_bot_is_started_once_and_a_lost_answer_is_left_to_a_person(world: World, crm: AroundCrm) -> None:
    step = {"bot": {"name": "Прогрев"}}
    event = make_event()
    (action,) = plan_of(step, event=event).actions
    world.deliver_items([delivery(action, event)], "bot")
    assert crm.calls("start_bots") == [[BotStart("Прогрев", "17")]]
    again = delivery(action, event, frozen=world.frozen[action.key], unsure_since=NOW)
    (outcome,) = world.deliver_items([again], "bot")
    assert isinstance(outcome, OutcomeUnknownError)


def test_a_bot_is_asked_for_by_its_name_before_the_start() -> None:
    bot = REGISTRY["bot"]
    assert list(bot.needs(bot.params.model_validate({"name": "Прогрев"}))) == [(("name",), Need("bot", "Прогрев"))]
