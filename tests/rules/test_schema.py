"""The models of the config."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from provodka.payloads import EventType
from rules.schema import Calendar, Rule, RuleTest, Staff

TASK = {"task": {"text": "x", "due": "1h"}}


def mistakes(model: Any, values: Any) -> list[tuple[tuple[str | int, ...], str]]:
    with pytest.raises(ValidationError) as raised:
        model.model_validate(values)
    return [(error["loc"], error["msg"]) for error in raised.value.errors()]


def test_a_rule_is_read_with_one_trigger_or_several() -> None:
    one = Rule.model_validate({"name": "a", "on": "form.submitted", "channel": "site", "do": [TASK]})
    several = Rule.model_validate({"name": "a", "on": ["call.missed", "email.received"], "do": [TASK]})
    assert (one.on, one.channel) == ((EventType.FORM_SUBMITTED,), ("site",))
    assert several.on == (EventType.CALL_MISSED, EventType.EMAIL_RECEIVED)


def test_a_step_without_parameters_may_be_a_mere_name() -> None:
    rule = Rule.model_validate({"name": "a", "on": "call.missed", "do": ["log_call", {"log_call": None}, TASK]})
    assert rule.steps == [("log_call", {}), ("log_call", {}), ("task", TASK["task"])]


def test_all_mistakes_of_a_rule_are_told_at_once() -> None:
    found = mistakes(Rule, {"name": "", "on": [], "wait": "1 minute", "do": [{"a": 1, "b": 2}], "until": 1})
    assert {loc[0] for loc, _ in found} == {"name", "on", "wait", "do", "until"}


@pytest.mark.parametrize("do", [[], [{}], "task", {"task": {}}, [5]])
def test_steps_must_be_a_list_of_single_actions(do: Any) -> None:
    assert mistakes(Rule, {"name": "a", "on": "form.submitted", "do": do})


def test_a_calendar_with_unreadable_hours_is_refused() -> None:
    assert Calendar.model_validate({"hours": "пн-пт 09:00-18:00", "holidays": "RU"}).holidays == "RU"
    ((loc, text),) = mistakes(Calendar, {"hours": "с девяти до шести"})
    assert loc == ("hours",)
    assert "пн, вт, ср" in text


def test_staff_and_tests_take_no_unknown_keys() -> None:
    assert mistakes(Staff, {"crm": "a@b.ru", "phone": "1"})
    assert mistakes(RuleTest, {"name": "a", "given": {}, "expect": "no_actions", "when": 1})
    assert mistakes(RuleTest, {"name": "a", "given": {}, "expect": "nothing"})
