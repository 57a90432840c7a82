"""Texts and expressions."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from jinja2 import TemplateError, UndefinedError
from jinja2.sandbox import SecurityError

from rules.faults import RuleError
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
        ("{{ 'Крыша под ключ' | truncate(9) }}", "Крыша..."),
        ("{{ fields['Площадь'] | default('не указана') }}", "не указана"),
        ("{{ 'ЁЛКА' is like('елка') }}", "True"),
    ],
)
def test_filters_show_values_as_people_write_them(source: str, shown: str) -> None:
    values = {"amount": Decimal("1234.50"), "moment": datetime(2026, 3, 2, 9, tzinfo=UTC), "fields": {}}
    assert render(source, **values) == shown


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
