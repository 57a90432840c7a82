"""Digests in the whole house: each CRM gives the same numbers for the same doings."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from provodka.journal import queries
from rules.ticks import tick
from tests.end_to_end.company import Company, until
from tests.end_to_end.crms import OFFICES

pytestmark = pytest.mark.parametrize("office", OFFICES.values(), ids=OFFICES)

MARIA, PETR = "+79160001122", "+79160003344"
RULES = """
  - name: План на день
    at: "09:00"
    each: person
    when: {who.active: true}
    do:
      - notify:
          to: rop
          text: |-
            {{ who.name }}: задач {{ work.to_do }}, сделок {{ work.open_leads }}, нарушений {{ work.violations }}
            {%- for task in work.tasks | by_stage(['Переговоры', 'Новый лид']) if task.text == 'Позвонить клиенту' %}
            {{ task.text }} — {{ task.lead.title }}, {{ task.lead.stage }}
            {%- endfor %}
  - name: Вечер
    at: "18:00"
    do:
      - notify:
          to: rop
          text: |-
            Вечер: новых {{ figures.today.leads }} у {{ figures.today.by_person[0].name }}, в плане {{ plans.лиды }}
            {%- for lead in board.untouched if lead.title.startswith('Сайт') %}
            {{ lead.title }} {{ lead.url }}
            {%- endfor %}
            {%- for one in board.people if one.key == 'anna' %}
            {{ one.name }}: {{ one.to_do }}, {{ one.open_leads }}, {{ one.violations }}
            {%- endfor %}
            {%- for one in board.by_stage if one.stage == 'Новый лид' %}
            {{ one.leads }}
            {%- endfor %}
  - name: Двинули
    on: lead.stage_changed
    guard: Двинули сделку
"""
ANNA = "Анна Смирнова"


def noon() -> str:
    """A zone where the day is far from its ends, so that what is due in a quarter of an hour is due today."""
    return f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"


def comes_due(company: Company, rule: str) -> None:
    now = company.journal.now()
    company.journal.accept([tick(rule, now, now)])


def test_digests_count_and_order_what_there_is_to_do_and_what_nobody_has_touched(closed: Company) -> None:
    closed.extra_rules = RULES
    settings = f"timezone: {noon()}\nplans: {{лиды: 100}}\n"
    closed.rewritten = lambda text: settings + text.replace("[anna, ivan]", "[anna]")
    closed.open()
    crm = closed.house.crm
    assert crm is not None
    before = until(lambda: crm.staff_work(["anna@krovlya.ru"]), "the mirror is filled")["anna@krovlya.ru"]
    closed.form(MARIA)
    closed.form(PETR, name="Пётр", tranid="2")
    closed.rest("lead.created", 2)
    moved = next(lead for lead in closed.leads() if "Пётр" in lead["name"])
    closed.move(moved, "Переговоры")
    closed.rest("lead.stage_changed")
    comes_due(closed, "План на день")
    closed.rest("staff.checked", 3)
    (text,) = until(lambda: [text for text in closed.told() if text.startswith(ANNA)], "the plan for the day")
    counted, *lines = text.split("\n")
    tasks = 2 + sum(task.due is not None and task.due < closed.journal.now() for task in before.tasks)
    assert counted == f"{ANNA}: задач {tasks}, сделок {len(before.leads) + 2}, нарушений 1"
    assert lines == [
        f"Позвонить клиенту — Сайт: Пётр, {closed.office.there('Переговоры')}",
        "Позвонить клиенту — Сайт: Мария, Новый лид",
    ]
    story = closed.journal.read(lambda c: queries.story(c, closed.events("staff.checked")[0]))
    assert json.loads(story.plans[0].trace)["facts"]["work.to_do"] == tasks
    comes_due(closed, "Вечер")
    (evening,) = until(lambda: [text for text in closed.told() if text.startswith("Вечер")], "the evening's digest")
    maria = next(lead for lead in closed.leads() if "Мария" in lead["name"])
    board = crm.board()
    assert board is not None
    untouched = next(lead for lead in board.leads if lead.id == str(maria["id"]))
    fresh = sum((lead.pipeline, lead.stage) == (untouched.pipeline, "Новый лид") for lead in board.leads)
    assert evening.split("\n") == [
        "Вечер: новых 2 у anna, в плане 100",
        f"Сайт: Мария {untouched.url}",
        f"{ANNA}: {tasks}, {len(before.leads) + 2}, 1",
        str(fresh),
    ]
