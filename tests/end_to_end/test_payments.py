"""A deal gets a link, its client pays, and the deal moves: three services beside both CRMs, a house that was shut
meanwhile, and notices that come twice or not at all."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from provodka.payloads import PaymentEvent
from sandbox.senders.paying import Paying
from tests.end_to_end.company import Company, until
from tests.end_to_end.crms import Amocrm, Bitrix, BitrixDeals

CHANNELS = """
channels:
  robokassa:
    type: robokassa
    login: sandbox
    password1: sandbox1
    password2: sandbox2
    pay_url: "${SENDERS}/robokassa/Merchant/Index.aspx"
    api_url: "${SENDERS}/robokassa/Merchant/WebService/Service.asmx"
    poll: 1s
  yookassa: {type: yookassa, shop_id: "100500", key: sandbox, test: true, api_url: "${SENDERS}/yookassa", poll: 1s}
  tbank: {type: tbank, terminal: SANDBOX, password: sandbox, api_url: "${SENDERS}/tbank/v2", poll: 1s}
"""
RULES = """
  - name: Ссылка на предоплату
    on: form.submitted
    do:
      - payment_link: {by: "BY", amount: 5000, total: 12000, part: предоплата, purpose: Предоплата}

  - name: Оплачено
    on: payment.succeeded
    do:
      - tag: {add: [Оплачено]}
      - note: {text: "Пришло {{ payment.amount | int }} ({{ payment.part }}), осталось {{ payment.left | int }}"}

  - name: Вернули
    on: payment.refunded
    do:
      - note: {text: "Вернули {{ payment.refund | int }}, осталось оплачено {{ payment.paid | int }}"}
"""
MARIA = "79160001122"


def shop(company: Company, kind: str) -> Paying:
    """The service, telling the house."""
    service = company.sandbox.senders.services[kind]
    assert isinstance(service, Paying)
    service.point({"url": f"{company.url}/hooks/{kind}"})
    return service


def opened(company: Company, kind: str) -> Paying:
    company.rewritten = lambda text: text.replace("\nchannels:\n", CHANNELS, 1)
    company.extra_rules = RULES.replace("BY", kind)
    company.sandbox.senders.services[kind].reset()  # before anybody looks: its numbers begin anew
    company.open()
    return shop(company, kind)


def link(company: Company) -> PaymentEvent:
    [asked] = company.rest("payment.requested")
    assert isinstance(asked.event.payload, PaymentEvent)
    return asked.event.payload


def on_page(url: str, deed: str) -> None:
    """What a client does in a browser."""
    page = requests.get(url, timeout=30)
    assert page.status_code == 200
    requests.post(f"{page.url}/{deed}", timeout=30).raise_for_status()


def notes(company: Company) -> list[Any]:
    return [note["text"] for note in company.lead()["notes"] if "Пришло" in note["text"] or "Вернули" in note["text"]]


@pytest.mark.shows("S1-24", "S0-63")
@pytest.mark.parametrize(
    ("office", "kind"),
    [
        (Amocrm, "robokassa"),
        (Amocrm, "yookassa"),
        (Amocrm, "tbank"),
        (Bitrix, "yookassa"),
        (BitrixDeals, "robokassa"),
    ],
    ids=lambda one: one if isinstance(one, str) else one.name,
)
def test_a_link_is_paid_and_given_back_and_each_is_told_once(closed: Company, kind: str) -> None:
    service = opened(closed, kind)
    closed.form(MARIA, email="maria@example.ru")
    asked = link(closed)
    on_page(asked.payment.url, "pay")
    [bill] = service.bills.values()
    service.tell(bill, "pay", {"url": service.url})  # as services do until they have heard our answer, and after it
    closed.rest("payment.succeeded")
    assert asked.lead_id == str(closed.lead()["id"])
    until(lambda: notes(closed) == ["Пришло 5000 (предоплата), осталось 7000"], "the note of the payment")
    assert "Оплачено" in closed.lead()["tags"]
    if kind != "robokassa":  # which tells of no part that was given back
        on_page(service.page_of(bill), "refund_part")
        closed.rest("payment.refunded")
        until(lambda: notes(closed)[1:] == ["Вернули 1250, осталось оплачено 3750"], "the note of the refund")
    assert len(closed.events("payment.succeeded")) == 1


def test_what_was_paid_while_the_house_was_shut_is_found(closed: Company) -> None:
    service = opened(closed, "robokassa")
    closed.form(MARIA)
    asked = link(closed)
    requests.get(asked.payment.url, timeout=30).raise_for_status()
    closed.close()
    service.silent = True
    [bill] = service.bills.values()
    service.do(bill.id, "pay")
    closed.open()
    closed.rest("payment.succeeded")
    until(lambda: notes(closed) == ["Пришло 5000 (предоплата), осталось 7000"], "the note of the payment")
    assert len(closed.leads()) == 1
