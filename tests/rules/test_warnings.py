"""What is no mistake but hardly meant: rules that hide each other, and work that is done twice."""

from __future__ import annotations

from typing import Any

import pytest

from rules.actions import REGISTRY
from rules.check import RuleProblem, check
from rules.warnings import warnings
from tests.rules.world import STAFF, make_rule

TASK = {"task": {"text": "Позвонить", "due": "1h"}}
OTHER = {"task": {"text": "Написать", "due": "1h"}}
NEW = {"intake": {"title": "Сайт", "reuse": "never"}}


def found(*rules: dict[str, Any]) -> list[RuleProblem]:
    """The warnings about rules that have no mistakes."""
    made = [
        make_rule(*rule.pop("do", [OTHER if n else TASK]), name=f"правило {n + 1}", **rule)
        for n, rule in enumerate(rules)
    ]
    assert check(made, REGISTRY, STAFF, {"site": None, "quiz": None}) == []
    return warnings(made, REGISTRY)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({}, {}),
        ({}, {"when": {"utm.source": "vk"}, "channel": "site"}),
        ({"when": {"utm.source": ["vk", "ok"]}}, {"when": {"utm.source": "vk", "form.name": "x"}}),
        ({"when": {"order.amount": {"above": 100}}}, {"when": {"order.amount": {"between": [500, 900]}}}),
        ({"when": {"any": [{"utm.source": "vk"}, {"form.name": "x"}]}}, {"when": {"form.name": "x"}}),
        ({"channel": ["site", "quiz"]}, {"channel": "quiz"}),
        ({}, {"wait": "1h"}),
        ({"when": "order and order.amount > 5"}, {"when": "order and order.amount > 5"}),
        ({"when": {"time": "outside working"}}, {"when": {"time": "day off"}}),
    ],
)
def test_a_rule_behind_one_that_always_stops_its_events_is_told(first: dict[str, Any], second: dict[str, Any]) -> None:
    (warning,) = found({**first, "stop": True}, second)
    assert warning.path == ("rules", 1, "name")
    assert "«правило 1» stops whatever it waits for" in warning.text


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"when": {"utm.source": "vk"}}, {}),
        ({"when": {"utm.source": "vk"}}, {"when": {"utm.source": ["vk", "ok"]}}),
        ({"channel": "site"}, {}),
        ({"channel": "site"}, {"channel": ["site", "quiz"]}),
        ({"on": "call.missed"}, {}),
        ({"when": {"utm.source": "vk"}}, {"wait": "1h", "when": {"utm.source": "vk"}}),  # it may change meanwhile
        ({"when": "utm.source == 'vk'"}, {"when": {"utm.source": "vk"}}),  # an expression is not looked into
    ],
)
def test_a_rule_that_may_still_see_events_is_not_told(first: dict[str, Any], second: dict[str, Any]) -> None:
    assert found({**first, "stop": True}, second) == []


def test_a_rule_without_stop_hides_nothing() -> None:
    assert found({}, {}) == []


def test_of_several_event_types_the_hidden_ones_are_told_each() -> None:
    first, second = {"on": "call.missed", "stop": True}, {"on": ["form.submitted", "call.missed"]}
    (warning,) = found(first, second)
    assert warning.path == ("rules", 1, "on", 1)
    assert "never sees call.missed" in warning.text
    (warning,) = found(first, {"on": "form.submitted", "stop": True}, second)
    assert warning.path == ("rules", 2, "name")
    assert "«правило 2» and «правило 1»" in warning.text


@pytest.mark.parametrize(
    "step",
    [TASK, NEW, {"note": {"text": "x"}}, {"notify": {"to": ["rop", "anna"], "text": "x"}}],
    ids=lambda step: next(iter(step)),
)
def test_two_rules_that_make_the_same_for_one_event_are_told(step: Any) -> None:
    (warning,) = found({"do": [step]}, {"do": [OTHER, step], "when": {"utm.source": "vk"}})
    assert warning.path == ("rules", 1, "do", 1, next(iter(step)))
    assert warning.text == "rule «правило 1» does the same for the same event"
    (warning,) = found({"do": [step, step]})
    assert warning.text == "the rule does this twice"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"do": [TASK]}, {"do": [OTHER]}),
        ({"do": [{"intake": {"title": "a"}}]}, {"do": [{"intake": {"title": "a"}}]}),  # it takes the first one's lead
        ({"do": [{"tag": {"add": ["a"]}}]}, {"do": [{"tag": {"add": ["a"]}}]}),
        ({"do": [TASK], "when": {"utm.source": "vk"}}, {"do": [TASK], "when": {"utm.source": "ok"}}),
        ({"do": [TASK], "when": {"time": "working"}}, {"do": [TASK], "when": {"time": "outside working"}}),
        ({"do": [TASK], "channel": "site"}, {"do": [TASK], "channel": "quiz"}),
        ({"do": [TASK], "on": "call.missed"}, {"do": [TASK]}),
        ({"do": [TASK], "when": {"utm.source": "vk"}, "stop": True}, {"do": [TASK]}),
    ],
)
def test_what_cannot_meet_or_does_no_harm_is_not_told(first: dict[str, Any], second: dict[str, Any]) -> None:
    assert found(first, second) == []


def test_an_alternative_that_can_never_be_met_is_told_at_its_place() -> None:
    when = {"any": [{"utm.source": {"is": "vk", "not": "vk"}}, {"utm.source": "ok"}]}
    (warning,) = found({"when": when})
    assert warning.path == ("rules", 0, "when", "any", 0, "utm.source", "not")
    assert "this alternative is never met" in warning.text


def test_a_queue_that_nobody_shares_is_told_where_another_is_named_nearly_so() -> None:
    def intake(counter: str) -> dict[str, Any]:
        chosen = {"round_robin": ["anna", "ivan"], "counter": counter}
        return {"do": [{"intake": {"title": counter, "responsible": chosen}}]}

    missed = {"on": "call.missed"}
    assert found(intake("новые"), intake("новые") | missed, intake("квиз") | {"on": "email.received"}) == []
    (warning,) = found(intake("новые"), intake("нвоые") | missed, intake("новые") | {"on": "email.received"})
    assert warning.path == ("rules", 1, "do", 0, "intake", "responsible", "counter")
    assert (warning.text, warning.hint) == ("no other queue counts with «нвоые»", 'did you mean "новые"?')
