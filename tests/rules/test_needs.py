"""Which names of the CRM a config uses."""

from __future__ import annotations

from typing import Any

import pytest

from provodka.crm import Need
from rules.actions import REGISTRY
from rules.needs import needs
from rules.schema import Rule, Staff
from tests.rules.world import make_rule


def of(rule: Rule) -> dict[tuple[str | int, ...], list[Need]]:
    """The needs of a single rule, by place."""
    found: dict[tuple[str | int, ...], list[Need]] = {}
    for used in needs([rule], REGISTRY, {}):
        found.setdefault(used.path[2:], []).append(used.need)
    return found


def test_fields_are_needed_wherever_a_condition_or_text_names_them() -> None:
    text = (
        "{{ lead.fields['Дата замера'] }} {{ contact.fields.Канал | default('?') }} {{ company.fields['к.м'] }}"
        "{{ lead.fields | missing(['Площадь', 'Срок']) | join(', ') }} {{ form.fields.Этаж }}"
    )
    rule = make_rule(
        {"note": {"text": text}},
        when={
            "lead.fields.Площадь": {"known": True},
            "lead.fields": {"not": {"filled": ["Бюджет", "Срок"]}},
            "all": ["contact.fields['Город'] == 'Тверь'"],
            "person.last_lead.fields.Источник": "сайт",
        },
    )
    found = of(rule)
    assert found["do", 0, "note", "text"] == [
        *[Need("field", "Дата замера"), Need("contact_field", "Канал"), Need("company_field", "к.м")],
        *[Need("field", "Площадь"), Need("field", "Срок")],
    ]
    assert found["when", "lead.fields.Площадь", "known"] == [Need("field", "Площадь")]
    assert found["when", "lead.fields", "not", "filled"] == [Need("field", "Бюджет"), Need("field", "Срок")]
    assert found["when", "all", 0] == [Need("contact_field", "Город")]
    assert found["when", "person.last_lead.fields.Источник"] == [
        Need("field", "Источник"),
        Need("option", "сайт", "Источник"),
    ]
    assert len(found) == 5


def test_the_stages_that_a_text_orders_by_are_needed() -> None:
    text = "{{ work.tasks | by_stage(['КП ГОТОВО', 'ГОРЯЧИЕ']) | length }}"
    rule = make_rule({"notify": {"to": "who", "text": text}}, on=None, at="09:00", each="person")
    assert of(rule) == {("do", 0, "notify", "text"): [Need("stage", "КП ГОТОВО"), Need("stage", "ГОРЯЧИЕ")]}


def test_values_that_are_names_of_the_crm_are_needed() -> None:
    rule = make_rule(
        "log_call",
        on="task.completed",
        when={"lead.loss_reason": ["Дорого", "Спам"], "task.type": "Звонок", "tasks.types": {"not": "Встреча"}},
    )
    assert [need for found in of(rule).values() for need in found] == [
        *[Need("loss_reason", "Дорого"), Need("loss_reason", "Спам")],
        *[Need("task_type", "Звонок"), Need("task_type", "Встреча")],
    ]


@pytest.mark.parametrize(
    ("on", "field", "kinds"),
    [
        ("lead.updated", "Источник", ["field"]),
        ("contact.updated", "Источник", ["contact_field"]),
        ("lead.updated", "price", []),
        (["lead.updated", "contact.updated"], "Источник", []),
    ],
)
def test_the_field_that_changed_is_needed_where_it_is_sure_whose_it_is(on: object, field: str, kinds: object) -> None:
    found = of(make_rule({"note": {"text": "x"}}, on=on, when={"change.field": field}))
    assert [need.kind for group in found.values() for need in group] == kinds


