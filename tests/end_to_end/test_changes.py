"""What people and we ourselves change in the CRM."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.end_to_end.company import Company, until
from tests.end_to_end.crms import OFFICES

pytestmark = pytest.mark.parametrize("office", OFFICES.values(), ids=OFFICES)

MARIA = "+79160001122"

FOLLOWING = """
  - name: Выслать договор
    on: lead.stage_changed
    when: {change.old: Новый лид, change.new: Переговоры}
    do:
      - task: {text: "Выслать договор: {{ lead.title }}", due: 1h}
"""
BUSYBODY = """
  - name: Взять в работу
    on: lead.created
    do:
      - tag: {add: [проверено]}
      - move: {stage: Переговоры}
      - assign: {responsible: rop}

  - name: Следить за всем
    on: [lead.updated, lead.stage_changed, lead.assigned]
    do:
      - tag: {add: ["изменён"]}
      - note: {text: "Изменено: {{ change.field }}"}
"""
HASTY = """
  - name: Сразу в работу
    on: form.submitted
    do:
      - tag: {add: [проверено]}
      - move: {stage: Переговоры}
      - assign: {responsible: rop}

  - name: Следить за всем
    on: [lead.updated, lead.stage_changed, lead.assigned]
    do:
      - note: {text: "Изменено: {{ change.field }}"}
"""
WATCHING = """
  - name: Задача выполнена
    on: task.completed
    do:
      - notify: {to: rop, text: "Готово: {{ text }}{% if lead %} ({{ lead.title }}){% endif %}"}

  - name: Отказ
    on: lead.lost
    do:
      - notify: {to: rop, text: "Отказ: {{ lead.title }}, был на этапе «{{ change.old }}»"}
"""
WAITING = """
  - name: Лид не взят
    on: lead.created
    wait: 1s
    when: {lead.stage: Новый лид}
    do:
      - notify: {to: rop, text: "Ждёт: {{ lead.title }}"}
"""


@pytest.mark.shows("S1-04")
def test_a_lead_moved_by_hand_on_the_board_is_seen_by_the_rules(closed: Company) -> None:
    closed.extra_rules = FOLLOWING
    closed.open()
    closed.form(MARIA)
    closed.rest("lead.created")
    closed.move(closed.lead(), "Переговоры")
    (event,) = closed.rest("lead.stage_changed")
    assert event.event.person.phones == (MARIA,)
    assert [task["text"] for task in closed.lead()["tasks"]] == ["Позвонить клиенту", "Выслать договор: Сайт: Мария"]


def test_a_move_that_no_webhook_told_of_is_found_after_a_restart(closed: Company) -> None:
    closed.extra_rules = FOLLOWING
    closed.open()
    closed.form(MARIA)
    closed.rest("lead.created")
    closed.close()
    closed.move(closed.lead(), "Переговоры")
    closed.open()
    closed.rest("lead.stage_changed")
    assert [task["text"] for task in closed.lead()["tasks"]] == ["Позвонить клиенту", "Выслать договор: Сайт: Мария"]


def test_a_completed_task_and_a_lost_lead_are_told_to_the_chief(closed: Company) -> None:
    closed.extra_rules = WATCHING
    closed.open()
    closed.form(MARIA)
    closed.rest("lead.created")
    closed.office.complete(closed.lead(), "Позвонить клиенту")
    closed.rest("task.completed")
    closed.office.lose(closed.lead())
    closed.rest("lead.lost")
    told = ["Готово: Позвонить клиенту (Сайт: Мария)", "Отказ: Сайт: Мария, был на этапе «Новый лид»"]
    found = until(lambda: len(closed.told()) == 2 and closed.told(), "both messages")
    assert [message.splitlines()[0] for message in found] == told


def test_our_own_writes_make_no_loop(closed: Company) -> None:
    closed.extra_rules = BUSYBODY
    closed.open()
    closed.form(MARIA)
    closed.rest("lead.created")
    until(lambda: closed.lead()["responsible_email"] == "rop@krovlya.ru", "the rule has assigned the lead")
    _let_the_echoes_come(closed)
    told = Counter(event.event.type.value for event in closed.events() if event.event.type.value != "crm.hint")
    assert told == {"form.submitted": 1, "lead.created": 1}
    lead = closed.lead()
    assert (lead["status"], sorted(lead["tags"])) == ("Переговоры", ["проверено", "сайт"])


def test_our_own_writes_make_no_loop_however_early_their_echoes_come(closed: Company) -> None:
    """The CRM tells of a lead at once, so that it is looked at while we are still writing to it."""
    closed.extra_rules = HASTY
    closed.open()
    for n in range(20):
        closed.form(f"+791600001{n:02}", name=f"Гость {n}")
    closed.rest("lead.created", 20)
    until(lambda: {lead["responsible_email"] for lead in closed.leads()} == {"rop@krovlya.ru"}, "all are assigned")
    closed.rest("lead.created", 20)
    assert closed.house.crm.reconcile(closed.house.now)[0] == [], "the mirror shows the CRM as it is"  # type: ignore[union-attr]
    told = Counter(event.event.type.value for event in closed.events() if event.event.type.value != "crm.hint")
    assert told == {"form.submitted": 20, "lead.created": 20}


@pytest.mark.shows("S4-01")
def test_a_lead_that_nobody_took_in_time_is_told_of(closed: Company) -> None:
    closed.extra_rules = WAITING
    closed.open()
    closed.form(MARIA)
    until(closed.told, "a message about the lead")
    (message,) = closed.told()
    assert message.startswith("Ждёт: Сайт: Мария")


def test_a_lead_that_was_taken_in_time_is_not_told_of(closed: Company) -> None:
    closed.extra_rules = WAITING
    closed.open()
    closed.form(MARIA)
    closed.rest("lead.created")
    closed.move(closed.lead(), "Переговоры")
    timer = lambda: [a for a in closed.actions() if a.kind == "wait" and a.state == "done"]  # noqa: E731
    until(timer, "the time is over and the rule was read")
    closed.rest("lead.created")
    assert closed.told() == []


def _let_the_echoes_come(company: Company) -> None:
    """The CRM has told of the lead, its tag, its stage and its responsible, and what follows from it is done."""
    until(lambda: company.office.told() >= 4, "the CRM's webhooks")
    company.rest("crm.hint", 4)
