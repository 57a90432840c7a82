"""Events of 1C in hindsight: a test made of one passes at once, and a changed config is held against it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from provodka.event import Event
from provodka.made_up import MadeUp
from rules.actions import REGISTRY
from rules.engine import Engine
from rules.given import given_facts
from rules.plan import dump_trace
from rules.saved_test import Planned, saved_test
from rules.schema import Rule
from rules.whatif import Did, Past, PastAction, PastPlan, what_if
from tests.rules.onec import Books
from tests.rules.world import NOW, TEAM, make_engine, make_rule

PAID = make_rule(
    {"place_order": {}},
    {"print": {"document": "order", "within": "1d"}},
    {"update": {"fields": {"Оплачено": "{{ invoice.paid }}"}}},
    {"note": {"text": "{{ invoice.buyer }}: {{ document.amount | money }}, {{ invoice.lines[0].name }}"}},
    on="invoice.paid",
    when={"invoice.left": 0, "lead": {"known": True}},
    name="Оплачено",
)


def past_of(event: Event, *rules: Rule) -> tuple[Past, list[Planned]]:
    """What the journal has of an event that these rules have seen."""
    plan = make_engine(*rules).evaluate(event, given_facts({}, event, TEAM), NOW)
    actions = tuple(PastAction(one.rule, Did.of(one.kind, one.rule, one.params, one.priority)) for one in plan.actions)
    planned = [Planned(one.key, one.rule, one.kind, one.params) for one in plan.actions]
    return Past(event, (PastPlan("event", dump_trace(plan.trace).decode()),), actions), planned


def paid(books: Books) -> Event:
    books.issued(buyer={"of": "contact"})
    books.pay("5005.80")
    return books.told("invoice.paid", books.sales()[-1])


def test_a_test_made_of_a_payment_passes_and_does_not_name_the_buyer() -> None:
    past, planned = past_of(paid(Books()), PAID)
    test, result = saved_test(past, planned, "оплата", make_engine(PAID), MadeUp(b"key", "Оплачено"))
    assert result.passed, result.failures
    assert [next(iter(step)) if isinstance(step, dict) else step for step in test["expect"]["actions"]] == [
        "place_order",
        "print",
        "update",
        "note",
    ]
    assert test["given"]["invoice"]["payments"][0]["amount"] == "5005.80"
    assert "Сидоров" not in str(test)
    assert "Пётр" not in str(test)


def test_a_changed_config_is_held_against_what_came_of_a_payment() -> None:
    past, _ = past_of(paid(Books()), PAID)
    engine: Engine = make_engine(PAID)
    assert what_if(past, engine, REGISTRY, NOW + timedelta(days=1)).differences == ()
    later = make_rule(*PAID.do[1:], on="invoice.paid", when=PAID.when, name="Оплачено")
    (difference,) = what_if(past, make_engine(later), REGISTRY, NOW + timedelta(days=1)).differences
    told: dict[str, Any] = asdict(difference)
    assert "place_order" in str(told)
