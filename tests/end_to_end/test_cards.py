"""What rules do to cards, in every CRM: find, create, update, close, reopen, convert, put back, and undo."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from cli.show import View
from cli.undo import Wish, undo
from provodka.journal.undoing import Undone
from tests.end_to_end.company import Company, until
from tests.end_to_end.crms import OFFICES, Json

pytestmark = pytest.mark.parametrize("office", OFFICES.values(), ids=OFFICES)

MARIA = "+79160001122"
RULES = """
  - name: Уточнить сделку
    on: form.submitted
    when: {form.comment: {starts_with: Уточнение}, lead: {known: true}}
    do:
      - update:
          title: "{{ lead.title }}, уточнена"
          price: 5000
          fields: {Комментарий: "{{ form.comment }}"}
          contact: {name: "{{ person.name }} Петрова", tags: [проверен]}

  - name: Заполнить пустое
    on: form.submitted
    when: {form.comment: {starts_with: Ещё}}
    do:
      - update: {only_empty: true, title: Другая, price: 1, fields: {Комментарий: не пусто}, contact: {name: Ольга}}

  - name: Отказ
    on: form.submitted
    when: {form.comment: Отказ}
    do:
      - close: {lost: true}

  - name: Допродажа
    on: form.submitted
    when: {form.comment: Допродажа}
    do:
      - create: {title: "Допродажа: {{ person.name }}", pipeline: Кровля, stage: Переговоры, tags: [допродажа]}
      - note: {text: Заметка к новой сделке}

  - name: Оплата по номеру
    on: form.submitted
    when: {form.comment: {starts_with: Оплата}}
    do:
      - find: {field: {Комментарий: "{{ form.fields.bill }}"}, missing: skip}
      - note: {text: "Оплачено: {{ form.fields.bill }}"}

  - name: Этап не трогать
    on: lead.stage_changed
    when: {change.new: Переговоры, lead.tags: заперто}
    do:
      - put_back

  - name: Запереть
    on: form.submitted
    when: {form.comment: Запереть}
    do:
      - tag: {add: [заперто]}
      - move: {stage: Новый лид}

  - name: Созрел
    on: form.submitted
    when: {form.comment: Созрел}
    do:
      - convert: {pipeline: Сервис, stage: Обращение}
"""
OLD = """      - intake:
          pipeline: Кровля
          stage: Новый лид
          title: "Сайт:"""
REOPENING = OLD.replace(
    "pipeline: Кровля\n", "pipeline: Кровля\n          reopen: {lost_within: 90d, stage: Новый лид}\n"
)
ONLY_MARIA = "  - name: Заявка с сайта\n    on: form.submitted\n"


@pytest.fixture
def company(closed: Company) -> Company:
    """Only the first form makes a lead or takes one back; the others are about it."""
    closed.extra_rules = RULES
    closed.rewritten = lambda text: text.replace(OLD, REOPENING).replace(
        ONLY_MARIA, f'{ONLY_MARIA}    when: {{form.comment: {{in: ["", Снова]}}}}\n'
    )
    closed.open()
    return closed


