"""The engine: which rules match, what they plan, and that nothing one rule does disturbs another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provodka.errors import Retryable
from provodka.event import Event
from provodka.payloads import (
    PAYLOADS,
    Call,
    CallEvent,
    Change,
    EmailReceived,
    Form,
    FormSubmitted,
    LeadEvent,
    LeadRef,
    Mail,
    Order,
    Person,
    TaskEvent,
    Tick,
    Utm,
)
from rules.facts import KnownContact, RecordedFacts, StaticFacts
from rules.faults import RuleError
from rules.plan import Plan, Priority, RuleOutcome, RuleTrace, dump_plan, dump_trace, load_plan, load_trace
from rules.schema import EVENT_TYPES
from tests.rules.world import NOW, make_engine, make_event, make_rule

INTAKE = {
    "intake": {
        "pipeline": "Кровля",
        "stage": "Новый лид",
        "title": "Сайт: {{ person.name or person.phone }}",
        "responsible": {"round_robin": ["anna", "ivan"]},
        "tags": ["сайт", "{{ utm.source }}"],
    }
}
TASK = {"task": {"text": "Позвонить: {{ person.phone | phone }}", "type": "Звонок", "due": "15m working"}}


def trace_of(plan: Plan, rule: str) -> RuleTrace:
    return next(trace for trace in plan.trace.rules if trace.rule == rule)


def test_a_matching_rule_plans_its_steps_with_rendered_parameters() -> None:
    plan = make_engine(make_rule(INTAKE, TASK)).evaluate(make_event(utm={"source": "yandex"}), StaticFacts(), NOW)
    intake, task = plan.actions
    assert intake.params["title"] == "Сайт: Пётр Сидоров"
    assert intake.params["tags"] == ["сайт", "yandex"]
    assert intake.params["responsible"] == {"round_robin": ["anna", "ivan"], "counter": "Заявка с сайта: intake"}
    assert task.params["text"] == "Позвонить: +7 916 000-11-22"
    assert datetime.fromisoformat(task.params["due"]) == NOW + timedelta(minutes=15)
    assert (intake.priority, task.priority) == (Priority.NEW_LEAD, Priority.USUAL)
    assert trace_of(plan, "Заявка с сайта").action_keys == (intake.key, task.key)


def test_all_steps_of_an_urgent_rule_go_before_everything_else() -> None:
    plan = make_engine(make_rule(INTAKE, TASK, urgent=True)).evaluate(make_event(), StaticFacts(), NOW)
    assert [action.priority for action in plan.actions] == [Priority.URGENT, Priority.URGENT]
    assert Priority.URGENT < Priority.NEW_LEAD


def test_tags_that_came_out_empty_are_left_out() -> None:
    plan = make_engine(make_rule(INTAKE)).evaluate(make_event(), StaticFacts(), NOW)
    assert plan.actions[0].params["tags"] == ["сайт"]


def test_steps_after_an_intake_need_its_result_and_steps_before_it_do_not() -> None:
    rule = make_rule({"note": {"text": "до"}}, INTAKE, TASK, {"notify": {"to": "rop", "text": "лид"}})
    before, intake, task, notice = make_engine(rule).evaluate(make_event(), StaticFacts(), NOW).actions
    assert before.needs is None
    assert intake.needs is None
    assert task.needs == notice.needs == intake.key


def test_keys_stay_the_same_when_the_same_rule_sees_the_same_event_again() -> None:
    event = make_event()
    first = make_engine(make_rule(INTAKE, TASK)).evaluate(event, StaticFacts(), NOW)
    again = make_engine(make_rule({"note": {"text": "x"}}, name="Другое"), make_rule(INTAKE, TASK)).evaluate(
        event, StaticFacts(KnownContact("4")), NOW + timedelta(days=3)
    )
    keys = [action.key for action in first.actions]
    assert [a.key for a in again.actions if a.rule == "Заявка с сайта"] == keys
    assert len({action.key for action in again.actions}) == 3
    assert all(key.startswith("e1:") for key in keys)


def test_a_step_for_several_people_makes_an_action_for_each_with_a_key_of_its_own() -> None:
    rule = make_rule({"notify": {"to": ["rop", "anna"], "text": "лид"}})
    plan = make_engine(rule).evaluate(make_event(), StaticFacts(), NOW)
    assert [(a.params["to"], a.key.rsplit(":", 1)[1]) for a in plan.actions] == [("rop", "rop"), ("anna", "anna")]
    alone = make_rule({"notify": {"to": "rop", "text": "лид"}})
    assert make_engine(alone).evaluate(make_event(), StaticFacts(), NOW).actions[0].key == plan.actions[0].key


def test_rules_for_other_events_and_channels_are_named_in_the_trace() -> None:
    plan = make_engine(
        make_rule(TASK, on="call.missed", name="Звонок"),
        make_rule(TASK, name="Лендинг", channel="landing"),
        make_rule(TASK, name="Сайт", channel=["site", "shop"]),
    ).evaluate(make_event(), StaticFacts(), NOW)
    assert [(t.rule, t.outcome) for t in plan.trace.rules] == [
        ("Звонок", RuleOutcome.OTHER_TRIGGER),
        ("Лендинг", RuleOutcome.OTHER_TRIGGER),
        ("Сайт", RuleOutcome.MATCHED),
    ]
    assert "landing" in plan.trace.rules[1].reason


def test_a_rule_that_does_not_match_says_which_condition_failed() -> None:
    rule = make_rule(TASK, when={"utm.source": "vk", "form.name": "Акция"})
    plan = make_engine(rule).evaluate(make_event(utm={"source": "yandex"}, form={"name": "акция"}), StaticFacts(), NOW)
    trace = trace_of(plan, rule.name)
    assert trace.outcome is RuleOutcome.NOT_MATCHED
    assert [condition.matched for condition in trace.conditions] == [False, True]
    assert plan.actions == ()


def test_after_a_rule_that_stops_no_later_rule_sees_the_event() -> None:
    rules = [
        make_rule(TASK, name="мимо", when={"utm.source": "vk"}, stop=True),
        make_rule(TASK, name="стоп", stop=True),
        make_rule(TASK, name="позже"),
    ]
    plan = make_engine(*rules).evaluate(make_event(), StaticFacts(), NOW)
    assert [t.outcome for t in plan.trace.rules] == [
        RuleOutcome.NOT_MATCHED,
        RuleOutcome.MATCHED,
        RuleOutcome.STOPPED,
    ]
    assert "стоп" in plan.trace.rules[2].reason
    assert {action.rule for action in plan.actions} == {"стоп"}


def test_an_error_in_one_rule_is_recorded_and_plans_none_of_its_steps_while_the_others_go_on() -> None:
    rules = [
        make_rule(TASK, {"note": {"text": "{{ form.fields.Площадь }}"}}, name="сломано"),
        make_rule(TASK, name="сломано условие", when="order.amount > 5"),
        make_rule({"intake": {"title": "x", "price": "{{ form.comment }}"}}, name="цена словом"),
        make_rule(TASK, name="цело"),
    ]
    plan = make_engine(*rules).evaluate(make_event(form={"comment": "договорная"}), StaticFacts(), NOW)
    assert [t.outcome for t in plan.trace.rules] == [*[RuleOutcome.ERROR] * 3, RuleOutcome.MATCHED]
    assert "«Площадь»" in plan.trace.rules[0].error
    assert "договорная" in plan.trace.rules[2].error
    assert {action.rule for action in plan.actions} == {"цело"}


def test_a_fact_that_cannot_be_fetched_now_stops_the_planning_and_is_no_error_of_the_rule() -> None:
    class Unreachable(StaticFacts):
        def fetch(self, name: str) -> Any:
            raise Retryable("no connection")

    with pytest.raises(Retryable):
        make_engine(make_rule(TASK, when={"person.known": True})).evaluate(make_event(), Unreachable(), NOW)


def test_a_rule_that_waits_plans_a_timer_and_reads_its_conditions_when_that_is_due() -> None:
    rule = make_rule(
        {"notify": {"to": "rop", "text": "Лид «{{ lead.title }}» ждёт: {{ lead.url }}"}},
        on="lead.created",
        name="Лид не взят",
        wait="1m",
        when={"lead.stage": "Новый лид"},
    )
    engine = make_engine(rule, make_rule(TASK, on="lead.created", name="рядом"))
    event = make_event("lead.created", lead={"id": "17", "stage": "Новый лид", "title": "Крыша"})
    plan = engine.evaluate(event, StaticFacts(), NOW)
    (timer,) = plan.timers
    assert timer.due == NOW + timedelta(minutes=1)
    assert trace_of(plan, "Лид не взят").outcome is RuleOutcome.WAITING
    assert {action.rule for action in plan.actions} == {"рядом"}

    taken = StaticFacts(current=LeadRef("17", "Крыша", stage="В работе"))
    later = engine.evaluate(event, taken, timer.due, only_rule=timer.rule, resumed=True)
    assert [trace.rule for trace in later.trace.rules] == ["Лид не взят"]
    assert (later.actions, later.timers) == ((), ())

    waiting = StaticFacts(current=LeadRef("17", "Крыша", "https://crm/17", stage="Новый лид"))
    later = engine.evaluate(event, waiting, timer.due, only_rule=timer.rule, resumed=True)
    assert [action.params["text"] for action in later.actions] == ["Лид «Крыша» ждёт: https://crm/17"]


def test_a_wait_of_working_time_is_due_in_working_time() -> None:
    rule = make_rule(TASK, wait="1h working")
    evening = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)  # 17:30 in Moscow
    (timer,) = make_engine(rule).evaluate(make_event(), StaticFacts(), evening).timers
    assert timer.due == datetime(2026, 3, 3, 6, 30, tzinfo=UTC)


def test_a_timer_of_a_rule_that_is_gone_is_an_error_that_says_so() -> None:
    plan = make_engine(make_rule(TASK)).evaluate(make_event(), StaticFacts(), NOW, only_rule="Была", resumed=True)
    assert plan.trace.rules[0].outcome is RuleOutcome.ERROR
    assert "no rule of this name" in plan.trace.rules[0].error


def test_a_hint_of_the_crm_is_never_seen_by_rules() -> None:
    plan = make_engine(make_rule(TASK)).evaluate(make_event("crm.hint", entities=("lead:1",)), StaticFacts(), NOW)
    assert plan.trace.rules[0].outcome is RuleOutcome.OTHER_TRIGGER


def test_the_same_plan_comes_out_of_the_record_alone() -> None:
    rule = make_rule(
        {"note": {"text": "{{ lead.title }} {{ person.contact.name }}"}},
        when={"person.known": True, "lead.stage": "Новый лид", "lead.responsible": "anna"},
    )
    lead = LeadRef("17", "Крыша", stage="Новый лид", responsible="anna@krovlya.ru", price=Decimal("10.50"))
    engine, event = make_engine(rule), make_event()
    plan = engine.evaluate(event, StaticFacts(KnownContact("4", "Пётр"), lead), NOW)
    assert plan.actions[0].params["text"] == "Крыша Пётр"
    trace = load_trace(dump_trace(plan.trace))
    assert engine.evaluate(event, RecordedFacts(trace.facts), trace.at) == plan


def test_a_fact_that_is_not_on_record_is_an_error_of_the_rule_that_asks_for_it() -> None:
    plan = make_engine(make_rule(TASK, when={"person.known": True})).evaluate(make_event(), RecordedFacts({}), NOW)
    assert "not on record" in plan.trace.rules[0].error


def test_a_plan_survives_its_json() -> None:
    rules = [
        make_rule(INTAKE, TASK),
        make_rule(TASK, name="ждёт", wait="1m"),
        make_rule(TASK, name="нет", when={"any": [{"utm.source": "vk"}, {"person.known": True}]}),
        make_rule(TASK, name="другое", on="call.missed"),
        make_rule({"note": {"text": "{{ order.amount }}"}}, name="ошибка"),
    ]
    plan = make_engine(*rules).evaluate(make_event(), StaticFacts(), NOW)
    assert {trace.outcome for trace in plan.trace.rules} == set(RuleOutcome) - {
        RuleOutcome.STOPPED,
        RuleOutcome.DROPPED,
        RuleOutcome.CHECKED,
        RuleOutcome.HELD_BACK,
        RuleOutcome.THROTTLED,
    }
    assert load_plan(dump_plan(plan)) == plan


def test_a_rule_that_cannot_be_read_does_not_become_an_engine() -> None:
    with pytest.raises(RuleError, match="unknown operator"):
        make_engine(make_rule(TASK, when={"utm.source": {"contain": "x"}}))


def test_the_clocks_in_texts_and_conditions_are_the_clients() -> None:
    rule = make_rule(
        {"note": {"text": "{{ event.occurred_at | date }} {{ now.hour }} {{ client }}"}}, when="now.hour == 12"
    )
    plan = make_engine(rule).evaluate(make_event(), StaticFacts(), NOW)
    assert plan.actions[0].params["text"] == "02.03.2026 12:00 12 Кровля Плюс"


# --- nothing in a payload can break the evaluation

TEXT = st.text(max_size=30) | st.sampled_from(["", "1e999", "Infinity", "{{ x }}", "12 000,50", "٣", "\x00"])
TEXTS = st.dictionaries(TEXT, TEXT, max_size=3)
MOMENT = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))
MONEY = st.decimals(allow_nan=True, allow_infinity=True)
PERSON = st.builds(Person, TEXT, st.lists(TEXT, max_size=2).map(tuple), st.lists(TEXT, max_size=2).map(tuple))
LEAD = st.builds(LeadRef, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, MONEY, st.lists(TEXT, max_size=2).map(tuple), TEXTS)
PAYLOAD = st.one_of(
    st.builds(
        FormSubmitted,
        st.builds(Form, TEXT, TEXT, TEXT, TEXT, TEXTS),
        st.builds(Utm, TEXT, TEXT, TEXT, TEXT, TEXT, TEXTS),
        st.none() | st.builds(Order, TEXT, MONEY),
    ),
    st.builds(EmailReceived, st.builds(Mail, TEXT, TEXT, TEXT)),
    st.builds(CallEvent, st.builds(Call, TEXT, st.just("in"), TEXT, TEXT, talk_seconds=st.integers())),
    st.builds(LeadEvent, LEAD, st.builds(Change, TEXT, TEXT, TEXT)),
    st.builds(TaskEvent, LEAD, TEXT, TEXT),
    st.just(Tick()),
)
EVERYTHING = make_engine(
    *(
        make_rule(
            {
                "intake": {
                    "title": "{{ person.name[0] }}",
                    "price": "{{ order.amount }}",
                    "fields": {"a": "{{ utm.source | int }}"},
                }
            },
            {
                "note": {
                    "text": "{{ lead.price | money }} {{ form.fields.x }} {{ 10 / call.talk_seconds }} {{ text[5] }}"
                }
            },
            on=list(EVENT_TYPES),
            name=f"правило {i}",
            when=when,
        )
        for i, when in enumerate(
            (
                None,
                {"person.phones": {"matches": "^.7"}, "person.known": False},
                {"lead.price": {"above": 1, "below": 5}, "order.amount": 5, "form.fields.x": {"above": 0}},
                {
                    "any": [
                        {"message.text": {"contains": "а"}},
                        {"call.talk_seconds": 0},
                        {"change.new": {"starts_with": "1"}},
                    ]
                },
                {
                    "form": "x",
                    "lead": {"empty": False},
                    "order.lines": {"contains": "x"},
                    "event.occurred_at": {"below": 3},
                },
                "lead.price > 5 and call.talk_seconds / 0",
                "form.fields | length + person.name",
            )
        )
    )
)


@given(PAYLOAD, PERSON, st.none() | LEAD, MOMENT, st.booleans())
@settings(max_examples=300, deadline=None)
def test_no_payload_breaks_the_evaluation_and_every_plan_can_be_kept(
    payload: Any, person: Person, lead: LeadRef | None, moment: datetime, resumed: bool
) -> None:
    kind = next(kind for kind, cls in PAYLOADS.items() if cls is type(payload))
    event = Event("e1", kind, "site", "x", moment, moment, person, payload)
    plan = EVERYTHING.evaluate(event, StaticFacts(None, lead), moment, resumed=resumed)
    assert len(plan.trace.rules) == 7
    assert [trace.rule for trace in load_plan(dump_plan(plan)).trace.rules] == [
        trace.rule for trace in plan.trace.rules
    ]