def test_every_name_of_the_crm_is_found_with_its_place() -> None:
    rules = [
        make_rule(
            {"intake": {"title": "x", "pipeline": "Кровля", "stage": "Новый лид", "fields": {"Площадь": "1"}}},
            {"task": {"text": "x", "due": "1h", "type": "Звонок"}},
        ),
        make_rule(
            {"move": {"stage": "В работе"}},
            on="lead.created",
            name="вторая",
            when={"lead.stage": ["Новый лид", "Горячие"], "lead.pipeline": {"not": "Кровля"}},
        ),
    ]
    used = {(used.path, used.need) for used in needs(rules, REGISTRY, {"anna": Staff(crm="anna@krovlya.ru")})}
    assert used == {
        (("staff", "anna", "crm"), Need("user", "anna@krovlya.ru")),
        (("rules", 0, "do", 0, "intake", "pipeline"), Need("pipeline", "Кровля")),
        (("rules", 0, "do", 0, "intake", "stage"), Need("stage", "Новый лид", "Кровля")),
        (("rules", 0, "do", 0, "intake", "fields", "Площадь"), Need("field", "Площадь")),
        (("rules", 0, "do", 0, "intake", "fields", "Площадь"), Need("option", "1", "Площадь")),
        (("rules", 0, "do", 1, "task", "type"), Need("task_type", "Звонок")),
        (("rules", 1, "do", 0, "move", "stage"), Need("stage", "В работе")),
        (("rules", 1, "when", "lead.stage"), Need("stage", "Новый лид")),
        (("rules", 1, "when", "lead.stage"), Need("stage", "Горячие")),
        (("rules", 1, "when", "lead.pipeline", "not"), Need("pipeline", "Кровля")),
    }


def used_by(*steps: Any, **rule: Any) -> set[Need]:
    return {used.need for used in needs([make_rule(*steps, **rule)], REGISTRY, {})}


def test_a_stage_is_of_the_pipeline_that_the_rule_asks_for() -> None:
    asked = {"lead.pipeline": "Кровля", "change.new": "Новый лид", "change.old": "Обращение"}
    used = used_by({"move": {"stage": "В работе"}}, on="lead.stage_changed", when=asked)
    assert used == {
        Need("pipeline", "Кровля"),
        Need("stage", "Новый лид", "Кровля"),
        Need("stage", "В работе", "Кровля"),
        Need("stage", "Обращение"),  # it may have come from another pipeline
    }


def test_a_pipeline_that_is_ruled_out_says_nothing_of_the_stage() -> None:
    asked = {"lead.pipeline": {"not": "Кровля"}, "lead.stage": "Обращение"}
    used = used_by({"note": {"text": "x"}}, on="lead.stage_changed", when=asked)
    assert used == {Need("pipeline", "Кровля"), Need("stage", "Обращение")}


def test_fields_and_their_options_are_asked_for_wherever_they_stand() -> None:
    asked = {"change.field": "Сценарий", "lead.fields.Сценарий": ["Проект", "Рассрочка"], "task.type": "x"}
    used = used_by(
        {"note": {"text": "{{ lead.fields['Площадь'] }}"}},
        on="lead.updated",
        when=asked | {"lead.fields.Вес": {"above": 5}},
    )
    fields = {Need("field", name) for name in ("Сценарий", "Площадь", "Вес")}
    options = {Need("option", name, "Сценарий") for name in ("Проект", "Рассрочка")}
    assert used == fields | options | {Need("task_type", "x")}
    assert used_by({"note": {"text": "x"}}, on="contact.updated", when={"change.field": "Должность"}) == {
        Need("contact_field", "Должность")
    }
    assert used_by({"note": {"text": "x"}}, on="lead.updated", when={"change.field": "price"}) == set()
    assert used_by({"note": {"text": "x"}}, on="lead.updated", when="lead.fields['Вес'] == '5'") == {
        Need("field", "Вес")
    }


def test_a_value_with_a_template_is_no_option() -> None:
    step = {"intake": {"title": "x", "fields": {"Источник": "{{ utm.source }}", "Продукт": "Кровля"}}}
    assert used_by(step) == {Need("field", "Источник"), Need("field", "Продукт"), Need("option", "Кровля", "Продукт")}
