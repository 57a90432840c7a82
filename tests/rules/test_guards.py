"""A guard's match is a violation: of what, by whom, of which lead, when."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from provodka.event import Event
from provodka.payloads import LeadRef, TaskRef
from rules.actions import REGISTRY
from rules.check import check
from rules.facts import RecordedFacts, StaticFacts
from rules.guard import Guard
from rules.plan import Plan, RuleOutcome, Violation, dump_trace, load_trace
from rules.schema import Rule, RuleTest
from rules.testing import run_tests
from tests.rules.world import NOW, make_engine, make_event, make_rule

LEAD = {"id": "17", "responsible": "anna@krovlya.ru"}
NOTE = {"note": {"text": "x"}}


def guarding(on: str, guard: Any = "Сторож", **more: Any) -> Rule:
    """A rule that only counts."""
    return Rule.model_validate({"name": "правило", "on": on, "guard": guard, **more})


def found(event: Event, guard: Any = "Сторож", facts: StaticFacts | None = None, **more: Any) -> Violation | None:
    plan = make_engine(guarding(event.type.value, guard, **more)).evaluate(event, facts or StaticFacts(), NOW)
    assert plan.trace.rules[0].outcome is RuleOutcome.MATCHED
    return plan.trace.rules[0].violation


def test_a_guard_needs_nothing_to_do_and_any_other_rule_does() -> None:
    assert guarding("lead.won").guard == Guard(name="Сторож", who="responsible")
    with pytest.raises(ValidationError, match="a rule needs do"):
        Rule.model_validate({"name": "а", "on": "lead.won"})
    with pytest.raises(ValidationError):
        guarding("lead.won", do=[])
    with pytest.raises(ValidationError):
        guarding("lead.won", guard={"name": "", "who": "author"})
    with pytest.raises(ValidationError):
        guarding("lead.won", guard={"name": "а", "who": "anna"})


def test_it_does_its_steps_besides() -> None:
    plan = make_engine(make_rule(NOTE, on="lead.won", guard="Сторож")).evaluate(
        make_event("lead.won", lead=LEAD), StaticFacts(), NOW
    )
    assert (len(plan.actions), plan.trace.rules[0].violation) == (1, Violation("Сторож", "anna", "17", NOW))


@pytest.mark.parametrize(
    ("event", "person", "lead"),
    [
        (make_event("lead.won", lead=LEAD), "anna", "17"),
        (make_event("task.completed", lead=LEAD, task={"id": "5", "responsible": "ivan@krovlya.ru"}), "ivan", "17"),
        (make_event("task.completed", lead=LEAD, task={"id": "5"}), "anna", "17"),
        (make_event("contact.updated", contact={"id": "4", "responsible": "ivan@krovlya.ru"}), "ivan", "20"),
        (make_event("company.updated", company={"id": "9", "responsible": "x@y.ru"}), "x@y.ru", "20"),
        (make_event("call.missed", call={"id": "1", "direction": "in"}), "rop", "20"),
    ],
)
def test_it_is_counted_for_the_responsible_of_the_card_or_of_the_lead(event: Event, person: str, lead: str) -> None:
    facts = StaticFacts(current=LeadRef("20", responsible="rop@krovlya.ru"))
    assert found(event, facts=facts) == Violation("Сторож", person, lead, NOW)


def test_without_a_lead_it_is_nobodys() -> None:
    assert found(make_event("call.missed", call={"id": "1", "direction": "in"})) == Violation("Сторож", "", "", NOW)


def test_or_for_the_author_of_the_change_whom_the_crm_may_not_name() -> None:
    guard = {"name": "Сторож", "who": "author"}
    change = {"field": "stage", "by": "ivan@krovlya.ru"}
    assert found(make_event("lead.stage_changed", lead=LEAD, change=change), guard) == Violation(
        "Сторож", "ivan", "17", NOW
    )
    closed = make_event("task.completed", lead=LEAD, task={"id": "5", "responsible": "anna"}, change={"by": "rop"})
    assert found(closed, guard) == Violation("Сторож", "rop", "17", NOW)
    assert found(make_event("lead.stage_changed", lead=LEAD), guard) == Violation("Сторож", "", "17", NOW)


def test_a_rule_that_does_not_match_counts_nothing() -> None:
    rule = guarding("lead.won", when={"invoices.paid": 0})
    engine = make_engine(rule)
    event = make_event("lead.won", lead=LEAD)
    from rules.fact import InvoicesFact

    paid = engine.evaluate(event, StaticFacts(others={"invoices": InvoicesFact(1, 1)}), NOW)
    assert paid.trace.rules[0].violation is None
    unpaid = engine.evaluate(event, StaticFacts(), NOW)
    assert unpaid.trace.rules[0].violation is not None


def test_after_a_wait_it_is_of_that_moment_and_of_who_is_responsible_then() -> None:
    rule = guarding("task.created", wait="1h", when={"task.completed": False})
    engine = make_engine(rule)
    event = make_event("task.created", lead=LEAD, task={"id": "5", "responsible": "anna"})
    waiting = engine.evaluate(event, StaticFacts(), NOW)
    assert waiting.trace.rules[0].violation is None
    facts = StaticFacts(others={"task": TaskRef("5", responsible="ivan@krovlya.ru")})
    later = NOW + timedelta(hours=1)
    plan = engine.evaluate(event, facts, later, rule.name, resumed=True)
    assert plan.trace.rules[0].violation == Violation("Сторож", "ivan", "17", later)


def test_it_is_in_the_trace_and_comes_again_out_of_the_record() -> None:
    engine = make_engine(guarding("call.missed"))
    event = make_event("call.missed", call={"id": "1", "direction": "in"})
    facts = StaticFacts(current=LeadRef("20", responsible="rop@krovlya.ru"))
    plan: Plan = engine.evaluate(event, facts, NOW)
    trace = load_trace(dump_trace(plan.trace))
    assert trace == plan.trace
    assert engine.evaluate(event, RecordedFacts(trace.facts), trace.at) == plan


@pytest.mark.parametrize(("on", "wrong"), [("lead.won", False), ("task.completed", False), ("call.missed", True)])
def test_an_author_is_only_asked_of_changes(on: str, wrong: bool) -> None:
    problems = check([guarding(on, {"name": "а", "who": "author"})], REGISTRY, {}, {})
    assert [(p.path, p.text) for p in problems] == (
        [(("rules", 0, "guard", "who"), f"{on} does not tell who did it")] if wrong else []
    )


@pytest.mark.parametrize(
    ("expect", "words"),
    [
        ({"violations": {"Сторож": "anna"}}, ()),
        ({"actions": [], "violations": {"Сторож": "anna"}}, ()),
        ({"actions": []}, ()),
        ("no_actions", ()),
        ({"violations": {}}, ("violations: «Сторож» of anna was not expected",)),
        ({"violations": {"Сторож": "ivan"}}, ("violations: «Сторож»: expected ivan, it is anna",)),
        (
            {"violations": {"Сторож": "anna", "Другой": None}},
            ("violations: expected «Другой» of nobody, but it was not broken",),
        ),
        ({"violations": ["Сторож"]}, ("expect.violations: write",)),
        ({"violation": {}}, ("expect: write no_actions",)),
    ],
)
def test_a_rule_test_says_what_is_counted_and_for_whom(expect: Any, words: tuple[str, ...]) -> None:
    test = RuleTest(name="t", given={"type": "lead.won", "lead": LEAD}, expect=expect)
    (result,) = run_tests([test], make_engine(guarding("lead.won")))
    assert len(result.failures) == len(words)
    assert all(word in failure for word, failure in zip(words, result.failures, strict=True))
