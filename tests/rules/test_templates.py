"""Texts and expressions."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import TemplateError, UndefinedError
from jinja2.sandbox import SecurityError

from provodka.crm import StaffTask
from provodka.payloads import LeadRef
from rules.faults import RULE_FAULTS, RuleError
from rules.filters import by_stage, percent, truncate
from rules.templates import Templates
from rules.text import fold, number, same

TEMPLATES = Templates(ZoneInfo("Europe/Moscow"))


def render(source: str, **names: Any) -> str:
    return TEMPLATES.text(source).render(names)


def test_a_text_is_filled_in_from_names() -> None:
    person = {"name": "", "phone": "+79160001122"}
    assert render("Сайт: {{ person.name or person.phone }}", person=person) == "Сайт: +79160001122"


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("{{ '+79160001122' | phone }}", "+7 916 000-11-22"),
        ("{{ 'внутренний 101' | phone }}", "внутренний 101"),
        ("{{ 12500 | money }}", "12\u00a0500\u00a0₽"),
        ("{{ amount | money }}", "1\u00a0234,50\u00a0₽"),
        ("{{ moment | date }}", "02.03.2026 12:00"),
        ("{{ moment | date('%d.%m') }}", "02.03"),
        ("{{ '05.12.2026' | date }} {{ '2026-12-05T14:30' | date }}", "05.12.2026 05.12.2026 14:30"),
        ("{{ moment | day }}, {{ moment | weekday }}, {{ moment | time }}", "2 марта, понедельник, 12:00"),
        ("{{ '2026-12-05' | day }} {{ '2026-12-05' | day(year=true) }}", "5 декабря 5 декабря 2026"),
        ("{{ late | day }}", "3 марта"),  # 22:00 in London is the next day in Moscow
        ("{{ 12500 | money(kopecks=true) }} {{ '99,5' | money('руб.') }}", "12 500,00 ₽ 99,50 руб."),
        ("{{ amount | money(kopecks=false) }}", "1 234 ₽"),
        ("{{ 3 | plural('заявка', 'заявки', 'заявок') }}", "3 заявки"),
        ("{{ '1 021' | plural('заявка', 'заявки', 'заявок') }}", "1 021 заявка"),
        ("{{ 0.5 | plural('тонна', 'тонны', 'тонн') }}", "0,5 тонны"),
        ("{{ 'Крыша под ключ' | truncate(10) }}", "Крыша под…"),
        ("{{ 'Крыша под ключ' | truncate(9) }}{{ 'Крыша' | truncate(5) }}", "Крыша…Крыша"),
        ("{{ 'Крышаподключ' | truncate(6) }}", "Крыша…"),
        ("{{ '' | default('нет') }} {{ none | default('нет') }} {{ 0 | default('нет') }}", "нет нет 0"),
        ("{{ 0 | default('нет', true) }} {{ [] | default('нет') }} {{ 'да' | default('нет') }}", "нет нет да"),
        ("{{ fields['Площадь'] | default('не указана') }}", "не указана"),
        ("{{ 'ЁЛКА' is like('елка') }}", "True"),
    ],
)
def test_filters_show_values_as_people_write_them(source: str, shown: str) -> None:
    values = {"amount": Decimal("1234.50"), "moment": datetime(2026, 3, 2, 9, tzinfo=UTC), "fields": {}}
    values["late"] = datetime(2026, 3, 2, 22, tzinfo=UTC)
    assert render(source, **values).replace("\u00a0", " ") == shown.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        *((n, "заявка") for n in (1, 21, 101, 1001, -1)),
        *((n, "заявки") for n in (2, 3, 4, 22, 104, -3)),
        *((n, "заявок") for n in (0, 5, 9, 10, 11, 12, 14, 19, 20, 25, 111, 114)),
    ],
)
def test_a_noun_agrees_with_its_number(number: int, shown: str) -> None:
    assert render("{{ n | plural('заявка', 'заявки', 'заявок') }}", n=number).split("\u00a0")[-1] == shown


@given(st.text(max_size=60), st.integers(1, 40))
@settings(deadline=None)
def test_a_cut_text_is_never_longer_than_asked_for(text: str, length: int) -> None:
    cut = truncate(text, length)
    assert len(cut) <= length
    assert cut == text or text.startswith(cut.removesuffix("…"))


@pytest.mark.parametrize("source", ["{{ 'завтра' | date }}", "{{ none | day }}", "{{ 'x' | plural('a','b','c') }}"])
def test_a_value_that_a_filter_cannot_show_is_an_error_of_the_rule(source: str) -> None:
    with pytest.raises(RULE_FAULTS, match="is not a"):
        render(source)


@pytest.mark.parametrize(
    ("source", "words"),
    [("{{ nobody }}", "nobody"), ("{{ fields.x }}", "«x» in these fields"), ("{{ order.amount }}", "something absent")],
)
def test_an_unknown_name_is_an_error_and_never_an_empty_text(source: str, words: str) -> None:
    with pytest.raises(UndefinedError, match=words):
        render(source, fields={}, order=None)


@pytest.mark.parametrize("source", ["{{ ''.__class__.__mro__ }}", "{{ names.clear() }}", "{{ names.append(1) }}"])
def test_a_text_cannot_leave_its_sandbox(source: str) -> None:
    with pytest.raises((SecurityError, TemplateError)):
        render(source, names=[1])


def test_what_a_customer_wrote_is_never_read_as_a_template() -> None:
    assert render("{{ comment }}", comment="{{ 7 * 7 }}") == "{{ 7 * 7 }}"


def test_what_is_nested_too_deeply_to_be_read_is_a_mistake_of_the_rule() -> None:
    for deep in ("{{ " + "(" * 5_000 + "1" + ")" * 5_000 + " }}", "{% for a in b %}" * 30 + "{% endfor %}" * 30):
        with pytest.raises(RuleError, match="nested too deeply"):
            TEMPLATES.text(deep)
    with pytest.raises(RuleError, match="nested too deeply"):
        TEMPLATES.expression("not " * 5_000 + "a")


@pytest.mark.parametrize("source", ["{{ person.name", "{% if %}", "{{ a | phon }}"])
def test_a_text_that_cannot_be_read_is_a_mistake_of_the_config(source: str) -> None:
    with pytest.raises(RuleError, match="cannot be read"):
        TEMPLATES.text(source)


@pytest.mark.parametrize("source", ["person.name ==", "a }} {{ b", "a is lik('x')"])
def test_an_expression_that_cannot_be_read_is_a_mistake_of_the_config(source: str) -> None:
    with pytest.raises(RuleError, match="cannot be read"):
        TEMPLATES.expression(source)


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("{{ person.name or person.phone | phone }}", {"person.name", "person.phone"}),
        ("{{ form.fields['Площадь дома'] }}", {"form.fields.Площадь дома"}),
        ("{{ person.name.split()[0] }}", {"person.name"}),
        ("{% for line in order.lines %}{{ line.name }}{% endfor %}", {"order.lines"}),
        ("{% set x = utm.source %}{{ x }}{{ range(3) }}", {"utm.source"}),
        ("{% if lead %}{{ lead.title }}{% endif %}", {"lead", "lead.title"}),
        ("без имён", set()),
    ],
)
def test_the_names_that_a_text_reads_are_known_without_rendering_it(source: str, names: set[str]) -> None:
    assert TEMPLATES.text(source).names == names


def test_a_source_is_compiled_once() -> None:
    assert TEMPLATES.text("{{ person.name }}") is TEMPLATES.text("{{ person.name }}")
    assert TEMPLATES.expression("a > 1") is TEMPLATES.expression("a > 1")


def test_russian_words_are_compared_as_people_read_them() -> None:
    assert same("Ёлка  и\u00a0мёд ", "елка и мед")
    assert fold("й") == fold("и\u0306")


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("12 000,50", Decimal("12000.50")),
        ("1\u00a0000", Decimal(1000)),
        (7, Decimal(7)),
        (1.5, Decimal("1.5")),
        ("-3", Decimal(-3)),
        ("сто", None),
        ("1.2.3", None),
        (True, None),
        (float("nan"), None),
        (Decimal("Infinity"), None),
        (None, None),
    ],
)
def test_numbers_are_read_as_people_type_them(value: object, read: Decimal | None) -> None:
    assert number(value) == read


def test_work_is_ordered_by_stages_then_by_prices() -> None:
    leads = [
        LeadRef("1", stage="Новый", price=Decimal(900)),
        LeadRef("2", stage="КП ГОТОВО", price=Decimal(1)),
        LeadRef("3", stage="Горячие", price=Decimal(5)),
        LeadRef("4", stage="КП готово", price=Decimal(7)),
        LeadRef("5", stage="Думает", price=Decimal(900)),
        LeadRef("6", stage="Думает", price=Decimal(901)),
    ]
    tasks = [StaffTask(lead.id, lead=lead) for lead in leads]
    for items in (leads, tasks):
        assert [one.id for one in by_stage(items, ["КП готово", "ГОРЯЧИЕ"])] == ["4", "2", "3", "6", "1", "5"]
    assert [one.id for one in by_stage(leads, "думает")][:2] == ["6", "5"]


@pytest.mark.parametrize(("value", "whole", "shown"), [(80, 100, 80), ("1 500,50", 3001, 50), (5, 0, 0)])
def test_a_share_is_a_whole_number_of_percent(value: object, whole: object, shown: int) -> None:
    assert percent(value, whole) == shown
