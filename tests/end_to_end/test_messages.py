"""What the staff and the clients are told, by which way, and what the feed shows of it."""

from __future__ import annotations

import json

import pytest

from provodka.journal import ActionState
from tests.end_to_end.company import Company, until
from tests.end_to_end.crms import OFFICES

pytestmark = pytest.mark.parametrize("office", OFFICES.values(), ids=OFFICES)

MARIA = "+79160001122"
STAFF = """
  - name: Сообщить
    on: lead.created
    do:
      - notify: {to: ivan, by: crm, form: note, text: "Новый лид: {{ lead.title }}"}
      - notify: {to: [anna, ivan], by: email, text: "Лид: {{ lead.title }}"}
"""
CLIENT = """
  - name: Подтвердить
    on: form.submitted
    do:
      - message:
          text: "{{ person.name }}, заявка принята"
          subject: Ваша заявка
          by: [telegram, email]
          once: 7d
          note: true
  - name: Ответить
    on: email.received
    when: {message.kind: letter}
    do:
      - message: {text: Ждите звонка, by: [bot, post]}
"""


def test_the_staff_are_told_inside_the_crm_and_by_email(closed: Company) -> None:
    closed.extra_rules = STAFF
    closed.open()
    closed.form(MARIA)
    closed.rest("lead.created")
    assert [text.partition("\n")[0] for text in closed.office.notices(closed.lead())] == ["Новый лид: Сайт: Мария"]
    letters = closed.sent_letters()
    assert sorted(letter["To"] for letter in letters) == ["anna@krovlya.ru", "ivan@krovlya.ru"]
    assert {letter["Subject"] for letter in letters} == {"Лид: Сайт: Мария"}
    assert len(closed.events("lead.created")) == 1


def test_a_client_without_telegram_gets_a_letter_once_and_the_feed_shows_it(closed: Company) -> None:
    closed.extra_rules = CLIENT
    closed.open()
    for tranid in ("1:1", "1:2"):
        closed.form(MARIA, email="maria@example.ru", tranid=tranid)
    closed.rest("form.submitted", 2)
    (letter,) = closed.sent_letters()
    assert (letter["To"], letter["Subject"]) == ("maria@example.ru", "Ваша заявка")
    notes = [note["text"] for note in closed.lead()["notes"]]
    assert "Отправлено клиенту (post, maria@example.ru):\nМария, заявка принята" in notes
    assert len([note for note in notes if note.startswith("Отправлено")]) == 1


def test_an_answer_to_a_letter_stands_in_its_thread(closed: Company) -> None:
    closed.extra_rules = CLIENT
    closed.open()
    closed.letter("Пётр <petr@example.com>", "Ремонт крыши", "Сколько стоит?", message_id="<1@example.com>")
    closed.rest("email.received")
    (letter,) = closed.sent_letters()
    assert (letter["To"], letter["Subject"]) == ("petr@example.com", "Re: Ремонт крыши")
    assert letter["In-Reply-To"] == "<1@example.com>"
    closed.letter("Анна <anna.p@example.com>", "Забор", "Сколько стоит забор?", message_id="<2@example.com>")
    closed.rest("email.received", 2)
    assert len(closed.sent_letters()) == 2, (
        "our own letter, which lies before the second one in the mailbox, is no event"
    )


HANDING = """
  - name: Передать
    on: lead.stage_changed
    when: {change.new: Переговоры}
    do:
      - hand_over:
          to: ivan
          text: "Примите: {{ lead.title }}"
          task: Принять сделку
          accept_within: 3s
          remind: 1s
          escalate_to: rop
          by: [telegram, email]
"""


def handed(company: Company) -> None:
    company.extra_rules = HANDING
    company.open()
    company.form(MARIA)
    company.rest("lead.created")
    company.move(company.lead(), "Переговоры")
    until(lambda: "Принять сделку" in company.office.open_tasks(company.lead()), "the task of acceptance")


def ended(company: Company) -> list[str]:
    """The results of the reminders and of the escalation, once all of them are over."""
    watching = [a for a in company.actions() if a.kind == "notify" and json.loads(a.params).get("while_open")]
    assert len(watching) == 3
    return [json.loads(a.result or "{}").get("reason", "") for a in watching if a.state is ActionState.DONE]


def test_what_is_not_accepted_is_reminded_of_and_then_told_to_the_chief(closed: Company) -> None:
    handed(closed)
    until(lambda: len(ended(closed)) == 3, "all reminders")
    assert closed.lead()["responsible_email"] == "ivan@krovlya.ru"
    subjects = [letter["Subject"] for letter in closed.sent_letters()]
    assert subjects == ["Примите: Сайт: Мария", *["Напоминание: Примите: Сайт: Мария"] * 2]
    assert [text.partition("\n")[0] for text in closed.told()] == ["Не принято вовремя: Примите: Сайт: Мария"]


def test_what_is_accepted_is_not_mentioned_again_also_after_a_restart(closed: Company) -> None:
    handed(closed)
    closed.office.complete(closed.lead(), "Принять сделку")
    closed.close()
    before = len(closed.sent_letters())
    closed.open()
    until(lambda: len(ended(closed)) == 3, "all reminders")
    assert len([reason for reason in ended(closed) if "not open any more" in reason]) >= 2
    assert len(closed.sent_letters()) == before
    assert closed.told() == []
