"""What rules do around a lead: firms, other people, products, invoices, customers, files, bots, other services."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest
import requests

from provodka.crm import CompanyQuery
from tests.end_to_end.company import Company
from tests.end_to_end.crms import OFFICES, SECRET, Amocrm

every_crm = pytest.mark.parametrize("office", OFFICES.values(), ids=OFFICES)

MARIA, OLGA, OFFICE = "+79160001122", "+79160003344", "+74951234567"
INN, KPP = "7707083893", "770701001"

SELLING = """
  - name: Фирма и второй человек
    on: form.submitted
    do:
      - intake: {title: "Опт: {{ person.name }}", pipeline: Кровля, stage: Новый лид, responsible: anna}
      - company:
          inn: "{{ form.fields.inn }}"
          kpp: "{{ form.fields.kpp }}"
          name: ООО «Ромашка»
          phone: "{{ form.fields.office }}"
          tags: [опт]
      - participant: {name: Ольга, phone: "{{ form.fields.second }}"}
"""
WATCHING = """
  - name: Следить за всем
    on:
      - lead.updated
      - lead.stage_changed
      - lead.assigned
      - contact.created
      - contact.updated
      - company.created
      - company.updated
    do:
      - note: {text: "Изменено"}
"""
ASKED = {"inn": INN, "kpp": KPP, "office": OFFICE, "second": OLGA}


ORDERING = """
  - name: Заказ из корзины
    on: form.submitted
    when: {order: {known: true}}
    do:
      - intake: {title: "Заказ: {{ person.name }}", pipeline: Кровля, stage: Новый лид, responsible: anna}
      - products: {from: order}
      - products: {add: true, lines: [{name: Доставка, price: "1 500"}, {sku: OK-60, quantity: 1}]}
      - bot: {name: "BOT"}
"""
INVOICING = """
      - invoice: {title: "Счёт {{ order.id }}", comment: до пятницы}
"""
REGULAR = """
      - customer: {name: "{{ person.name }}", next_purchase: 180d, expected: 9000}
"""


def prepared(company: Company) -> None:
    """What amoCRM's account must have for a firm's numbers; a portal has requisites of its own."""
    if isinstance(company.office, Amocrm):
        url, headers = (
            f"{company.office.emulator.url}/api/v4/companies/custom_fields",
            {"Authorization": f"Bearer {SECRET}"},
        )
        body = [{"name": "ИНН", "type": "text"}, {"name": "КПП", "type": "text"}]
        requests.post(url, json=body, headers=headers, timeout=10).raise_for_status()


def no_echo(company: Company) -> None:
    """Nothing of what we wrote came back as news."""
    assert company.house.crm is not None
    assert company.house.crm.reconcile(company.house.now)[0] == [], "the mirror shows the CRM as it is"
    told = Counter(event.event.type.value for event in company.events() if event.event.type.value != "crm.hint")
    assert set(told) <= {"form.submitted", "email.received", "lead.created"}, told


@every_crm
def test_the_firm_and_another_person_of_a_lead_are_made_once_and_linked(closed: Company) -> None:
    prepared(closed)
    closed.extra_rules = SELLING + WATCHING
    closed.open()
    crm = closed.house.crm
    assert crm is not None
    for phone in (MARIA, MARIA, "+79160005566"):
        closed.form(phone, extra=ASKED)
        closed.rest("form.submitted")
    dead = [(action.kind, action.error) for action in closed.actions() if action.state == "dead"]
    assert dead == []
    [found] = crm.find_companies([CompanyQuery(inn=INN)])
    assert found is not None
    assert found.others == ()
    assert (found.company.kpp, found.company.phones, found.company.tags) == (KPP, (OFFICE,), ("опт",))
    leads = closed.leads()
    assert len(leads) == 2
    for lead, phone in zip(leads, (MARIA, "+79160005566"), strict=True):
        assert lead["company"]["name"] == "ООО «Ромашка»"
        assert [person["phones"] for person in lead["contacts"]] == [[phone], [OLGA]]
        contact = str(lead["contacts"][0]["id"])
        assert crm.contacts([contact])[contact].company_id == found.company.id
    no_echo(closed)


@every_crm
def test_an_order_becomes_products_invoice_and_regular_customer_and_starts_a_bot(closed: Company) -> None:
    kind = closed.office.name
    closed.open()
    crm = closed.house.crm
    assert crm is not None
    bot = crm.bots()[0]
    closed.close()
    closed.extra_rules = ORDERING.replace("BOT", bot)
    if kind != "bitrix24":  # leads of a portal have no invoices
        closed.extra_rules += INVOICING
    if kind == "amocrm":
        closed.extra_rules += REGULAR
    closed.extra_rules += WATCHING
    closed.open()
    crm = closed.house.crm
    assert crm is not None
    closed.order(MARIA)
    closed.rest("lead.created")
    assert [(action.kind, action.error) for action in closed.actions() if action.state == "dead"] == []
    lead = closed.lead()
    one, contact = str(lead["id"]), str(lead["contacts"][0]["id"])
    lines = {line.sku or line.name: (line.quantity, line.price) for line in crm.lead_lines([one])[one]}
    assert lines == {"OK-60": (Decimal(3), Decimal(4500)), "Доставка": (Decimal(1), Decimal(1500))}
    assert Decimal(str(lead["price"])) == Decimal(15000)
    if kind != "bitrix24":
        [invoice] = crm.invoices([one])[one]
        assert invoice.title.startswith("Счёт 1")
        assert invoice.amount == Decimal(15000)
    if kind == "amocrm":
        [customer] = crm.customers([contact])[contact]
        assert (customer.name, customer.expected, customer.responsible) == ("Мария", Decimal(9000), "anna@krovlya.ru")
    no_echo(closed)
