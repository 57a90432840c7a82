"""Tasks that rules make one after another, complete, move and open again."""

from __future__ import annotations

import pytest

from tests.end_to_end.company import Company, until
from tests.end_to_end.crms import OFFICES

pytestmark = pytest.mark.parametrize("office", OFFICES.values(), ids=OFFICES)

MARIA = "+79160001122"
CHAIN = """
  - name: Замер
    on: form.submitted
    do:
      - task:
          text: "Договориться: {{ form.comment }}"
          due: 1h
          then:
            text: "Выехать: {{ form.comment }}"
            due: 2h
            type: Встреча
            responsible: ivan
            then: {text: Смета, due: 3h}
"""
WORK = """
  - name: Вторая задача
    on: lead.created
    do:
      - task: {text: Ещё одна, due: 1h, unless_open: true}
      - task: {text: Встретиться, type: Встреча, due: 1h, unless_open: Встреча}

  - name: В переговорах
    on: lead.stage_changed
    when: {change.new: Переговоры}
    do:
      - move_tasks: {due: 5d, types: Звонок, comment: "Перенесено: {{ lead.title }}"}
      - complete_tasks: {types: [Встреча], result: Встреча не нужна}

  - name: Без результата
    on: task.completed
    when: {result: {empty: true}}
    do:
      - reopen_task: {comment: "Нужен результат: {{ text }}"}
"""


def test_a_chain_of_tasks_goes_on_when_people_complete_them_also_after_a_restart(closed: Company) -> None:
    closed.extra_rules = CHAIN
    closed.open()
    closed.form(MARIA, comments="ул. Лесная")
    closed.rest("form.submitted")
    first, second, third = "Договориться: ул. Лесная", "Выехать: ул. Лесная", "Смета"
    assert sorted(closed.office.open_tasks(closed.lead())) == [first, "Позвонить клиенту"]

    closed.close()
    closed.open()
    closed.office.complete(closed.lead(), first)
    closed.rest("task.completed")
    assert sorted(closed.office.open_tasks(closed.lead())) == [second, "Позвонить клиенту"]
    (made,) = (one for one in closed.lead()["tasks"] if one["text"] == second)
    assert (made["type"], made["responsible"]) == ("Встреча", "Иван Петров")

    closed.office.complete(closed.lead(), second)
    closed.rest("task.completed", 2)
    assert sorted(closed.office.open_tasks(closed.lead())) == ["Позвонить клиенту", third]
    closed.office.complete(closed.lead(), "Позвонить клиенту")
    closed.rest("task.completed", 3)
    assert closed.office.open_tasks(closed.lead()) == [third]


def test_tasks_are_not_made_twice_and_are_moved_completed_and_opened_again(closed: Company) -> None:
    closed.extra_rules = WORK
    closed.open()
    closed.form(MARIA)
    closed.rest("lead.created")
    lead = closed.lead()
    assert sorted(closed.office.open_tasks(lead)) == ["Встретиться", "Позвонить клиенту"]
    before = closed.office.due(lead, "Позвонить клиенту")

    closed.move(lead, "Переговоры")
    closed.rest("lead.stage_changed")
    assert closed.office.open_tasks(closed.lead()) == ["Позвонить клиенту"]
    assert closed.office.due(closed.lead(), "Позвонить клиенту") > before + 4 * 86_400
    assert closed.lead()["notes"][-1]["text"] == "Перенесено: Сайт: Мария"

    closed.office.complete(closed.lead(), "Позвонить клиенту")
    until(lambda: closed.events("task.completed"), "the completion")
    closed.rest("task.completed")
    assert closed.office.open_tasks(closed.lead()) == ["Позвонить клиенту"]
    assert closed.lead()["notes"][-1]["text"] == "Нужен результат: Позвонить клиенту"
    assert len(closed.events("task.completed")) == 1, "what we complete and reopen ourselves is no news"