class Visitor:
    """Мария, who fills in the form again and again."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.times = 0

    def says(self, comment: str, **fields: str) -> list[Json]:
        """All leads after her form, and whatever it started, is done."""
        self.times += 1
        self.company.form(MARIA, comments=comment, extra=fields).raise_for_status()
        self.company.rest("form.submitted", self.times)
        dead = [action for action in self.company.actions() if action.state == "dead"]
        assert dead == []
        return self.company.leads()


@pytest.fixture
def maria(company: Company) -> Visitor:
    return Visitor(company)


def tags(lead: Json) -> list[str]:
    return sorted(lead["tags"])


def told(company: Company) -> set[str]:
    """The types of events that the CRM told of, besides the birth of leads."""
    kinds = {event.event.type.value for event in company.events()}
    return kinds - {"form.submitted", "crm.hint", "lead.created"}


def test_an_update_changes_what_it_names_fills_only_what_is_empty_and_is_undone(maria: Visitor) -> None:
    (before,) = maria.says("")
    (lead,) = maria.says("Уточнение 17")
    assert (lead["name"], _price(lead), lead["contacts"][0]["name"]) == ("Сайт: Мария, уточнена", 5000, "Мария Петрова")
    (filled,) = maria.says("Ещё раз")
    for member in ("name", "price", "fields", "contacts"):
        assert filled[member] == lead[member]
    company = maria.company
    code, shown = _undo(company, Undone("Уточнить сделку"))
    assert code == 0, shown
    after = company.lead()
    for member in ("name", "status", "tags", "responsible_email", "fields"):
        assert after[member] == before[member]
    assert (_price(after), after["contacts"][0]["name"]) == (0, "Мария")
    assert told(company) == set(), "what we write ourselves is no news"


def test_a_refused_client_who_comes_back_gets_the_old_lead_to_work_again_and_a_closing_is_undone(
    maria: Visitor,
) -> None:
    maria.says("")
    company = maria.company
    (lost,) = maria.says("Отказ")
    assert company.office.here(lost["status"]) == company.office.lost
    (back,) = maria.says("Снова")
    assert back["status"] == "Новый лид"
    maria.says("Отказ", Номер="2")  # the same form within minutes would be a repeat
    code, shown = _undo(company, Undone("Отказ"))
    assert company.lead()["status"] == "Новый лид"
    assert code == 1, "the first closing has been taken back already"
    assert "1 action undone" in shown
    assert "changed since" in shown
    code, shown = _undo(company, Undone("Заявка с сайта"))
    assert code == 1
    assert "stays" in shown
    assert told(company) == set()
    assert company.doubles() == {"open_leads": 0, "extra_leads": 0, "contacts_by_phone": 0}


def test_a_lead_is_found_by_its_field_and_another_one_is_made_beside_it(maria: Visitor) -> None:
    maria.says("")
    maria.says("Уточнение 17")
    maria.says("Оплата", bill="Уточнение 17")
    (lead,) = maria.says("Оплата ещё", bill="нет такой")
    assert [note["text"] for note in lead["notes"] if "Оплачено" in note["text"]] == ["Оплачено: Уточнение 17"]
    first, second = maria.says("Допродажа")
    assert (second["name"], second["status"], tags(second)) == ("Допродажа: Мария", "Переговоры", ["допродажа"])
    assert second["contacts"][0]["phones"] == first["contacts"][0]["phones"]
    assert second["responsible_email"] == first["responsible_email"]
    assert [note["text"] for note in second["notes"]] == ["Заметка к новой сделке"]


def test_a_stage_goes_back_once_without_a_loop_and_a_ripe_lead_becomes_a_deal_or_moves_on(maria: Visitor) -> None:
    maria.says("")
    (lead,) = maria.says("Запереть")
    company = maria.company
    company.move(lead, "Переговоры")
    company.rest("lead.stage_changed")
    until(lambda: company.lead()["status"] == "Новый лид", "the stage is put back")
    company.rest("lead.stage_changed")
    assert len(company.events("lead.stage_changed")) == 1
    assert [one.state for one in company.actions() if one.kind == "put_back"] == ["done"]
    (lead,) = maria.says("Созрел")
    if company.office.name == "bitrix24":
        (deal,) = company.office.control("dump", method="GET")["deals"]
        assert (deal["pipeline"], deal["stage"]) == ("Сервис", "Обращение")
        assert lead["status"] == "Качественный лид"
    else:
        assert (lead["pipeline"], lead["status"]) == ("Сервис", "Обращение")


def _price(lead: Json) -> Any:
    return float(lead["price"] if "price" in lead else lead["opportunity"])


def _undo(company: Company, which: Undone) -> tuple[int, str]:
    out = io.StringIO()
    view = View(Console(file=out, width=200), Console(file=out, width=200))
    code = undo(company.journal, which, "", view, preview=company.house.would_undo, wish=Wish())
    return code, out.getvalue()
