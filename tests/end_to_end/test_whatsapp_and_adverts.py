"""A client who calls and then writes in WhatsApp, and one who fills in the form of an advert: each is one lead."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from provodka.talks import DeliveryState
from sandbox.senders.meta import PAGE, Meta
from sandbox.senders.service import Client, Service
from sandbox.senders.whatsapp import PHONE_ID, WhatsApp
from tests.end_to_end.company import OUR_LINE, Company
from tests.end_to_end.crms import SECRET

PHONE = "79160001122"
CHANNELS = f"""
  wa: {{type: whatsapp, app_secret: "${{SECRET}}", verify_token: "${{SECRET}}", token: sandbox, phone_id: "{PHONE_ID}",
       api_url: "${{SENDERS}}/whatsapp"}}
  ads: {{type: meta, accept_legal_risk: true, lead_forms: true, app_secret: "${{SECRET}}", verify_token: "${{SECRET}}",
        token: sandbox, page_id: "{PAGE}", api_url: "${{SENDERS}}/meta"}}
"""
RULES = """
  - name: Сообщение WhatsApp
    on: message.received
    do:
      - intake: {pipeline: Кровля, stage: Новый лид, title: "WhatsApp: {{ person.name }}"}
      - message: {by: [whatsapp], text: "Спасибо, {{ person.name }}! Перезвоним."}
"""


def opened(company: Company) -> Company:
    company.rewritten = lambda text: text.replace("\nalerts:", f"{CHANNELS}\nalerts:", 1)
    company.extra_rules = RULES
    company.open()
    return company


def service(company: Company, kind: type[Service]) -> Service:
    """As the emulator runs it, with what it remembers."""
    [found] = [one for one in company.sandbox.senders.services.values() if isinstance(one, kind)]
    found.reset()
    return found


def press(company: Company, one: Service, channel: str, button: str) -> None:
    given = {"url": f"{company.url}/hooks/{channel}", "secret": SECRET, "verify_token": SECRET}
    for answer in one.press(button, Client(), {**one.defaults, **given}):
        assert answer.status_code == 200


@pytest.mark.shows("S0-48")
def test_who_called_and_then_writes_stays_in_the_same_lead_and_is_answered(closed: Company) -> None:
    company = opened(closed)
    whatsapp = service(company, WhatsApp)
    assert isinstance(whatsapp, WhatsApp)
    company.mango.call(PHONE, OUR_LINE, "101", started=datetime.now(UTC))
    company.rest("call.finished")
    press(company, whatsapp, "wa", "text")
    company.rest("message.received")
    press(company, whatsapp, "wa", "hidden")  # the same person has hidden the number since
    company.rest("message.received", 2)
    assert len(company.leads()) == 1
    assert [sent["text"]["body"] for sent in whatsapp.sent] == ["Спасибо, Мария! Перезвоним."] * 2
    press(company, whatsapp, "wa", "read")
    [state] = company.rest("message.state")
    assert state.event.payload.sent.state is DeliveryState.READ  # type: ignore[union-attr]


@pytest.mark.shows("S0-20")
def test_the_form_of_an_advert_becomes_a_lead_with_its_answers(closed: Company) -> None:
    company = opened(closed)
    meta = service(company, Meta)
    press(company, meta, "ads", "lead")
    company.rest("form.submitted")
    [lead] = company.leads()
    assert lead["name"] == "Сайт: Мария"
    assert not any(company.doubles().values())
