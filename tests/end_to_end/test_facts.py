"""Facts and guards in the whole house: each CRM gives the same for the same doings."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from provodka.journal import discipline, queries
from provodka.journal.discipline import Tally
from tests.end_to_end.company import Company, until
from tests.end_to_end.crms import OFFICES

pytestmark = pytest.mark.parametrize("office", OFFICES.values(), ids=OFFICES)

MARIA = "+79160001122"
RULES = """
  - name: Что известно
    on: lead.stage_changed
    when: {lead.state: open, contact: {known: true}, person.last_lead: {known: true}}
    guard: {name: Двинули сделку, who: author}
    do:
      - notify:
          to: rop
          text: >-
            задач {{ tasks.open }} ({{ tasks.types | join(', ') }}), просрочено {{ tasks.overdue }},
            заявок {{ history.forms }}, разговоров {{ history.calls }},
            ответственный {{ responsible.key }} {{ responsible.name }},
            контакт {{ contact.name }} {{ contact.phones[0] }},
            фирмы {{ 'есть' if company else 'нет' }}, счетов {{ invoices.count }}, файлов {{ files.count }},
            товаров {{ products.count }} на {{ products.total }}, успехов {{ person.won_leads }},
            отказов {{ person.lost_leads }}, последняя «{{ person.last_lead.title }}»,
            пусто: {{ lead.fields | missing(['Комментарий']) | join(', ') }},
            на этапе {{ 'только что' if (now - lead.stage_since).total_seconds() < 60 else 'давно' }}

  - name: Задача закрыта без результата
    on: task.completed
    when: {result: {empty: true}}
    guard: {name: Задача без результата, who: author}
    do:
      - notify: {to: rop, text: "{{ change.by }} закрыл «{{ text }}», открытых {{ tasks.open }}"}

  - name: Отказ
    on: lead.lost
    guard: Отказ
    do:
      - notify: {to: rop, text: "закрыто {{ 'только что' if (now - lead.closed_at).total_seconds() < 60 }}"}
"""
KNOWN = (
    "задач 1 (Звонок), просрочено 0, заявок 1, разговоров 0, ответственный anna Анна Смирнова, "
    "контакт Мария +79160001122, "
    "фирмы нет, счетов 0, файлов 0, товаров 0 на 0, успехов 0, отказов 0, последняя «Сайт: Мария», "
    "пусто: Комментарий, на этапе только что"
)


def test_the_same_doings_give_the_same_facts_and_violations_on_every_crm(closed: Company) -> None:
    closed.extra_rules = RULES
    closed.open()
    closed.form(MARIA)
    closed.rest("lead.created")
    until(lambda: closed.house.crm.mirrored_tasks([]) is not None, "the mirror is filled")  # type: ignore[union-attr]
    closed.move(closed.lead(), "Переговоры")
    closed.rest("lead.stage_changed")
    closed.office.complete(closed.lead(), "Позвонить клиенту")
    closed.rest("task.completed")
    closed.office.lose(closed.lead())
    closed.rest("lead.lost")
    told = until(lambda: len(closed.told()) == 3 and closed.told(), "all messages")
    assert [" ".join(text.split("\n")[0].split()) for text in told] == [
        KNOWN,
        "rop закрыл «Позвонить клиенту», открытых 0",
        "закрыто только что",
    ]
    start = closed.events()[0].event.received_at - timedelta(seconds=5)  # a CRM counts in whole seconds
    found: list[Tally] = closed.journal.read(lambda c: discipline.tallies(c, start))
    assert {(one.guard, one.person): one.times for one in found} == {
        ("Двинули сделку", "rop"): 1,
        ("Задача без результата", "rop"): 1,
        ("Отказ", "anna"): 1,
    }
    assert recorded(closed, "lead.stage_changed")["tasks"]["open"] == 1


def recorded(company: Company, kind: str) -> Any:
    """The facts on record of the first event of a kind."""
    story = company.journal.read(lambda c: queries.story(c, company.events(kind)[0]))
    return json.loads(story.plans[0].trace)["facts"]
