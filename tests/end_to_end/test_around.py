"""What rules do around a lead: firms, other people, products, invoices, customers, files, bots, other services."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal

import pytest
from sqlalchemy import select

from cli.house import House
from provodka.crm import CardKind, CardRef, CompanyQuery
from provodka.journal.schema import attempts
from provodka.web import HIDDEN
from sandbox.senders.letters import Attachment
from tests.end_to_end.company import Company, until
from tests.end_to_end.crms import OFFICES, SECRET
from tests.service import Said, Service

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
ALLOWED = """
http: {allow: [127.0.0.1]}
"""
FILING = """
  - name: Файлы письма
    on: email.received
    do:
      - intake: {title: "Письмо: {{ message.subject }}", pipeline: Кровля, stage: Новый лид, responsible: anna}
      - attach: {from: letter, types: [pdf]}
      - attach: {url: "SERVICE/plan", name: План.pdf}
"""
ASKING = """
  - name: В учёт
    on: form.submitted
    do:
      - http:
          url: "SERVICE/orders"
          headers: {Authorization: "Bearer ${SECRET}"}
          json: {phone: "{{ person.phone }}", name: "{{ person.name }}"}
          repeat: key
"""


def some_bot(company: Company) -> str:
    """One that the CRM has."""
    house = House(company.config())
    assert house.crm is not None
    found = house.crm.bots()[0]
    house.close()
    return found


def no_echo(company: Company) -> None:
    """Nothing of what we wrote came back as news."""
    assert company.house.crm is not None
    assert company.house.crm.reconcile(company.house.now)[0] == [], "the mirror shows the CRM as it is"
    told = Counter(event.event.type.value for event in company.events() if event.event.type.value != "crm.hint")
    assert set(told) <= {"form.submitted", "email.received", "lead.created"}, told


@every_crm
def test_the_firm_and_another_person_of_a_lead_are_made_once_and_linked(closed: Company) -> None:
    closed.office.with_firms()
    closed.extra_rules = SELLING + WATCHING
    closed.open()
    crm = closed.house.crm
    assert crm is not None
    phones = (MARIA, *(f"+791600055{n}" for n in range(10, 14)))
    for phone in (*phones, MARIA):
        closed.form(phone, extra=ASKED)  # all at once: five people of one firm, and one of them twice
    closed.rest("lead.created", len(phones))
    dead = [(action.kind, action.error) for action in closed.actions() if action.state == "dead"]
    assert dead == []
    [found] = crm.find_companies([CompanyQuery(inn=INN)])
    assert found is not None
    assert (found.company.kpp, found.company.phones, found.company.tags) == (KPP, (OFFICE,), ("опт",))
    leads = closed.leads()
    assert sorted(lead["contacts"][0]["phones"][0] for lead in leads) == sorted(phones)
    assert {str(lead["company"]["id"]) for lead in leads} == {found.company.id}
    for lead in leads:
        assert lead["company"]["name"] == "ООО «Ромашка»"
        assert [person["phones"] for person in lead["contacts"][1:]] == [[OLGA]]
        contact = str(lead["contacts"][0]["id"])
        assert crm.contacts([contact])[contact].company_id == found.company.id
    assert closed.doubles()["contacts_by_phone"] == 0
    no_echo(closed)


@every_crm
def test_an_order_becomes_products_invoice_and_regular_customer_and_starts_a_bot(closed: Company) -> None:
    kind = closed.office.name
    closed.extra_rules = ORDERING.replace("BOT", some_bot(closed))
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


@every_crm
def test_the_files_of_a_letter_and_of_an_address_hang_on_the_lead_once(closed: Company) -> None:
    with Service() as service:
        service.answers["/plan"] = Said(headers={"Content-Type": "application/pdf"}, body=b"%PDF-plan")
        closed.extra_rules = FILING.replace("SERVICE", service.url) + WATCHING + ALLOWED
        closed.open()
        files = [Attachment("Смета.pdf", b"%PDF-1.4"), Attachment("договор.docx", b"PK-docx")]
        closed.letter("maria@example.ru", "Крыша", "Смета во вложении", attachments=files)
        closed.rest("lead.created")
        crm = closed.house.crm
        assert crm is not None
        assert [(action.kind, action.error) for action in closed.actions() if action.state == "dead"] == []
        card = CardRef(CardKind.LEAD, str(closed.lead()["id"]))
        assert sorted((one.name, one.size) for one in crm.files(card)) == [("План.pdf", 9), ("Смета.pdf", 8)]
        assert [asked.path for asked in service.asked] == ["/plan"]
        no_echo(closed)


def test_a_service_inside_is_asked_where_the_config_allows_it_and_its_secret_is_told_nowhere(closed: Company) -> None:
    with Service() as service:
        service.answers["/orders"] = Said(503)
        closed.extra_rules = ASKING.replace("SERVICE", service.url) + ALLOWED
        closed.open()
        closed.form(MARIA)
        until(lambda: [trouble for trouble in closed.troubles() if trouble.name == "http"], "its trouble is told")
        service.answers.clear()
        closed.rest("form.submitted")
        first, *_, asked = service.asked
        assert (first.headers, first.body) == (asked.headers, asked.body)
        (action,) = [action for action in closed.actions() if action.kind == "http"]
        assert asked.headers["authorization"] == f"Bearer {SECRET}"
        assert asked.headers["idempotency-key"] == action.key
        assert json.loads(asked.body) == {"phone": MARIA, "name": "Мария"}
        calls = closed.journal.read(lambda c: [row.calls for row in c.execute(select(attempts.c.calls))])
        kept = "".join((action.params, action.request or "", action.result or "", *(call or "" for call in calls)))
        assert "Bearer ${SECRET}" in kept
        assert f"Bearer {SECRET}" not in kept


def test_a_service_inside_that_the_config_does_not_allow_is_not_asked(closed: Company) -> None:
    with Service() as service:
        https = service.url.replace("http://127.0.0.1", "https://{{ 'localhost' }}")
        closed.extra_rules = ASKING.replace("SERVICE", https).replace(
            "repeat: key", "repeat: key\n          allow_any_host: true"
        )
        closed.open()
        closed.form(MARIA)
        closed.rest("form.submitted")
        (action,) = [action for action in closed.actions() if action.kind == "http"]
        assert (action.state, action.error) == ("dead", f"localhost is an internal address [{HIDDEN}]")
        assert "http: {allow: [localhost]}" in action.hint
        assert service.asked == []
        assert closed.troubles() == []
