"""The tests that a config brings along."""

from __future__ import annotations

from typing import Any

import pytest

from rules.schema import RuleTest
from rules.testing import run_tests
from tests.rules.world import make_engine, make_rule

ENGINE = make_engine(
    make_rule(
        {
            "intake": {
                "title": "Сайт: {{ person.phone }}",
                "responsible": {"round_robin": ["anna", "ivan"]},
                "tags": ["сайт"],
                "price": "{{ order.amount if order else '' }}",
            }
        },
        {"task": {"text": "Позвонить", "due": "15m working"}},
        channel="site",
        when={"person.known": False},
    ),
    make_rule(
        {"notify": {"to": "rop", "text": "«{{ lead.title }}» ждёт"}},
        on="lead.created",
        name="Не взят",
        wait="1m",
        when={"lead.stage": "Новый лид"},
    ),
    make_rule("log_call", on="call.missed", name="Звонки"),
    make_rule(
        {"note": {"text": "{{ message.text }}"}},
        on="email.received",
        name="Письма",
        when={"message.subject": {"not": "Спам"}},
    ),
)
FORM = {"type": "form.submitted", "channel": "site", "person": {"name": "Пётр", "phone": "8 (916) 000-11-22"}}


def failures(given: dict[str, Any], expect: Any, **more: Any) -> tuple[str, ...]:
    test = RuleTest.model_validate({"name": "проверка", "given": given, "expect": expect, **more})
    (result,) = run_tests([test], ENGINE)
    assert result.passed is (result.failures == ())
    return result.failures


def test_a_test_passes_on_the_part_of_the_parameters_that_it_names() -> None:
    expect = {
        "actions": [
            {"intake": {"title": "Сайт: +79160001122", "responsible": {"round_robin": ["anna", "ivan"]}}},
            "task",
        ]
    }
    assert failures(FORM, expect) == ()


def test_moments_are_written_and_compared_on_the_clients_clocks() -> None:
    late = {"actions": ["intake", {"task": {"due": "2026-03-03 09:05"}}]}
    assert failures(FORM, late, at="2026-03-02 17:50") == ()
    assert failures(FORM, late) == (
        "action 2: task.due: expected '2026-03-03 09:05', it is '2026-03-02T09:15:00+00:00'",
    )


def test_no_actions_may_be_written_in_two_ways() -> None:
    spam = {"type": "email.received", "message": {"subject": "Спам"}}
    assert failures(spam, {"actions": []}) == ()
    assert failures(spam, "no_actions") == ()


def test_an_order_of_the_form_is_read_as_the_payload_has_it() -> None:
    order = {**FORM, "order": {"amount": "1500.50"}}
    assert failures(order, {"actions": [{"intake": {"price": 1500.5}}, "task"]}) == ()
    assert failures(order, {"actions": [{"intake": {"price": "1500.50"}}, "task"]}) == ()
    assert failures(order, {"actions": [{"intake": {"price": 1501}}, "task"]}) != ()


def test_a_failure_says_what_was_expected_and_what_it_is() -> None:
    (text,) = failures(FORM, {"actions": [{"intake": {"tags": ["почта"]}}, "task"]})
    assert text == "action 1: intake.tags: expected ['почта'], it is ['сайт']"
    (text,) = failures(FORM, {"actions": [{"intake": {"tag": ["почта"]}}, "task"]})
    assert 'has no tag (did you mean "tags"?)' in text


def test_a_missing_an_extra_and_a_different_action_are_told_apart() -> None:
    assert failures(FORM, {"actions": ["intake"]})[0] == "action 2: task of rule «Заявка с сайта» was not expected"
    assert "expected note, it is task" in failures(FORM, {"actions": ["intake", "note"]})[0]
    assert "there are only 2" in failures(FORM, {"actions": ["intake", "task", "note"]})[0]


def test_a_rule_that_did_not_match_says_why() -> None:
    told = failures(FORM, {"actions": ["intake", "task"]}, facts={"person.known": True})
    assert told[-1] == "«Заявка с сайта» did not match: person.known is False: no, it is True"


def test_a_rule_that_failed_is_a_failure_of_the_test() -> None:
    broken = make_engine(make_rule({"note": {"text": "{{ form.fields.x }}"}}))
    test = RuleTest.model_validate({"name": "a", "given": {"type": "form.submitted"}, "expect": "no_actions"})
    assert "there is no «x»" in run_tests([test], broken)[0].failures[0]


def test_a_rule_that_waits_is_played_to_its_end() -> None:
    lead = {"type": "lead.created", "lead": {"title": "Крыша", "stage": "Новый лид"}}
    assert failures(lead, {"actions": [{"notify": {"to": "rop", "text": "«Крыша» ждёт"}}]}) == ()
    assert failures(lead, "no_actions", facts={"lead": {"stage": "В работе"}}) == ()
    assert failures(lead, "no_actions", facts={"lead": None}) == ()


def test_what_no_rule_looks_at_need_not_be_given() -> None:
    assert failures({"type": "call.missed", "call": {"phone": "+79160001122"}}, {"actions": ["log_call"]}) == ()


