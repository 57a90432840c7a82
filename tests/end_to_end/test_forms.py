"""Requests of form services and of the CRM's own forms, from the sender to the card."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from sandbox.senders.quizzes import Marquiz, Taplink, WordPress
from sandbox.senders.service import Client
from tests.end_to_end.company import SECRET, Company, until
from tests.end_to_end.crms import Bitrix, Json

MARIA = "+79160001122"
CRM_FORM = """
  - name: Форма CRM
    on: lead.created
    when: {lead.title: {contains: Заявка с формы}}
    do:
      - note: {text: "Форма CRM: {{ lead.title }}"}
"""


def amo_form(company: Company) -> str:
    """A visitor fills in a form of amoCRM: a lead among those that nobody has accepted yet. Gives what accepts it."""
    contact = {"name": "Мария", "custom_fields_values": [{"field_code": "PHONE", "values": [{"value": MARIA}]}]}
    body = {
        "source_name": "Сайт",
        "source_uid": "form-1",
        "metadata": {"form_id": "1", "form_name": "Замер", "form_page": "https://example.ru", "form_sent_at": 1},
        "_embedded": {"leads": [{"name": "Заявка с формы"}], "contacts": [contact]},
    }
    url, headers = f"{company.office.emulator.url}/api/v4/leads/unsorted/forms", {"Authorization": f"Bearer {SECRET}"}
    answer = requests.post(url, json=[body], headers=headers, timeout=30)
    answer.raise_for_status()
    uid = answer.json()["_embedded"]["unsorted"][0]["uid"]
    return f"{company.office.emulator.url}/api/v4/leads/unsorted/{uid}/accept"


def portal_form(company: Company) -> None:
    """A visitor fills in a CRM form of Bitrix24: a contact, and a lead whose source is the form."""

    def act(method: str, **params: Any) -> Any:
        url = f"{company.office.emulator.url}/rest/1/{SECRET}/{method}"
        answer: Json = requests.post(url, json=params, timeout=30).json()
        return answer["result"]

    phone = [{"VALUE": MARIA, "VALUE_TYPE": "WORK"}]
    contact = act("crm.contact.add", fields={"NAME": "Мария", "PHONE": phone})
    fields = {"title": "Заявка с формы", "sourceId": "WEBFORM", "contactIds": [contact]}
    act("crm.item.add", entityTypeId=1, fields=fields)


@pytest.mark.shows("S0-27")
def test_a_form_of_amocrm_itself_starts_the_rules_and_its_person_is_known_once_it_is_accepted(closed: Company) -> None:
    closed.extra_rules = CRM_FORM
    closed.open()
    accepting = amo_form(closed)
    [created] = closed.rest("lead.created")
    notes = until(lambda: [note["text"] for note in closed.lead()["notes"] if "Форма CRM" in note["text"]], "the note")
    assert notes == ["Форма CRM: Заявка с формы"]
    assert created.event.person.phones == ()  # amoCRM hides the contact until then
    headers = {"Authorization": f"Bearer {SECRET}"}
    requests.post(
        accepting, json={"user_id": 7000001, "status_id": 50000002}, headers=headers, timeout=30
    ).raise_for_status()
    [moved] = closed.rest("lead.stage_changed")
    assert moved.event.person.phones == (MARIA,)


@pytest.mark.parametrize("office", [Bitrix])
def test_a_crm_form_of_bitrix24_starts_the_rules_for_new_leads(closed: Company) -> None:
    closed.extra_rules = CRM_FORM
    closed.open()
    portal_form(closed)
    closed.rest("lead.created")
    [event] = closed.events("lead.created")
    assert event.event.person.phones == (MARIA,)


CHANNELS = """
  quiz: {type: marquiz, secret: "${SECRET}"}
  links: {type: taplink, secret: "${SECRET}"}
  blog: {type: form, secret: "${SECRET}"}
"""


@pytest.fixture
def served(closed: Company) -> Company:
    """A company with form services."""
    closed.rewritten = lambda text: text.replace("channels:\n", f"channels:{CHANNELS}", 1)
    closed.open()
    return closed


def press(company: Company, service: Any, channel: str, button: str) -> list[int]:
    given = {"url": f"{company.url}/hooks/{channel}", "secret": SECRET}
    return [one.status_code for one in service.press(button, Client(phone=MARIA), given)]


@pytest.mark.shows("S0-27")
def test_a_quiz_pressed_three_times_is_one_lead_with_one_task(served: Company) -> None:
    assert press(served, Marquiz(), "quiz", "thrice") == [200, 200, 200]
    served.rest("form.submitted")
    until(lambda: len(served.events("form.submitted")) == 3, "all three")
    served.rest("form.submitted")
    assert [task["text"] for task in served.lead()["tasks"]] == ["Позвонить клиенту"]


def test_forms_of_one_person_on_several_services_end_in_one_lead(served: Company) -> None:
    for service, channel, button in ((Taplink(), "links", "lead"), (WordPress(), "blog", "elementor")):
        assert press(served, service, channel, button) == [200]
        served.rest("form.submitted")
    assert served.doubles()["extra_leads"] == 0
    assert len(served.leads()) == 1


def test_what_a_robot_fills_in_is_on_record_and_makes_no_lead(served: Company) -> None:
    assert press(served, WordPress(), "blog", "robot") == [200]
    served.rest("form.spam")
    assert served.leads() == []
