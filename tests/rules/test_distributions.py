"""The queues of a config, wherever its rules choose somebody, with the shares that they aim at."""

from __future__ import annotations

from typing import Any

from rules.assignment.distributions import Distribution, distributions
from rules.schema import Rule


def rule(name: str, *steps: dict[str, Any], **more: Any) -> Rule:
    do = {} if "escalate" in more else {"do": steps}
    return Rule.model_validate({"name": name, "on": "form.submitted", **do, **more})


def found(*rules: Rule) -> dict[str, Distribution]:
    return {one.counter: one for one in distributions(rules)}


def intake(responsible: Any) -> dict[str, Any]:
    return {"intake": {"title": "Сайт", "responsible": responsible}}


def test_each_strategy_has_its_aim() -> None:
    queues = found(
        rule("доли", intake({"weights": {"anna": 3, "ivan": 1}})),
        rule("по очереди", intake({"round_robin": ["anna", "ivan"]})),
        rule("по нагрузке", intake({"least_loaded": ["anna", "ivan"]})),
        rule("по продажам", intake({"by_results": ["anna", "ivan"]})),
        rule("корзина", intake({"pool": "rop"})),
        rule("один", intake("anna")),
    )
    assert list(queues) == [f"{name}: intake" for name in ("доли", "по очереди", "по нагрузке", "по продажам")]
    assert queues["доли: intake"].shares({}) == {"anna": 0.75, "ivan": 0.25}
    assert queues["по очереди: intake"].shares({}) == {"anna": 0.5, "ivan": 0.5}
    assert queues["по нагрузке: intake"].shares({"recent": []}) == {}
    by_results = queues["по продажам: intake"]
    assert by_results.shares({}) == {}
    assert by_results.shares({"weights": {"anna": 900, "ivan": 100}}) == {"anna": 0.9, "ivan": 0.1}


def test_rules_that_share_a_counter_are_one_queue() -> None:
    shared = {"round_robin": ["anna", "ivan"], "counter": "новые"}
    queues = found(rule("сайт", intake(shared)), rule("почта", intake(shared)))
    assert {name: one.rules for name, one in queues.items()} == {"новые": ("сайт", "почта")}


def test_queues_are_found_in_else_in_tasks_that_follow_in_hand_over_and_on_the_rungs_of_a_ladder() -> None:
    task = {
        "text": "Позвонить",
        "due": "1h",
        "then": {"text": "Спросить", "due": "1d", "responsible": {"round_robin": ["olga"]}},
    }
    queues = found(
        rule("а", intake({"round_robin": ["anna"], "else": {"weights": {"ivan": 1}, "else": {"pool": "rop"}}})),
        rule("б", {"task": task}, {"notify": {"to": "rop", "text": "{{ person.name }}"}}),
        rule("в", escalate=[{"after": "5m", "do": [{"assign": {"responsible": {"round_robin": ["ivan"]}}}]}]),
        rule("г", {"hand_over": {"to": {"round_robin": ["petr"]}}}),
        rule("д", {"http": {"url": "https://x.test/", "json": {"pool": 1, "responsible": {"weights": 1}}}}),
    )
    assert {name: one.members for name, one in queues.items()} == {
        "а: intake": ("anna",),
        "а: intake: else": ("ivan",),
        "б: task": ("olga",),
        "в: assign": ("ivan",),
        "г: hand_over": ("petr",),
    }


def test_the_counters_are_those_that_the_actions_use() -> None:
    """An action plans its responsible with the counter that is looked for here."""
    from rules.actions import REGISTRY
    from rules.assignment.distributions import CHOOSING

    choosing = {name for name, action in REGISTRY.items() if set(action.params.model_fields) & set(CHOOSING)}
    assert choosing >= {"intake", "assign", "task", "hand_over", "create", "customer", "company"}