@pytest.mark.parametrize(
    ("given", "facts", "words"),
    [
        ({"type": "form.submited"}, {}, 'did you mean "form.submitted"'),
        ({}, {}, "unknown event type"),
        ({**FORM, "utm": {"sorce": "x"}}, {}, 'did you mean "source"'),
        ({**FORM, "message": {}}, {}, "unknown name message"),
        ({**FORM, "person": {"fone": 1}}, {}, "fone"),
        ({**FORM, "person": "Пётр"}, {}, "expected a mapping"),
        ({"type": "call.missed", "call": "x"}, {}, "expected a mapping"),
        ({"type": "call.missed", "call": {"talk_seconds": "x"}}, {}, "talk_seconds"),
        (FORM, {"person.knwn": True}, 'did you mean "person.known"'),
        (FORM, {"lead": {"stge": "x"}}, 'did you mean "stage"'),
    ],
)
def test_a_test_that_cannot_be_run_fails_and_says_why(given: Any, facts: Any, words: str) -> None:
    (text,) = failures(given, "no_actions", facts=facts)
    assert text.startswith("the test cannot be run")
    assert words in text


@pytest.mark.parametrize(
    "expect", [{}, {"actions": {}}, {"action": []}, {"actions": [{"a": {}, "b": {}}]}, {"actions": [1]}]
)
def test_an_expectation_that_cannot_be_read_fails_and_says_why(expect: Any) -> None:
    assert "expect" in failures(FORM, expect)[0]


STAFF_RULE = make_engine(
    make_rule(
        {"notify": {"to": "who", "text": "{{ who.present }} {{ work.tasks | map(attribute='id') | join }}"}},
        on=None,
        at="09:00",
        each="person",
        name="Утро",
    )
)


def of_staff(who: Any, facts: Any, text: str = "") -> tuple[str, ...]:
    given = {"type": "staff.checked", "rule": "Утро", "who": who}
    expect = {"actions": [{"notify": {"to": "anna", "text": text}}]}
    test = RuleTest.model_validate({"name": "a", "given": given, "facts": facts, "expect": expect})
    return run_tests([test], STAFF_RULE)[0].failures


def test_a_test_may_look_at_one_of_the_staff() -> None:
    assert of_staff({"key": "anna"}, {}, "True ") == ()
    assert of_staff({"key": "anna"}, {"staff": {"anna": {"present": False}}}, "False ") == ()
    assert of_staff({"key": "anna"}, {"who.present": False, "work.tasks": [{"text": "a"}, {}]}, "False 12") == ()


@pytest.mark.parametrize(
    ("who", "facts", "words"),
    [
        ({"key": "ana"}, {}, 'did you mean "anna"'),
        ({"key": "anna", "present": True}, {}, "present is a fact"),
        ({"key": "anna", "nme": "x"}, {}, 'did you mean "name"'),
        ({"key": "anna"}, {"figures.week": {"conversion": 5}}, "unknown name conversion"),
        ({"key": "anna"}, {"figures.week": {"by_source": [{"nme": "x"}]}}, "facts.figures.week.by_source.0"),
        ({"key": "anna"}, {"work.task": 1}, 'did you mean "work.tasks"'),
        ({"key": "anna"}, {"work.tasks": [{"txt": "x"}]}, "facts.work.tasks.0: unknown name txt"),
        ({"key": "anna"}, {"work.tasks": [{"lead": {"stge": "x"}}]}, "facts.work.tasks.0.lead: unknown name stge"),
    ],
)
def test_a_test_about_the_staff_that_is_wrong_says_where(who: Any, facts: Any, words: str) -> None:
    (text,) = of_staff(who, facts)
    assert words in text


QUEUES = make_engine(
    make_rule(
        {
            "intake": {
                "title": "x",
                "responsible": {
                    "least_loaded": ["anna", "ivan"],
                    "present": "crm",
                    "cap": {"per_day": 1},
                    "keep_owner": True,
                    "else": {"pool": "rop"},
                },
            }
        },
        {"task": {"text": "y", "due": "1h", "responsible": {"round_robin": ["ivan", "anna"], "present": "schedule"}}},
    )
)


@pytest.mark.parametrize(
    ("facts", "intake"),
    [
        ({}, "anna"),
        ({"staff": {"anna": {"open_leads": 3}, "ivan": {"open_leads": 2}}}, "ivan"),
        ({"staff": {"anna": {"present": False}}}, "ivan"),
        ({"staff": {"anna": {"active": False}, "ivan": {"present": False}}}, "rop"),
        ({"owner": "ivan"}, "ivan"),
        ({"owner": "ivan", "staff": {"ivan": {"present": False}}}, "anna"),
    ],
)
def test_a_test_may_expect_who_is_chosen_with_the_staff_as_it_says(facts: dict[str, Any], intake: str) -> None:
    expect = {"actions": [{"intake": {"responsible": intake}}, "task"]}
    test = RuleTest(name="t", given={"type": "form.submitted"}, facts=facts, expect=expect)
    assert run_tests([test], QUEUES)[0].failures == ()


def test_nobody_chosen_is_a_failure_that_says_why() -> None:
    expect = {"actions": ["intake", {"task": {"responsible": "ivan"}}]}
    test = RuleTest(name="t", given={"type": "form.submitted"}, at="2026-03-01 12:00", expect=expect)
    (failure,) = run_tests([test], QUEUES)[0].failures
    assert "expected 'ivan', it is 'nobody: nobody of [ivan, anna] can take it: ivan is off by the schedule" in failure


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"staff": {"ana": {}}}, 'did you mean "anna"'),
        ({"staff": {"anna": {"away": True}}}, "away"),
        ({"staff": {"anna": {"open_leads": -1}}}, "open_leads"),
        ({"owner": "ana"}, 'did you mean "anna"'),
    ],
)
def test_a_mistake_in_what_a_test_says_of_the_staff_is_told(facts: dict[str, Any], words: str) -> None:
    test = RuleTest(name="t", given={"type": "form.submitted"}, facts=facts, expect="no_actions")
    (failure,) = run_tests([test], QUEUES)[0].failures
    assert words in failure
