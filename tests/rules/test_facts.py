"""Facts as rules see them: fetched once and only when asked for, on record, and given by rule tests."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from provodka.payloads import CompanyRef, ContactRef, EventType, LeadRef, TaskRef
from rules.actions import REGISTRY
from rules.check import check
from rules.fact import FACTS, OF_EVENTS, HistoryFact, ProductsFact, ResponsibleFact, TasksFact
from rules.facts import RecordedFacts, StaticFacts
from rules.names import Node, UnknownName, find
from rules.plan import dump_trace, load_trace
from rules.schema import RuleTest
from rules.testing import run_tests
from tests.rules.world import NOW, make_engine, make_event, make_rule

TASK = {"task": {"text": "Позвонить", "due": "1h"}}
OTHERS = {
    "tasks": TasksFact(open=2, overdue=1, next_due=NOW, types=("Звонок",), last_result="Договорились"),
    "history": HistoryFact(last_contact=NOW, failed_calls=3),
    "products": ProductsFact(1, Decimal("99.90")),
    "company": CompanyRef("9", "Ромашка", responsible="ivan@krovlya.ru", inn="7707083893"),
    "contact": ContactRef("4", "Пётр", fields={"Канал": "почта"}),
    "responsible": ResponsibleFact("anna@krovlya.ru", "Анна Белова"),
    "responsible.present": True,
}
TEXT = (
    "{{ tasks.open }} {{ tasks.next_due | date }} {{ history.failed_calls }} {{ products.total }} {{ company.inn }} "
    "{{ company.responsible }} {{ contact.fields.Канал }} {{ responsible.name }} {{ responsible.key }} "
    "{{ responsible.present }}"
)

OF_STAFF = ("who", "work")
OF_TICKS = ("board", "figures")


class Counted:
    """Facts that write down what is asked."""

    def __init__(self, known: StaticFacts) -> None:
        self.asked: list[str] = []
        self._known = known

    def fetch(self, name: str) -> Any:
        self.asked.append(name)
        return self._known.fetch(name)

    def told(self) -> None:
        """Nobody has told of anything before."""


def test_texts_read_every_kind_of_fact_each_fetched_once() -> None:
    facts = Counted(StaticFacts(others=OTHERS))
    plan = make_engine(make_rule({"note": {"text": TEXT}}, {"note": {"text": TEXT}})).evaluate(make_event(), facts, NOW)
    assert plan.actions[0].params["text"] == ("2 02.03.2026 12:00 3 99.90 7707083893 ivan почта Анна Белова anna True")
    assert sorted(facts.asked) == sorted(OTHERS)


def test_nothing_is_fetched_that_no_rule_asks_for() -> None:
    facts = Counted(StaticFacts(others=OTHERS))
    rules = [
        make_rule(TASK, name="дешёвое решает", when={"tasks.open": 0, "utm.source": "vk"}),
        make_rule(TASK, name="прочее", when={"form.name": ""}),
    ]
    plan = make_engine(*rules).evaluate(make_event(), facts, NOW)
    assert (facts.asked, len(plan.actions)) == ([], 1)


def test_the_same_plan_comes_of_the_record_alone() -> None:
    rules = [make_rule({"note": {"text": TEXT}}, when={"history.last_contact": {"in_last": "1h"}})]
    engine = make_engine(*rules)
    plan = engine.evaluate(make_event(), StaticFacts(others=OTHERS), NOW)
    trace = load_trace(dump_trace(plan.trace))
    assert engine.evaluate(make_event(), RecordedFacts(trace.facts), trace.at) == plan


def test_a_condition_on_a_fact_tells_both_values() -> None:
    plan = make_engine(make_rule(TASK, when={"tasks.open": 0})).evaluate(make_event(), StaticFacts(others=OTHERS), NOW)
    assert plan.trace.rules[0].conditions[0].reason == "tasks.open is 0: no, it is 2"


def test_after_a_wait_the_events_task_is_read_anew() -> None:
    rule = make_rule(TASK, on="task.created", wait="1h", when={"task.completed": False})
    engine = make_engine(rule)
    event = make_event("task.created", task={"id": "5"})
    again = lambda done: engine.evaluate(  # noqa: E731
        event, StaticFacts(others={"task": TaskRef("5", completed=done)}), NOW, rule.name, resumed=True
    )
    assert (len(again(False).actions), len(again(True).actions)) == (1, 0)


def test_a_bug_in_a_source_is_no_missing_name() -> None:
    class Broken:
        def fetch(self, name: str) -> Any:
            raise AttributeError("oops")

        def told(self) -> None:
            """Nobody has told of anything before."""

    with pytest.raises(RuntimeError, match=r"tasks cannot be fetched: oops"):
        make_engine(make_rule(TASK, when={"tasks.open": 0})).evaluate(make_event(), Broken(), NOW)


def test_what_call_tracking_knows_belongs_to_calls_alone() -> None:
    assert isinstance(find("call.tracking.source", EventType.CALL_MISSED), Node)
    assert not isinstance(find("call.tracking.source", EventType.FORM_SUBMITTED), Node)


@pytest.mark.parametrize(
    "fact",
    [one for one in FACTS.values() if one.root not in (*OF_EVENTS, *OF_STAFF, *OF_TICKS, "call")],
    ids=lambda f: f.name,
)
def test_every_fact_has_its_place_in_the_names_of_every_event_about_somebody(fact: Any) -> None:
    assert isinstance(find(fact.name, EventType.FORM_SUBMITTED), Node)
    assert isinstance(find(fact.name, EventType.CLOCK_TICK), UnknownName)


@pytest.mark.parametrize("fact", [fact for fact in FACTS.values() if fact.root in OF_STAFF], ids=lambda f: f.name)
def test_what_is_asked_about_one_of_the_staff_has_its_place_in_their_events_alone(fact: Any) -> None:
    assert isinstance(find(fact.name, EventType.STAFF_CHECKED), Node)
    assert isinstance(find(fact.name, EventType.FORM_SUBMITTED), UnknownName)
    assert isinstance(find(fact.name, EventType.CLOCK_TICK), UnknownName)


@pytest.mark.parametrize("fact", [fact for fact in FACTS.values() if fact.root in OF_TICKS], ids=lambda f: f.name)
def test_what_is_asked_about_all_has_its_place_in_what_comes_by_the_clock(fact: Any) -> None:
    assert isinstance(find(fact.name, EventType.STAFF_CHECKED), Node)
    assert isinstance(find(fact.name, EventType.CLOCK_TICK), Node)
    assert isinstance(find(fact.name, EventType.FORM_SUBMITTED), UnknownName)


def test_a_misspelt_fact_is_told_with_the_right_name() -> None:
    found = find("history.failed_cals", EventType.CALL_MISSED)
    assert isinstance(found, UnknownName)
    assert found.nearest == "history.failed_calls"


def test_what_is_not_filled_is_named_in_the_trace_and_in_texts() -> None:
    rule = make_rule(
        {"note": {"text": "Заполните: {{ lead.fields | missing(['срок', 'Площадь', 'Цвет']) | join(', ') }}"}},
        on="lead.stage_changed",
        when={"lead.fields": {"not": {"filled": ["Срок", "Площадь"]}}},
    )
    event = make_event("lead.stage_changed", lead={"id": "17", "fields": {"Площадь": "120", "Срок": " "}})
    plan = make_engine(rule).evaluate(event, StaticFacts(), NOW)
    assert plan.actions[0].params["text"] == "Заполните: срок, Цвет"
    (inner,) = plan.trace.rules[0].conditions[0].parts
    assert inner.note == "empty: Срок"


@pytest.mark.parametrize(
    ("when", "text", "words"),
    [
        ({"lead.title": {"filled": ["Срок"]}}, "x", "lead.title holds no fields"),
        ({"lead.fields": {"filled": []}}, "x", "names no fields"),
        ({"lead.fields": {"filed": ["Срок"]}}, "x", 'did you mean "filled"?'),
        (None, "{{ lead.fields | missing }}", "missing a required argument"),
        (None, "{{ lead.fields | mising(['Срок']) }}", 'did you mean "missing"?'),
    ],
)
def test_a_mistake_in_what_must_be_filled_is_found_by_check(when: Any, text: str, words: str) -> None:
    rule = make_rule({"note": {"text": text}}, on="lead.updated", when=when)
    found = [f"{problem.text} ({problem.hint})" for problem in check([rule], REGISTRY, {}, {})]
    assert any(words in one for one in found), found


def run(given: dict[str, Any], facts: dict[str, Any], when: Any) -> bool:
    """Whether a rule with this condition matches in a rule test."""
    test = RuleTest(name="t", given=given, facts=facts, expect={"actions": ["task"]})
    (result,) = run_tests([test], make_engine(make_rule(TASK, on=given["type"], when=when)))
    assert not any("cannot be run" in failure for failure in result.failures), result.failures
    return result.passed


@pytest.mark.parametrize(
    ("given", "facts", "when"),
    [
        ({}, {"tasks": {"open": 2}}, {"tasks.open": 2}),
        ({}, {}, {"tasks.open": 0, "history.last_contact": {"known": False}}),
        (
            {},
            {"history": {"last_contact": "2026-03-01 12:00:00+03:00"}},
            {"history.last_contact": {"older_than": "3h"}},
        ),
        ({}, {"lead": {"responsible": "anna"}}, {"responsible.key": "anna", "responsible.present": True}),
        ({}, {"lead": {"responsible": "anna"}, "staff": {"anna": {"present": False}}}, {"responsible.present": False}),
        ({}, {"company": {"inn": "77"}}, {"company.inn": "77"}),
        ({}, {"products": {"total": 100}}, {"products.total": {"above": 99}}),
        ({}, {"contact": {"fields": {"Канал": "почта"}}}, {"contact.fields.Канал": "почта"}),
        ({}, {"contact": None}, {"contact": {"known": False}}),
    ],
)
def test_a_rule_test_gives_facts_by_their_names(given: Any, facts: Any, when: Any) -> None:
    assert run({"type": "form.submitted", **given}, facts, when)


def test_what_a_test_does_not_say_is_as_the_event_shows_it() -> None:
    given = {"type": "lead.created", "lead": {"stage": "Новый", "responsible": "ivan@krovlya.ru"}}
    assert run(given, {}, {"lead.stage": "Новый", "responsible.key": "ivan"})
    assert run({"type": "contact.created", "contact": {"name": "Мария"}}, {}, {"contact.name": "Мария"})


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"tasks": {"opn": 1}}, "facts.tasks: unknown name opn"),
        ({"task": {"opn": 1}}, "facts.task: unknown name opn"),
        ({"histry": {}}, 'unknown name histry (did you mean "history"?)'),
        ({"tasks": 3}, "facts.tasks: expected a mapping"),
        ({"tasks": {"open": "много"}}, "open"),
    ],
)
def test_a_mistake_in_a_given_fact_is_told(facts: Any, words: str) -> None:
    test = RuleTest(name="t", given={"type": "form.submitted"}, facts=facts, expect="no_actions")
    (result,) = run_tests([test], make_engine(make_rule(TASK)))
    assert words in result.failures[0]


def test_a_lead_that_a_fact_tells_of_shows_staff_keys() -> None:
    facts = StaticFacts(current=LeadRef("17", responsible="anna@krovlya.ru"))
    plan = make_engine(make_rule({"note": {"text": "{{ lead.responsible }}"}})).evaluate(make_event(), facts, NOW)
    assert plan.actions[0].params["text"] == "anna"
    assert plan.trace.facts["lead"]["responsible"] == "anna@krovlya.ru"
