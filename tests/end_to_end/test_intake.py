"""From what people send to what the CRM holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.end_to_end.company import OUR_LINE, Company
from tests.end_to_end.crms import OFFICES

pytestmark = pytest.mark.parametrize("office", OFFICES.values(), ids=OFFICES)

MARIA = "+7 (916) 000-11-22"
PYOTR = "Пётр Кузнецов <petr@example.com>"


@pytest.mark.shows("S0-01", "S3-13")
def test_a_form_becomes_one_lead_with_person_responsible_tags_note_and_task(company: Company) -> None:
    utm = {"utm_source": "yandex"}
    company.form(MARIA, email="maria@example.ru", comments="Нужен замер", utm=utm).raise_for_status()
    company.rest("form.submitted")
    lead = company.lead()
    (person,) = lead["contacts"]
    assert (lead["name"], lead["pipeline"], lead["status"]) == ("Сайт: Мария", "Кровля", "Новый лид")
    assert (person["name"], person["phones"], person["emails"]) == ("Мария", ["+79160001122"], ["maria@example.ru"])
    assert lead["responsible_email"] == "anna@krovlya.ru"
    assert sorted(lead["tags"]) == ["yandex", "сайт"]
    assert [note["text"] for note in lead["notes"]] == ["Заявка: Нужен замер"]
    (task,) = lead["tasks"]
    assert (task["text"], task["type"], task["responsible"]) == ("Позвонить клиенту", "Звонок", "Анна Смирнова")


def test_the_same_form_twice_makes_one_lead(company: Company) -> None:
    for _ in range(2):
        assert company.form(MARIA, tranid="467251:8442970").status_code == 200
    assert len(company.rest("form.submitted")) == 1
    lead = company.lead()
    assert (len(lead["notes"]), len(lead["tasks"])) == (1, 1)


@pytest.mark.shows("S3-06", "S3-08")
def test_a_letter_in_windows_1251_becomes_a_lead_and_the_reply_comes_to_the_same_lead(company: Company) -> None:
    text = "Сколько стоит перекрыть крышу 120 кв. м?"
    company.letter(PYOTR, "Ремонт крыши", text, charset="windows-1251", message_id="<1@example.com>")
    company.rest("email.received")
    lead = company.lead()
    assert lead["name"] == "Письмо: Ремонт крыши"
    assert lead["contacts"][0]["name"] == "Пётр Кузнецов"
    assert [note["text"] for note in lead["notes"]] == [text]

    company.letter(PYOTR, "Re: Ремонт крыши", "И ещё водостоки", charset="koi8-r", in_reply_to="<1@example.com>")
    company.rest("email.received", 2)
    assert [note["text"] for note in company.lead()["notes"]] == [text, "И ещё водостоки"]


@pytest.mark.shows("S3-35")
def test_a_colleague_who_goes_on_with_the_thread_comes_to_the_same_lead(company: Company) -> None:
    company.letter(PYOTR, "Ремонт крыши", "Сколько стоит?", message_id="<1@example.com>")
    company.rest("email.received")
    references = ("<1@example.com>", "<our-answer@krovlya.ru>")
    more = {"in_reply_to": references[-1], "references": references}
    company.letter("Ольга <olga@example.com>", "Re: Ремонт крыши", "Я вместо Петра", **more)
    company.rest("email.received", 2)
    assert [note["text"] for note in company.lead()["notes"]] == ["Сколько стоит?", "Я вместо Петра"]


@pytest.mark.shows("S3-09", "S0-02")
def test_a_call_from_the_writer_of_a_letter_lands_in_the_writers_lead(company: Company) -> None:
    company.letter(PYOTR, "Ремонт крыши", "Здравствуйте!\n\nПётр, тел. 8 (916) 000-77-88")
    company.rest("email.received")
    for answer in company.mango.call("79160007788", OUR_LINE, "102", 95.0, started=_minutes_ago(3)):
        answer.raise_for_status()
    company.rest("call.finished")
    (call,) = company.lead()["calls"]
    assert call["duration"] == 95


@pytest.mark.shows("S0-15")
def test_a_missed_call_makes_a_task_to_ring_back(company: Company) -> None:
    for answer in company.mango.missed("79160009900", OUR_LINE, ["101"], started=_minutes_ago(1)):
        answer.raise_for_status()
    company.rest("call.missed")
    lead = company.lead()
    assert lead["contacts"][0]["phones"] == ["+79160009900"]
    assert [task["text"] for task in lead["tasks"]] == ["Перезвонить"]
    assert [call["duration"] for call in lead["calls"]] == [0]


@pytest.mark.shows("S3-11", "S2-16")
def test_a_second_form_of_a_known_person_reuses_the_open_lead_and_takes_no_turn(company: Company) -> None:
    company.form(MARIA, comments="Замер")
    company.rest("form.submitted")
    company.form(MARIA, comments="И водостоки")
    company.rest("form.submitted", 2)
    lead = company.lead()
    assert lead["responsible_email"] == "anna@krovlya.ru"
    assert [note["text"] for note in lead["notes"]] == ["Заявка: Замер", "Заявка: И водостоки"]
    assert len(lead["tasks"]) == 2

    company.form("+79160000002", name="Ольга")
    company.rest("form.submitted", 3)
    assert [lead["responsible_email"] for lead in company.leads()] == ["anna@krovlya.ru", "ivan@krovlya.ru"]


@pytest.mark.shows("S0-34", "S3-16")
def test_people_who_come_in_turn_get_anna_ivan_and_anna(company: Company) -> None:
    for n in range(3):
        company.form(f"+7916000000{n}", name=f"Гость {n}")
        company.rest("form.submitted", n + 1)
    responsible = {lead["contacts"][0]["name"]: lead["responsible_email"] for lead in company.leads()}
    assert responsible == {
        "Гость 0": "anna@krovlya.ru",
        "Гость 1": "ivan@krovlya.ru",
        "Гость 2": "anna@krovlya.ru",
    }


def test_twenty_people_at_once_get_a_lead_each_and_the_same_share(company: Company) -> None:
    for n in range(20):
        company.form(f"+791600001{n:02}", name=f"Гость {n}")
    company.rest("form.submitted", 20)
    responsible = [lead["responsible_email"] for lead in company.leads()]
    assert (responsible.count("anna@krovlya.ru"), responsible.count("ivan@krovlya.ru")) == (10, 10)
    assert company.doubles() == {"open_leads": 0, "extra_leads": 0, "contacts_by_phone": 0}


def _minutes_ago(minutes: int) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=minutes)
