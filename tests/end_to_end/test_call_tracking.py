"""Call tracking beside the exchange: one lead, with its advertising source, whichever of the two tells first."""

from __future__ import annotations

from datetime import UTC, datetime

from sandbox.senders.service import Client
from sandbox.senders.tracking import Roistat
from tests.end_to_end.company import OUR_LINE, Company, until
from tests.end_to_end.crms import SECRET

PHONE = "79160001122"
CHANNEL = '  roistat: {type: roistat, secret: "${SECRET}", beside: phone}\n'
RULES = """
  - name: Источник звонка
    on: call.finished
    when: {call.direction: in, utm.source: {not: {empty: true}}}
    do:
      - tag: {add: ["{{ utm.source }}"]}

  - name: Источник узнали после звонка
    on: call.tracked
    wait: 1s                                # сделка за это время уже создана
    when: {lead: {known: true}, lead.tags: {not: {contains: "yandex"}}}
    do:
      - tag: {add: ["{{ utm.source }}"]}
"""


def opened(company: Company) -> Company:
    company.rewritten = lambda text: text.replace("\nalerts:", f"{CHANNEL}\nalerts:", 1)
    company.extra_rules = RULES
    company.open()
    return company


def tracked(company: Company) -> None:
    given = {"url": f"{company.url}/hooks/roistat", "secret": SECRET}
    for answer in Roistat().call(Client(phone="+7 916 000-11-22"), given):
        assert answer.status_code == 200


def called(company: Company) -> None:
    company.mango.call(PHONE, OUR_LINE, "101", started=datetime.now(UTC))


def test_a_call_that_tracking_told_of_before_makes_a_lead_with_its_source(closed: Company) -> None:
    company = opened(closed)
    tracked(company)
    called(company)
    company.rest("call.finished")
    company.rest("call.tracked")
    assert "yandex" in company.lead()["tags"]


def test_a_call_that_tracking_tells_of_afterwards_gets_its_source_then(closed: Company) -> None:
    company = opened(closed)
    called(company)
    company.rest("call.finished")
    assert "yandex" not in company.lead()["tags"]
    tracked(company)
    until(lambda: "yandex" in company.lead()["tags"], "the source on the lead")
    assert [one.event.channel for one in company.events("call.finished")] == ["phone"]
